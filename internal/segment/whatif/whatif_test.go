package whatif_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/segment/whatif"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var start = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// leaves are conditions of every operator, over a few events.
var leaves = strings.Split(strings.TrimSpace(`
count: {of: a, gte: 2}
count: {of: a, last: 1h, gte: 3}
count: {of: b, where: {p: x}, last: 30m}
count: {of: a, lt: 1, last: 1h}
count: {of: [a, b], distinct: p, gte: 2}
count: {of: "*", session: current, gte: 3}
count: {of: a, between: [10m, 1h]}
count: {of: a, today: true, gte: 1}
sum: {of: b, property: n, last: 1d, gte: 10}
avg: {of: b, property: n, gt: 4}
max: {of: b, property: n, gte: 3}
min: {of: b, property: n, lt: 2}
first: {of: b, property: p, eq: x}
latest: {of: b, property: p, eq: y}
mode: {of: b, property: p, eq: x}
recency: {of: a, atMost: 10m}
recency: {of: a, atLeast: 1h}
never: {of: a}
regular: {of: a, atLeast: 2, ofLast: 3, period: day}
sequence: {steps: [{of: a}, {of: b}]}
sequence: {steps: [{of: a}, {of: b, after: 5m, within: 1h}]}
sequence: {steps: [{of: a}, {of: b, same: p}, {of: a}], span: 1h}
sequence: {steps: [{of: a}, {of: b, without: page}], in: session}
sequence: {steps: [{of: a, times: 2}, {of: b}], times: {gte: 2}}
sequence: {steps: [{of: a}, {of: b, directly: "*"}], allWithin: {last: 30m}}
absence: {of: a, without: b, for: 20m}
absence: {of: a, without: b, for: 20m, since: first}
absence: {of: a, without: b, for: 20m, mode: once}
session: {number: {gte: 2}}
session: {pages: {gte: 2}}
session: {duration: {gte: 5m}}
session: {entry: {path: {startsWith: /shop}}}
session: {returning: true}
session: {returnedWithin: 1d}
dwell: {on: {path: {matches: "^/a[0-9]+$"}}, gte: 40s}
scroll: {gte: 75}
score: {of: [{event: a, weight: 2}, {event: b, weight: -1}], halfLife: 1h, gte: 5}
affinity: {topic: golf, halfLife: 1d, gte: 2}
trait: {plan: pro}
trait: {seats: {gte: 3, lt: 4}}
context: {device: mobile}
context: {hour: {gte: 18}}
`), "\n")

func genRule(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		shape := rapid.IntRange(0, 5).Draw(t, "shape")
		if depth == 0 || shape < 3 {
			return rapid.SampledFrom(leaves).Draw(t, "leaf")
		}
		part := func() string { return "{" + genRule(depth-1).Draw(t, "part") + "}" }
		switch shape {
		case 3:
			return "all: [" + part() + ", " + part() + "]"
		case 4:
			return "any: [" + part() + ", " + part() + "]"
		default:
			return "not: " + part()
		}
	})
}

type about map[string][]string

func (a about) About(topic string) ([]string, bool) { return a[topic], a[topic] != nil }

func compile(t require.TestingT, rule string) *segment.Set {
	cond, err := syntax.ParseCond("rule", []byte(rule))
	require.NoError(t, err, rule)
	set, err := segment.Compile([]syntax.Definition{{Key: "x", When: cond}}, segment.Options{Topics: about{"golf": {"e1"}}})
	require.NoError(t, err)
	return set
}

// alphabet is what visitors do.
var alphabet = []syntax.ExampleSignal{
	{Event: syntax.Event{Name: "a"}, Props: []syntax.ExampleProp{{Key: "p", Value: "x"}}},
	{Event: syntax.Event{Name: "b"}, Props: []syntax.ExampleProp{{Key: "n", Value: 3.0}, {Key: "p", Value: "x"}}},
	{Event: syntax.Event{Name: "b"}, Props: []syntax.ExampleProp{{Key: "n", Value: 10.0}, {Key: "p", Value: "y"}}},
	{Event: syntax.Event{Kind: syntax.PageEvent}, Props: []syntax.ExampleProp{{Key: "path", Value: "/shop"}, {Key: "entry", Value: "e1"}}},
	{Event: syntax.Event{Kind: syntax.IdentifyEvent}, Props: []syntax.ExampleProp{{Key: "plan", Value: "pro"}}},
}

func genRecord() *rapid.Generator[*visitor.Record] {
	return rapid.Custom(func(t *rapid.T) *visitor.Record {
		var sigs []signal.Signal
		at := -rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 26 * time.Hour}).Draw(t, "ago")
		for i := range rapid.IntRange(0, 4).Draw(t, "signals") {
			x := rapid.SampledFrom(alphabet).Draw(t, "signal")
			x.At = 0
			sig, err := segment.SignalOf(x, i, start.Add(at))
			require.NoError(t, err)
			sig.ID = fmt.Sprint("past-", i)
			sigs = append(sigs, sig)
			at += rapid.SampledFrom([]time.Duration{time.Second, 7 * time.Minute, 40 * time.Minute}).Draw(t, "pause")
			at = min(at, 0)
		}
		rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, sigs...)
		return rec
	})
}

// member says whether a visitor is a member after more signals.
func member(t require.TestingT, q whatif.Question, more []syntax.ExampleSignal, after time.Duration) bool {
	sigs := make([]signal.Signal, len(more))
	for i, x := range more {
		sig, err := segment.SignalOf(x, i, time.UnixMilli(q.At))
		require.NoError(t, err)
		sig.ID, sig.Device = fmt.Sprintf("more-%02d", i), "device"
		if n := len(q.Record.Signals); n > 0 {
			sig.Device = q.Record.Signals[n-1].Device
		}
		sigs[i] = sig
	}
	rec, _ := q.Record.With(visitor.Limits{}, sigs...)
	return len(q.Set.Evaluate(rec, q.Context, q.At+after.Milliseconds()).Members) > 0
}

func TestAWayLeadsThereAndNothingOfItCanBeSpared(t *testing.T) {
	found, asked := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		q := whatif.Question{Set: compile(t, genRule(2).Draw(t, "rule")), Segment: "x", Record: genRecord().Draw(t, "record"), At: start.UnixMilli()}
		now := member(t, q, nil, 0)
		ask := q.Enter
		if now {
			ask = q.Leave
		}
		way, err := ask()
		require.NoError(t, err)
		if asked++; way == nil {
			return
		}
		found++
		require.NotEqual(t, now, member(t, q, way.Signals, way.After))
		for i := range way.Signals {
			less := slices.Delete(slices.Clone(way.Signals), i, i+1)
			require.Equal(t, now, member(t, q, less, way.After), "signal %d can be spared", i)
			require.LessOrEqual(t, way.Signals[i].At, way.After)
		}
	})
	t.Logf("found %d of %d", found, asked)
	require.Greater(t, found*10, asked*8)
}

// brief returns the fewest of the alphabet's signals, at most two, that make
// the visitor enter, sent after pauses of a few kinds; ok is false if none do.
func brief(t require.TestingT, q whatif.Question) (n int, ok bool) {
	pauses := []time.Duration{time.Second, 6 * time.Minute, 31 * time.Minute, 24 * time.Hour}
	var try func(so []syntax.ExampleSignal, after time.Duration, left int) bool
	try = func(so []syntax.ExampleSignal, after time.Duration, left int) bool {
		if left == 0 {
			for _, wait := range append(pauses, 0) {
				if member(t, q, so, after+wait) {
					return true
				}
			}
			return false
		}
		for _, x := range alphabet {
			for _, pause := range pauses {
				x.At = after + pause
				if try(append(slices.Clip(so), x), x.At, left-1) {
					return true
				}
			}
		}
		return false
	}
	for n := range 3 {
		if try(nil, 0, n) {
			return n, true
		}
	}
	return 0, false
}

func TestAWayIsFoundWhereTryingAllFindsOne(t *testing.T) {
	there, found, longer := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		q := whatif.Question{Set: compile(t, genRule(1).Draw(t, "rule")), Segment: "x", Record: genRecord().Draw(t, "record"), At: start.UnixMilli()}
		if member(t, q, nil, 0) {
			return
		}
		fewest, ok := brief(t, q)
		if !ok {
			return
		}
		there++
		way, err := q.Enter()
		require.NoError(t, err)
		if way == nil {
			return
		}
		if found++; len(way.Signals) > fewest {
			longer++
		}
	})
	t.Logf("%d have a way, found %d, longer than need be %d", there, found, longer)
	require.Greater(t, found*10, there*8) // 997 of 1,000 are found
	require.Less(t, longer*4, there)      // 11 of 1,000 are longer
}

func TestExamplesComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := compile(t, genRule(2).Draw(t, "rule"))
		examples, err := whatif.Examples(set, "x")
		require.NoError(t, err)
		if len(examples) == 0 {
			return
		}
		require.True(t, examples[0].Member)
		text := syntax.FormatExamples(examples)
		d := *set.Definition(0)
		src := "segment: x\nname: X\nsoWhat: x\nwhen: {" + syntax.Format(d.When) + "}\n" + text
		read, err := syntax.Parse("x.yaml", []byte(src))
		require.NoError(t, err, src)
		again, err := segment.Compile(read, segment.Options{Topics: about{"golf": {"e1"}}})
		require.NoError(t, err)
		require.Empty(t, again.RunExamples(), src)
	})
}

func TestOutlook(t *testing.T) {
	look := func(rule, context string, past ...string) *whatif.Outlook {
		t.Helper()
		var sigs []signal.Signal
		for i, name := range past {
			sigs = append(sigs, signal.Signal{ID: fmt.Sprint(i), Name: name, At: start.Add(-time.Minute).UnixMilli() + int64(i)})
		}
		rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, sigs...)
		q := whatif.Question{Set: compile(t, rule), Segment: "x", Record: rec, At: start.UnixMilli()}
		if context != "" {
			q.Context = segment.Context{"device": signal.TextOf(context)}
		}
		o, err := q.Outlook()
		require.NoError(t, err)
		return o
	}
	o := look("all: [{count: {of: a, last: 1h, gte: 3}}, {count: {of: b}}, {never: {of: c}}]", "", "a", "a")
	require.Len(t, o.Change.Signals, 2)
	require.Equal(t, "count: {of: a, last: 1h, gte: 3}", o.Nearest.Text)
	require.Len(t, o.Nearest.Way.Signals, 1)
	require.Empty(t, o.Flips)

	o = look("all: [{context: {device: mobile}}, {not: {count: {of: a, last: 1h}}}]", "desktop", "a")
	require.Nil(t, o.Change)
	require.Len(t, o.Stuck, 1)
	require.Contains(t, o.Stuck[0].Text, "device")
	require.Equal(t, "count: {of: a, last: 1h, gte: 1}", o.Nearest.Text)
	require.False(t, o.Nearest.Needed)
	require.Equal(t, 59*time.Minute, o.Nearest.Way.After)

	o = look("recency: {of: a, atLeast: 10m}", "", "a")
	require.Empty(t, o.Change.Signals)
	require.Equal(t, 9*time.Minute, o.Change.After)
	require.Equal(t, []int64{start.Add(9 * time.Minute).UnixMilli()}, o.Flips)

	o = look("count: {of: a, last: 1h}", "", "a")
	require.Nil(t, o.Nearest, "a member already")
	require.Empty(t, o.Change.Signals)
	require.Equal(t, 59*time.Minute, o.Change.After)

	o = look("all: [{not: {never: {of: a}}}, {not: {any: [{count: {of: b, lt: 2}}, {never: {of: page}}]}}]", "")
	require.Len(t, o.Change.Signals, 4)

	_, err := whatif.Question{Set: compile(t, "never: {of: a}"), Segment: "y", Record: &visitor.Record{}}.Outlook()
	require.ErrorContains(t, err, `there is no segment "y"`)
}
