package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// genVisitors draws visitors of all sorts.
func genVisitors() *rapid.Generator[[]Visitor] {
	return rapid.Custom(func(t *rapid.T) []Visitor {
		n := rapid.IntRange(0, 30).Draw(t, "visitors")
		all := make([]Visitor, n)
		for i := range all {
			all[i] = genVisitor(fmt.Sprintf("v%d", i)).Draw(t, "visitor")
		}
		return all
	})
}

func genVisitor(id string) *rapid.Generator[Visitor] {
	names := []string{"Product Viewed", "product_viewed", "product-viewed", "Order Completed", "Heartbeat", "Scroll", "Mouse Moved"}
	props := []signal.Props{
		nil,
		{{Key: "percent", Value: signal.TextOf("50")}},
		{{Key: "session_id", Value: signal.TextOf("s")}},
		{{Key: "context.consent.categoryPreferences.personalization", Value: signal.BoolOf(true)}},
		{{Key: "total", Value: signal.NumberOf(2)}},
		{{Key: "context.browser.name", Value: signal.TextOf("Googlebot")}},
	}
	return rapid.Custom(func(t *rapid.T) Visitor {
		var sigs []signal.Signal
		for i := range rapid.IntRange(1, 12).Draw(t, "signals") {
			s := signal.Signal{
				ID: fmt.Sprint(i), Type: rapid.SampledFrom([]signal.Type{signal.Track, signal.Track, signal.Page, signal.Identify}).Draw(t, "type"),
				At:     (begin.UnixMilli() + rapid.Int64Range(-2000, 12*24*3_600_000).Draw(t, "at")) / 1000 * 1000,
				Device: id, Props: rapid.SampledFrom(props).Draw(t, "props"),
				Flags: rapid.SampledFrom([]signal.Flags{0, 0, 0, signal.Skewed, signal.TooLate, signal.ClampedFuture}).Draw(t, "flags"),
			}
			s.Raw = s.At * int64(rapid.IntRange(0, 1).Draw(t, "stated"))
			switch s.Type {
			case signal.Track:
				s.Name = rapid.SampledFrom(names).Draw(t, "name")
			case signal.Identify:
				s.UserID = rapid.SampledFrom([]string{"u1", "u2", "u3"}).Draw(t, "user")
			}
			sigs = append(sigs, s)
		}
		lim := visitor.Limits{MaxSignals: rapid.SampledFrom([]int{0, 3}).Draw(t, "bound")}
		rec, _ := (&visitor.Record{ID: id}).With(lim, sigs...)
		v := Visitor{Record: rec}
		if rapid.Bool().Draw(t, "from a log") {
			n := len(sigs)
			v.Came = &Came{Deliveries: n, Repeated: n / 3, Backwards: n / 2, Dated: n, Delayed: n / 4, Sent: n, Skewed: n / 5}
		}
		return v
	})
}

const someRules = `
{segment: a, name: A, soWhat: x, purpose: personalization, when: {count: {of: Product Viewed, gte: 2}}}
---
{segment: b, name: B, soWhat: x, status: draft, when: {never: {of: Order Completed, where: {total: {gt: 1}}}}}
`

// text returns a report in the form in which reports are compared.
func text(t require.TestingT, r *Report) string {
	raw, err := json.MarshalIndent(r, "", " ")
	require.NoError(t, err)
	return string(raw)
}

func TestAuditsDependOnNoOrderAndAddUp(t *testing.T) {
	goal, err := ParseGoal("goal", "Order Completed")
	require.NoError(t, err)
	goals := []Goal{goal, {Name: "metric scrolls", Events: []syntax.Event{{Name: "Scroll"}}, Property: "percent"}}
	opts := withRules(t, Options{At: begin.AddDate(0, 0, 11), Goals: goals, MaxSignals: 3}, someRules).withDefaults()
	rapid.Check(t, func(t *rapid.T) {
		all := genVisitors().Draw(t, "all")
		whole := newPart(&opts)
		for _, v := range all {
			whole.add(v)
		}
		want := text(t, judge(&opts, &whole))

		parts := []part{newPart(&opts), newPart(&opts), newPart(&opts)}
		for _, v := range rapid.Permutation(all).Draw(t, "in another order") {
			parts[rapid.IntRange(0, 2).Draw(t, "part")].add(v)
		}
		parts[1].merge(&parts[0])
		parts[2].merge(&parts[1])
		require.Equal(t, want, text(t, judge(&opts, &parts[2])))
		require.Equal(t, whole.tally.steps, parts[2].tally.steps)
		require.Equal(t, whole.tally.shares, parts[2].tally.shares)

		run, err := Run(context.Background(), each(all), opts)
		require.NoError(t, err)
		require.Equal(t, want, text(t, run))
	})
}

func each(all []Visitor) iter.Seq2[Visitor, error] {
	return func(yield func(Visitor, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// The order of visitors in a log makes no difference, only that of each one's
// messages does.
func TestALogIsTheSameWhicheverVisitorComesFirst(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSpace(ndjson(t, []string{
		"20: 0s page; 20s page received=1m; 10s Product_Viewed id=a; 10s Product_Viewed id=a", "5: 0s page; 1d Order_Completed; 9d page",
	})), "\n")
	byVisitor := map[string][]string{}
	var ids []string
	for _, line := range lines {
		var m struct{ AnonymousID string }
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		if byVisitor[m.AnonymousID] == nil {
			ids = append(ids, m.AnonymousID)
		}
		byVisitor[m.AnonymousID] = append(byVisitor[m.AnonymousID], strings.TrimSpace(line)+"\n")
	}
	want := text(t, audited(t, strings.Join(lines, ""), Options{}))
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		left := maps.Clone(byVisitor)
		for len(left) > 0 { // interleaved at random, each in its own order
			id := rapid.SampledFrom(ids).Draw(t, "next")
			if of := left[id]; len(of) > 0 {
				b.WriteString(of[0])
				left[id] = of[1:]
			} else {
				delete(left, id)
			}
		}
		require.Equal(t, want, text(t, audited(t, b.String(), Options{})))
	})
}

func TestALogOfBoundedMemoryKeepsWholeVisitorsByTheirIDs(t *testing.T) {
	src := ndjson(t, []string{"500: 0s page; 20s page; 2h page"})
	kept := func(lines []string) (ids []string, share float64) {
		log := NewLog(100_000)
		for e, err := range ingest.Read(strings.NewReader(strings.Join(lines, "")), ingest.ReplayOptions{}) {
			require.NoError(t, err)
			log.Add(&e)
		}
		require.LessOrEqual(t, log.bytes, 100_000)
		share = log.Sampled()
		for v, err := range log.Visitors() {
			require.NoError(t, err)
			require.Len(t, v.Record.Signals, 3, "a visitor is there with all that they did, or not at all")
			ids = append(ids, v.Record.ID)
		}
		slices.Sort(ids)
		return ids, share
	}
	lines := strings.SplitAfter(src, "\n")
	ids, share := kept(lines)
	require.Less(t, share, 1.0)
	require.InDelta(t, 500*share, len(ids), 4*math.Sqrt(500*share))
	slices.Reverse(lines)
	again, shareAgain := kept(lines)
	require.Equal(t, ids, again)
	require.InDelta(t, share, shareAgain, 0)
}

func TestTablesAreSampledAlikeInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hashes := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 99), func(n int) uint64 { return hashOf(fmt.Sprint(n)) }), 1, 80).Draw(t, "hashes")
		var whole, a, b userTable
		for _, h := range hashes {
			whole.add(h, 1, 10)
			if rapid.IntRange(0, 9).Draw(t, "few are in a") == 0 {
				a.add(h, 1, 10)
			} else {
				b.add(h, 1, 10)
			}
		}
		a.merge(&b, 10)
		require.Equal(t, whole.level, a.level)
		require.Equal(t, whole.byKey, a.byKey)
	})
}

// Where each visitor has one observation the interval is Wilson's; where they
// have many that are alike it is that of so many visitors.
func TestIntervalsKnowWhoseSignalsTheyAre(t *testing.T) {
	var one, alike, independent ratio
	for i := range 100 {
		one.tell(i < 30)
		part := 0
		if i < 30 {
			part = 50
		}
		alike.add(part, 50)
		independent.add(15, 50)
	}
	f, g, h := one.figure(), alike.figure(), independent.figure()
	require.InDelta(t, 0.2189489, f.Low, 1e-6)
	require.InDelta(t, 0.3958485, f.High, 1e-6)
	require.InDelta(t, f.Low, g.Low, .002)
	require.InDelta(t, f.High, g.High, .002)
	require.Greater(t, h.Low, .28, "who are all alike in their share tell it well")
}

func TestSquaresDoNotOverflow(t *testing.T) {
	var r ratio
	for range 4 {
		r.add(math.MaxInt64/8, math.MaxInt64/4)
	}
	require.InEpsilon(t, .5, r.figure().Share, 1e-9)
	require.InEpsilon(t, 4.0*(math.MaxInt64/4)*(math.MaxInt64/4), r.wholeSq.float(), 1e-9)
}

// statistics.md, 2.6: at a base rate of 5 %.
func TestSampleSizes(t *testing.T) {
	for lift, want := range map[float64]float64{.1: 31_231, .2: 8_155, .5: 1_468} {
		require.InDelta(t, 2*want, bothArms(planFor(.05, lift)), 6, "%v", lift)
	}
	require.Equal(t, "endlessly many", rounded(bothArms(planFor(1, .2))), "where all convert nothing can be added")
	require.Less(t, bothArms(planFor(.9, .5)), 200.0)
}

func TestABandIsUnknownOnlyWhereBothEndsAreOpen(t *testing.T) {
	b := bands{green: .4, red: .1}
	for _, tc := range []struct {
		low, share, high float64
		want             Status
	}{
		{.05, .2, .5, Unknown}, {.05, .09, .2, Red}, {.05, .12, .2, Amber}, {.3, .5, .6, Green}, {.5, .6, .7, Green}, {0, .01, .05, Red},
	} {
		require.Equal(t, tc.want, b.judge(&Figure{Share: tc.share, Low: tc.low, High: tc.high}), "%v", tc)
	}
	require.Equal(t, Unknown, b.judge(nil))
	require.Equal(t, Red, bands{green: .01, red: .1}.of(.2))
}
