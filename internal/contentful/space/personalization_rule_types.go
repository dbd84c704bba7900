package space

import (
	"fmt"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// page is about how many pages were viewed that meet all conditions.
func (t *translator) page(r *ntRule) syntax.Cond {
	t.unused("key", r.Key)
	t.unused("value", r.Value)
	match := syntax.Match{Events: []syntax.Event{{Kind: syntax.PageEvent}}, Pos: t.node.Pos}
	for at, c := range r.narrowing() {
		match.Where = append(match.Where, t.pageCondition(at, c)...)
	}
	return syntax.Count{Node: t.node, Match: match, Window: t.window(r), Cmp: t.count(r)}
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

func (t *translator) pageCondition(at string, c *ntCondition) syntax.Pred {
	property, known := ntPageProperties[c.Key.ID]
	switch {
	case !known:
		t.refuse(join(at, "key.id"), "unknown key %q: known are url, path, referrer and query of context_page_…, and context_campaign_…", c.Key.ID)
		return nil
	case property == "query." && c.Key.Value == "":
		t.refuse(join(at, "key.value"), "the condition on a query parameter does not name one")
		return nil
	case property == "query.":
		property += c.Key.Value
	case anything(c) && (property == "url" || property == "path"):
		return nil // every page has one, even where a back end did not say which
	}
	return t.pred(at, property, c.Operator, c.Value)
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
		name = "" // any track event
	}
	match := syntax.Match{Events: []syntax.Event{{Kind: syntax.TrackEvent, Name: name}}, Pos: t.node.Pos}
	return syntax.Count{Node: t.node, Match: match, Window: t.window(r), Cmp: t.count(r)}
}

// identify is about a trait.
func (t *translator) identify(r *ntRule) syntax.Cond {
	t.once(r)
	t.noConditions(r)
	if r.Key == "" {
		t.refuse("key", "must be the name of a trait")
	}
	return syntax.Trait{Node: t.node, Where: t.pred("", r.Key, r.Operator, r.Value)}
}

// ntLocations are the attributes of a request that a location rule can be about.
var ntLocations = map[string]string{
	"continent":     "continent",
	"continentcode": "continent",
	"country":       "country",
	"countrycode":   "country",
	"region":        "region",
	"city":          "city",
	"postalcode":    "location.postalCode",
	"zipcode":       "location.postalCode",
}

// location is about where the visitor is.
func (t *translator) location(r *ntRule) syntax.Cond {
	t.once(r)
	t.noConditions(r)
	attribute, known := ntLocations[spelling.Plain(r.Key)]
	if !known {
		t.refuse("key", "unknown place %q: known are continent, countryCode, region, city and postalCode", r.Key)
	}
	return syntax.Context{Node: t.node, Where: t.pred("", attribute, r.Operator, r.Value)}
}

// returning is about whether this is the visitor's first session, and which it
// is.
func (t *translator) returning(r *ntRule) syntax.Cond {
	t.once(r)
	t.unused("key", r.Key)
	session := syntax.Session{Node: t.node}
	switch r.Value {
	case true, "true":
		session.Returning = new(true)
	case false, "false":
		session.Returning = new(false)
	default:
		t.refuse("value", "%v is neither true nor false", r.Value)
	}
	switch op, known := t.operator("operator", r.Operator); {
	case !known || op == syntax.Eq:
	case op == syntax.Ne && session.Returning != nil:
		session.Returning = new(!*session.Returning)
	default:
		t.refuse("operator", "%q has no meaning for a rule of type %s", r.Operator, r.Type)
	}
	for at, c := range r.narrowing() {
		if c.Key.ID != "session_count" {
			t.refuse(join(at, "key.id"), "unknown key %q: known is session_count", c.Key.ID)
			continue
		}
		session.Number = append(session.Number, t.compare(join(at, "operator"), c.Operator, join(at, "value"), c.Value))
	}
	t.noWindow(r)
	return session
}

// device is about what the visitor holds in hand. A device is unknown also
// where nothing says which it is.
func (t *translator) device(r *ntRule) syntax.Cond {
	const attribute = "device"
	t.once(r)
	t.unused("key", r.Key)
	t.unused("value", r.Value)
	if op, known := t.operator("operator", r.Operator); known && op != syntax.Eq {
		t.refuse("operator", "%q has no meaning for a rule of type %s", r.Operator, r.Type)
	}
	var of []syntax.Cond
	for at, c := range r.narrowing() {
		if c.Key.ID != "type" {
			t.refuse(join(at, "key.id"), "unknown key %q: known is type", c.Key.ID)
			continue
		}
		var isIt syntax.Cond = syntax.Context{Node: t.node, Where: t.pred(at, attribute, c.Operator, c.Value)}
		if is(c.Operator, syntax.Eq) && c.Value == "unknown" {
			none := syntax.Context{Node: t.node, Where: t.one(attribute, syntax.Exists, false)}
			isIt = syntax.Any{Node: t.node, Of: []syntax.Cond{isIt, none}}
		}
		of = append(of, isIt)
	}
	if len(r.Conditions) == 0 {
		t.refuse("conditions", "must say which device")
	}
	t.noWindow(r)
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

// noConditions refuses conditions other than on when something happened.
func (t *translator) noConditions(r *ntRule) {
	for at, c := range r.narrowing() {
		t.refuse(at, "conditions such as %q are not known for rules of type %s", c.Key.ID, r.Type)
	}
	if r.Type != "track" {
		t.noWindow(r)
	}
}

// noWindow refuses to say when for what is, not happened.
func (t *translator) noWindow(r *ntRule) {
	t.unused("when", r.When)
	t.unused("within", r.Within)
	for i := range r.Conditions {
		if r.Conditions[i].isWindow() {
			t.refuse(fmt.Sprintf("conditions[%d]", i), "when has no meaning for this type of rule")
		}
	}
}
