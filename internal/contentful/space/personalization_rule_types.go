package space

import (
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// page is about how many pages were viewed that meet all conditions.
func (t *translator) page(r *ntRule) syntax.Cond {
	t.unused("key", r.Key)
	t.unused("value", r.Value)
	match := syntax.Match{Events: []syntax.Event{{Kind: syntax.PageEvent}}, Pos: t.node.Pos}
	for _, c := range r.Conditions {
		match.Where = append(match.Where, t.pageCondition(&c)...)
	}
	return syntax.Count{Node: t.node, Match: match, Cmp: t.count(r)}
}

// ntPageProperties are what conditions of a page rule can be about, and where
// page signals have it.
var ntPageProperties = map[string]string{
	"context_page_url":         "url",
	"context_page_path":        "path",
	"context_page_referrer":    "referrer",
	"context_page_query":       "query.", // and the parameter's name
	"context_campaign_name":    "utm_campaign",
	"context_campaign_source":  "utm_source",
	"context_campaign_medium":  "utm_medium",
	"context_campaign_term":    "utm_term",
	"context_campaign_content": "utm_content",
}

func (t *translator) pageCondition(c *ntCondition) syntax.Pred {
	property, known := ntPageProperties[c.Key.ID]
	switch {
	case !known:
		t.refuse("conditions", "unknown key %q: known are url, path, referrer and query of context_page_…, and context_campaign_…", c.Key.ID)
		return nil
	case property == "query." && c.Key.Value == "":
		t.refuse("conditions", "the condition on a query parameter does not name one")
		return nil
	case property == "query.":
		property += c.Key.Value
	case anything(c) && (property == "url" || property == "path"):
		return nil // every page has one, even where a back end did not say which
	}
	return t.pred("conditions", property, c.Operator, c.Value)
}

// track is about how often an event happened.
func (t *translator) track(r *ntRule) syntax.Cond {
	t.unused("key", r.Key)
	t.noConditions(r)
	name, _ := r.Value.(string)
	switch strings.TrimSpace(name) {
	case "":
		t.refuse("value", "must be the name of an event")
	case "*":
		t.refuse("value", "any event at all cannot be asked for: name the event")
	}
	match := syntax.Match{Events: []syntax.Event{{Kind: syntax.TrackEvent, Name: name}}, Pos: t.node.Pos}
	return syntax.Count{Node: t.node, Match: match, Cmp: t.count(r)}
}

// identify is about a trait.
func (t *translator) identify(r *ntRule) syntax.Cond {
	t.once(r)
	t.noConditions(r)
	if r.Key == "" {
		t.refuse("key", "must be the name of a trait")
	}
	return syntax.Trait{Node: t.node, Where: t.pred("value", r.Key, r.Operator, r.Value)}
}

// ntLocations are the attributes of a request that a location rule can be about.
var ntLocations = map[string]string{
	"continent":   "continent",
	"countryCode": "country",
	"region":      "region",
	"city":        "city",
	"postalCode":  "location.postalCode",
}

// location is about where the visitor is.
func (t *translator) location(r *ntRule) syntax.Cond {
	t.once(r)
	t.noConditions(r)
	attribute, known := ntLocations[r.Key]
	if !known {
		t.refuse("key", "unknown place %q: known are continent, countryCode, region, city and postalCode", r.Key)
	}
	return syntax.Context{Node: t.node, Where: t.pred("value", attribute, r.Operator, r.Value)}
}

// returning is about whether this is the visitor's first session, and which it
// is.
func (t *translator) returning(r *ntRule) syntax.Cond {
	t.once(r)
	t.unused("key", r.Key)
	t.equalOnly(r)
	session := syntax.Session{Node: t.node}
	switch r.Value {
	case true, "true":
		session.Returning = new(true)
	case false, "false":
		session.Returning = new(false)
	default:
		t.refuse("value", "%v is neither true nor false", r.Value)
	}
	for _, c := range r.Conditions {
		if c.Key.ID != "session_count" {
			t.refuse("conditions", "unknown key %q: known is session_count", c.Key.ID)
			continue
		}
		session.Number = append(session.Number, t.compare("conditions", c.Operator, c.Value))
	}
	return session
}

// device is about what the visitor holds in hand. A device is unknown also
// where nothing says which it is.
func (t *translator) device(r *ntRule) syntax.Cond {
	const attribute = "device"
	t.once(r)
	t.unused("key", r.Key)
	t.unused("value", r.Value)
	t.equalOnly(r)
	if len(r.Conditions) == 0 {
		t.refuse("conditions", "must say which device")
	}
	var of []syntax.Cond
	for _, c := range r.Conditions {
		if c.Key.ID != "type" {
			t.refuse("conditions", "unknown key %q: known is type", c.Key.ID)
			continue
		}
		var is syntax.Cond = syntax.Context{Node: t.node, Where: t.pred("conditions", attribute, c.Operator, c.Value)}
		if c.Operator == "equal" && c.Value == "unknown" {
			none := syntax.Context{Node: t.node, Where: t.one(attribute, syntax.Exists, false)}
			is = syntax.Any{Node: t.node, Of: []syntax.Cond{is, none}}
		}
		of = append(of, is)
	}
	if len(of) == 1 {
		return of[0]
	}
	return syntax.All{Node: t.node, Of: of}
}

// unused refuses a member that a rule of the type never has: something else
// may be meant by it.
func (t *translator) unused(member string, value any) {
	if value != nil && value != "" {
		t.refuse(member, "%v has no meaning for this type of rule", value)
	}
}

// once refuses a count that is no "at least once": such a rule is about what
// is, not about how often it happened.
func (t *translator) once(r *ntRule) {
	if n, ok := number(r.Count); r.Count != nil && r.Count != "" && (!ok || n != 1) {
		t.refuse("count", "%v has no meaning for a rule of type %s", r.Count, r.Type)
	}
}

// equalOnly refuses operators other than that which such rules have.
func (t *translator) equalOnly(r *ntRule) {
	if r.Operator != "equal" {
		t.refuse("operator", "unknown operator %q for a rule of type %s: known is equal", r.Operator, r.Type)
	}
}

func (t *translator) noConditions(r *ntRule) {
	if len(r.Conditions) > 0 {
		t.refuse("conditions", "are not known for rules of type %s", r.Type)
	}
}
