package space

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// translateRules returns what an nt_rules field means, or all that is not
// understood of it, each with its place in the field. It takes two forms: the
// product's own, an "any" of "all" of rules, and {"segue": CONDITION} with a
// condition of our language.
func translateRules(raw json.RawMessage, place syntax.Pos) (syntax.Cond, []string) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys) == 0 {
		return nil, []string{"has no rule: write one, or configure a segment with the key of this audience"}
	}
	if own, ok := keys["segue"]; ok && len(keys) == 1 {
		when, err := syntax.ParseJSON(own, place.File)
		if err != nil {
			return nil, []string{oneLine(err)}
		}
		return when, nil
	}
	var groups struct {
		Any []json.RawMessage `json:"any"`
	}
	if err := strictly(raw, &groups); err != nil {
		return nil, []string{oneLine(err)}
	}
	t := translator{node: syntax.Node{Pos: place}}
	when := t.any(groups.Any)
	return when, t.problems
}

// A translator turns the product's rules into conditions. What it does not
// know for certain is a problem: a rule half understood lets in the wrong
// visitors.
type translator struct {
	node     syntax.Node
	place    string // within the field, for problems
	problems []string
}

// refuse notes a problem at a member of what is being translated.
func (t *translator) refuse(member, format string, args ...any) {
	place := strings.Trim(t.place+"."+member, ".")
	t.problems = append(t.problems, place+": "+fmt.Sprintf(format, args...))
}

func (t *translator) any(groups []json.RawMessage) syntax.Cond {
	if len(groups) == 0 {
		t.refuse("any", "is empty: nobody would be in the audience")
	}
	var of []syntax.Cond
	for i, raw := range groups {
		t.place = fmt.Sprintf("any[%d]", i)
		var group struct {
			All []json.RawMessage `json:"all"`
		}
		if err := strictly(raw, &group); err != nil {
			t.refuse("", "%s", oneLine(err))
			continue
		}
		of = append(of, t.all(group.All))
	}
	if len(of) == 1 {
		return of[0]
	}
	return syntax.Any{Node: t.node, Of: of}
}

func (t *translator) all(rules []json.RawMessage) syntax.Cond {
	if len(rules) == 0 {
		t.refuse("all", "is empty: everybody would be in the audience")
	}
	group := t.place
	var of []syntax.Cond
	for i, raw := range rules {
		t.place = fmt.Sprintf("%s.all[%d]", group, i)
		var r ntRule
		if err := strictly(raw, &r); err != nil {
			t.refuse("", "%s", oneLine(err))
			continue
		}
		of = append(of, t.rule(&r))
	}
	if len(of) == 1 {
		return of[0]
	}
	return syntax.All{Node: t.node, Of: of}
}

// An ntRule is one rule of the product's form. There is no published list of
// its members, so one that is not here may change what the rule means.
type ntRule struct {
	Type       string        `json:"type"`
	Key        string        `json:"key"`
	Operator   string        `json:"operator"`
	Value      any           `json:"value"`
	Count      any           `json:"count"`
	Conditions []ntCondition `json:"conditions"`
}

// An ntCondition narrows a rule.
type ntCondition struct {
	Key      ntKey  `json:"key"`
	Operator string `json:"operator"`
	Value    any    `json:"value"`
}

// An ntKey says what a condition is about. Its other members are labels.
type ntKey struct {
	ID    string
	Value string // of context_page_query: the parameter's name
}

// UnmarshalJSON reads a key, whatever labels it has.
func (k *ntKey) UnmarshalJSON(raw []byte) error {
	var key struct{ ID, Value string }
	err := json.Unmarshal(raw, &key)
	*k = ntKey(key)
	return err
}

func (t *translator) rule(r *ntRule) syntax.Cond {
	switch r.Type {
	case "page":
		return t.page(r)
	case "track":
		return t.track(r)
	case "identify":
		return t.identify(r)
	case "location":
		return t.location(r)
	case "isReturningVisitor":
		return t.returning(r)
	case "device":
		return t.device(r)
	default:
		t.refuse("type", "unknown rule %q: known are page, track, identify, location, isReturningVisitor and device", r.Type)
		return nil
	}
}

// strictly decodes raw, refusing members that into does not have.
func strictly(raw json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// oneLine returns the message of err, without what names our own types.
func oneLine(err error) string {
	lines := strings.ReplaceAll(err.Error(), "\n", "; ")
	return strings.TrimPrefix(lines, "json: ")
}
