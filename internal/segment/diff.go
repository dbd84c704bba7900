package segment

import (
	"slices"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Change is a segment that two sets of definitions do not have alike.
type Change struct {
	Segment string  `json:"segment"`
	From    string  `json:"from,omitempty"` // version before; "" = it is new
	To      string  `json:"to,omitempty"`   // version after; "" = it is gone
	Fields  []Field `json:"fields,omitempty"`
}

// A Field is one key of a definition that says something else.
type Field struct {
	Name string `json:"name"` // as in YAML
	From string `json:"from"`
	To   string `json:"to"`
}

// Diff returns what publishing the definitions to in place of from would
// change, by key. Examples change no answer and are left out; so is a
// definition that was only moved to another file or place. Of definitions with
// one key the first counts.
func Diff(from, to []syntax.Definition) []Change {
	before, after := byKey(from), byKey(to)
	var changes []Change
	for _, key := range keysOf(before, after) {
		if c := changeOf(key, before[key], after[key]); c.From != c.To {
			changes = append(changes, c)
		}
	}
	return changes
}

func byKey(defs []syntax.Definition) map[string]*syntax.Definition {
	index := make(map[string]*syntax.Definition, len(defs))
	for i := range defs {
		if _, double := index[defs[i].Key]; !double {
			index[defs[i].Key] = &defs[i]
		}
	}
	return index
}

// keysOf returns the keys of both, sorted, each once.
func keysOf(a, b map[string]*syntax.Definition) []string {
	var all []string
	for _, index := range []map[string]*syntax.Definition{a, b} {
		for key := range index {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// changeOf compares two definitions of a key, of which one may be missing.
func changeOf(key string, from, to *syntax.Definition) Change {
	c := Change{Segment: key}
	if from != nil {
		c.From = VersionOf(*from)
	}
	if to != nil {
		c.To = VersionOf(*to)
	}
	if from == nil || to == nil || c.From == c.To {
		return c
	}
	after := said(to)
	for i, f := range said(from) {
		if f.From != after[i].From {
			c.Fields = append(c.Fields, Field{f.Name, f.From, after[i].From})
		}
	}
	return c
}

// said is what a definition says in its fields, each as From.
func said(d *syntax.Definition) []Field {
	return []Field{
		{Name: "name", From: d.Name},
		{Name: "soWhat", From: d.SoWhat},
		{Name: "priority", From: strconv.Itoa(d.Priority)},
		{Name: "status", From: string(d.Status)},
		{Name: "purpose", From: d.Purpose},
		{Name: "timezone", From: d.Timezone},
		{Name: "cost", From: strconv.FormatFloat(d.Hours, 'f', -1, 64) + " hours a month"},
		{Name: "when", From: syntax.Format(d.When)},
		{Name: "stay", From: formatOrNothing(d.Stay)},
		{Name: "hold", From: durationOrNothing(d.Hold)},
	}
}

func formatOrNothing(c syntax.Cond) string {
	if c == nil {
		return ""
	}
	return syntax.Format(c)
}

func durationOrNothing(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return syntax.FormatDuration(d)
}
