package space

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// translateRules returns what an nt_rules field means, or all that is not
// understood of it, each with its place in the field. It takes two forms: the
// product's own, an "any" of "all" of rules, and {"segue": CONDITION} with a
// condition of our language.
func translateRules(raw json.RawMessage, place syntax.Pos) (syntax.Cond, []problem) {
	raw = visibleJSON(raw)
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil || len(keys) == 0 {
		return nil, []problem{{text: "has no rule: write one, or configure a segment with the key of this audience"}}
	}
	if own, ok := keys["segue"]; ok && len(keys) == 1 {
		return parseOwn(own, place)
	}
	t := translator{node: syntax.Node{Pos: place}}
	when := t.group(raw, 0)
	return when, t.problems
}

// A problem is something in a field that is not understood.
type problem struct {
	place string // in the field, such as any[0].all[1].operator; "" = the field as a whole
	text  string
}

// String returns the problem with its place in the field.
func (p problem) String() string { return p.in("") }

// in returns the problem with its place in a field, which may be left out.
func (p problem) in(field string) string {
	if place := join(field, p.place); place != "" {
		return place + ": " + p.text
	}
	return p.text
}

// parseOwn reads a condition of our language.
func parseOwn(raw json.RawMessage, place syntax.Pos) (syntax.Cond, []problem) {
	when, err := syntax.ParseJSON(raw, place.File)
	mistakes, known := errors.AsType[syntax.Errors](err)
	if !known && err != nil {
		return nil, []problem{{"segue", oneLine(err)}}
	}
	var problems []problem
	for _, m := range mistakes {
		problems = append(problems, problem{"segue" + m.Path, m.Msg})
	}
	return when, problems
}

// A translator turns the product's rules into conditions. What it does not
// know for certain is a problem: a rule half understood lets in the wrong
// visitors.
type translator struct {
	node     syntax.Node
	place    string // within the field, for problems
	problems []problem
}

// join puts a member behind a place.
func join(place, member string) string { return strings.Trim(place+"."+member, ".") }

// refuse notes a problem at a member of what is being translated.
func (t *translator) refuse(member, format string, args ...any) {
	t.problems = append(t.problems, problem{join(t.place, member), fmt.Sprintf(format, args...)})
}

// maxGroups is how deep groups may lie in each other. The product's lie in one.
const maxGroups = 20

// group translates {"any": […]} or {"all": […]}.
func (t *translator) group(raw json.RawMessage, depth int) syntax.Cond {
	var g struct{ Any, All *[]json.RawMessage }
	if err := strictly(raw, &g); err != nil {
		t.refuse("", "%s", oneLine(err))
		return nil
	}
	switch {
	case depth > maxGroups:
		t.refuse("", "groups lie in each other more than %d deep", maxGroups)
		return nil
	case (g.Any == nil) == (g.All == nil):
		t.refuse("", `must have either "any" or "all"`)
		return nil
	case g.Any != nil:
		of := t.members("any", *g.Any, "nobody would be in the audience", depth)
		if len(of) == 1 {
			return of[0]
		}
		return syntax.Any{Node: t.node, Of: of}
	}
	of := t.members("all", *g.All, "everybody would be in the audience", depth)
	if len(of) == 1 {
		return of[0]
	}
	return syntax.All{Node: t.node, Of: of}
}

// members translates the groups and rules of a group.
func (t *translator) members(name string, all []json.RawMessage, empty string, depth int) []syntax.Cond {
	if len(all) == 0 {
		t.refuse(name, "is empty: %s", empty)
	}
	group := t.place
	of := make([]syntax.Cond, len(all))
	for i, raw := range all {
		t.place = join(group, fmt.Sprintf("%s[%d]", name, i))
		of[i] = t.member(raw, depth)
	}
	t.place = group
	return of
}

// member translates a group or a rule.
func (t *translator) member(raw json.RawMessage, depth int) syntax.Cond {
	var keys map[string]json.RawMessage
	if json.Unmarshal(raw, &keys) == nil && (keys["any"] != nil || keys["all"] != nil) {
		return t.group(raw, depth+1)
	}
	var r ntRule
	if err := strictly(raw, &r); err != nil {
		t.refuse("", "%s", oneLine(err))
		return nil
	}
	return t.rule(&r)
}

// An ntRule is one rule of the product's form. There is no published list of
// its members, so one that is not here may change what the rule means.
type ntRule struct {
	Type       string        `json:"type"`
	Key        string        `json:"key"`
	Operator   string        `json:"operator"`
	Value      any           `json:"value"`
	Count      any           `json:"count"`
	When       any           `json:"when"`
	Within     any           `json:"within"`
	Conditions []ntCondition `json:"conditions"`
}

// narrowing yields the conditions of a rule that are not about when, with their
// places.
func (r *ntRule) narrowing() iter.Seq2[string, *ntCondition] {
	return func(yield func(string, *ntCondition) bool) {
		for i := range r.Conditions {
			if c := &r.Conditions[i]; !c.isWindow() && !yield(fmt.Sprintf("conditions[%d]", i), c) {
				return
			}
		}
	}
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

// visibleJSON returns raw with its texts made visible. Without anything to take
// out it is returned as it is, so that places in it stay true.
func visibleJSON(raw json.RawMessage) json.RawMessage {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	if d.Decode(&value) != nil || !makeVisible(&value) {
		return raw
	}
	made, err := json.Marshal(value)
	if err != nil {
		return raw
	}
	return made
}

// makeVisible makes the texts of value visible, names of members included. It
// reports whether there was anything to take out.
func makeVisible(value *any) (changed bool) {
	switch v := (*value).(type) {
	case string:
		visible := spelling.Visible(v)
		*value, changed = visible, visible != v
	case []any:
		for i := range v {
			changed = makeVisible(&v[i]) || changed
		}
	case map[string]any:
		made := make(map[string]any, len(v))
		for name, member := range v {
			visible := spelling.Visible(name)
			changed = makeVisible(&member) || changed || visible != name
			made[visible] = member
		}
		*value = made
	}
	return changed
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
