package segment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

func parsed(t *testing.T, file, src string) []syntax.Definition {
	t.Helper()
	defs, err := syntax.Parse(file, []byte(src))
	require.NoError(t, err)
	return defs
}

const buyers = `segment: buyers
name: Buyers
soWhat: Care instead of offers
when: {count: {of: Order Completed}}
`

func TestDiffSaysWhatWasEdited(t *testing.T) {
	from := parsed(t, "a.yaml", buyers+`---
segment: idle
name: Idle
soWhat: A reminder
when: {recency: {of: '*', atLeast: 7d}}
`)
	to := parsed(t, "b.yaml", `segment: buyers
name: Buyers
soWhat: Care instead of offers
priority: 5
cost: {hoursPerMonth: 1.5}
when: {count: {of: Order Completed, gte: 2}}
---
segment: readers
name: Readers
soWhat: More to read
when: {count: {of: page, gte: 3}}
`)
	changes := Diff(from, to)
	require.Equal(t, []Change{
		{Segment: "buyers", From: VersionOf(from[0]), To: VersionOf(to[0]), Fields: []Field{
			{"priority", "0", "5"},
			{"cost", "0 hours a month", "1.5 hours a month"},
			{"when", "count: {of: Order Completed, gte: 1}", "count: {of: Order Completed, gte: 2}"},
		}},
		{Segment: "idle", From: VersionOf(from[1])},
		{Segment: "readers", To: VersionOf(to[1])},
	}, changes)
}

func TestEveryChangeOfAVersionIsSaid(t *testing.T) {
	base := parsed(t, "a.yaml", buyers)[0]
	for name, edit := range map[string]func(*syntax.Definition){
		"name":     func(d *syntax.Definition) { d.Name = "Customers" },
		"soWhat":   func(d *syntax.Definition) { d.SoWhat = "Other" },
		"priority": func(d *syntax.Definition) { d.Priority = -1 },
		"status":   func(d *syntax.Definition) { d.Status = syntax.Draft },
		"purpose":  func(d *syntax.Definition) { d.Purpose = "analytics" },
		"cost":     func(d *syntax.Definition) { d.Hours = 2 },
		"when":     func(d *syntax.Definition) { d.When = syntax.Not{Of: d.When} },
	} {
		edited := base
		edit(&edited)
		changes := Diff([]syntax.Definition{base}, []syntax.Definition{edited})
		require.Len(t, changes, 1, name)
		require.Len(t, changes[0].Fields, 1, name)
		require.Equal(t, name, changes[0].Fields[0].Name)
		require.NotEqual(t, VersionOf(base), VersionOf(edited))
	}
}

func TestPlaceAndExamplesAreNoChange(t *testing.T) {
	from := parsed(t, "a.yaml", buyers)
	to := parsed(t, "moved.yaml", "\n\n"+buyers+`examples:
  - name: an order
    signals: 0s Order Completed
    at: 1m
    member: true
`)
	require.Empty(t, Diff(from, to))
	require.Empty(t, Diff(nil, nil))
}
