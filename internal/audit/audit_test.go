package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// worst are the checks that are amber at worst.
var worst = map[string]Status{"history": Amber, "identified": Amber, "session-id": Amber, "spellings": Amber, "unused-events": Amber, "leaky-rules": Amber}

func TestEachCheckIsGreenOnOneLogAndRedOnAnother(t *testing.T) {
	for _, l := range logs(t) {
		t.Run(l.check+" "+l.colour, func(t *testing.T) {
			want := Status(l.colour)
			if w, ok := worst[l.check]; ok && want == Red {
				want = w
			}
			r := audited(t, ndjson(t, l.lines), withRules(t, Options{Goals: l.goals}, l.rules))
			c := find(t, r, l.check)
			require.Equal(t, want, c.Status, "%s", c.Found)
			require.NotEmpty(t, c.Found)
			require.NotEmpty(t, c.Means)
			require.Equal(t, want == Green, c.Fix == "", "what is not good has a fix")
		})
	}
}

func TestEveryCheckOfALogHasItsTwoLogs(t *testing.T) {
	have := map[string]map[string]bool{}
	var ids []string
	for _, l := range logs(t) {
		if have[l.check] == nil {
			have[l.check] = map[string]bool{}
		}
		have[l.check][l.colour] = true
		r := audited(t, ndjson(t, l.lines), withRules(t, Options{Goals: l.goals}, l.rules))
		for _, c := range r.Checks {
			ids = append(ids, c.ID)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if id != "rules" { // says that there are none
			require.True(t, have[id]["green"] && have[id]["red"], "%s lacks a log", id)
		}
	}
}

func TestLittleDataSaysWhatCannotBeJudgedYetAndWhen(t *testing.T) {
	r := audited(t, ndjson(t, []string{"2: 0s page; 20s page; 30s Heartbeat", "4: 0s page"}), Options{})
	require.Equal(t, Unknown, r.Verdict)
	sequences := find(t, r, "sequences")
	require.Equal(t, Unknown, sequences.Status)
	require.Contains(t, sequences.Found, "2 of 6 visitors took two steps or more: 33.3 % (9.7 % to 70.0 %)")
	require.Contains(t, sequences.Found, "about 8 visitors are needed")
	require.True(t, sequences.When.After(r.At) && sequences.When.Before(r.At.AddDate(0, 0, 3)), "%v", sequences.When)
	for _, id := range []string{"return", "one-day", "id-churn"} {
		c := find(t, r, id)
		require.Equal(t, Unknown, c.Status, id)
		require.Equal(t, begin.AddDate(0, 0, 7), c.When, id)
	}
	require.Equal(t, begin.AddDate(0, 0, 28), find(t, r, "history").When)

	rules := `{segment: a, name: A, soWhat: x, when: {count: {of: Order Completed}}}`
	c := find(t, audited(t, ndjson(t, []string{"6: 0s page"}), withRules(t, Options{}, rules)), "unknown-events")
	require.Equal(t, Unknown, c.Status)
	require.Contains(t, c.Found, "too early to miss them, of 6 visitors: about 100 are needed")
	require.Equal(t, []string{`a: no visitor has sent Order Completed: check its spelling, or what the site sends`}, c.Items)
	require.False(t, c.When.IsZero())
}

func TestNothingYetGivesAdvice(t *testing.T) {
	r, err := Run(t.Context(), each(nil), Options{At: begin, Address: "127.0.0.1:9090"})
	require.NoError(t, err)
	require.Equal(t, Unknown, r.Verdict)
	require.Empty(t, r.Checks)
	require.Contains(t, strings.Join(r.Next, "\n"), "curl -s http://127.0.0.1:9090/v1/page")

	r = audited(t, `{"type": "page"}`, Options{})
	require.Contains(t, r.Next[0], "mapping")
	require.Equal(t, "bad-time: 1", strings.SplitN(find(t, r, "rejected").Found, "; ", 2)[1])
}

// What a store cannot know it does not claim to know.
func TestAStoreDoesNotKnowHowItsSignalsCame(t *testing.T) {
	log := gathered(t, ndjson(t, []string{"150: 20s page; 0s page; 40s page sent=41s received=9m"}))
	var records []Visitor
	for v, err := range log.Visitors() {
		require.NoError(t, err)
		records = append(records, Visitor{Record: v.Record})
	}
	opts := Options{At: log.Latest()}
	r, err := Run(t.Context(), each(records), opts)
	require.NoError(t, err)
	for _, id := range []string{"arrival-order", "duplicates", "rejected"} {
		require.Equal(t, Unknown, find(t, r, id).Status, id)
	}
	require.Equal(t, Amber, find(t, r, "clock-skew").Status, "a record says what was corrected")
	require.Equal(t, Green, find(t, r, "late").Status, "and what came too late")

	tally := ingest.Tally{Accepted: 900, Duplicates: 150, Conflicting: 50, Rejected: map[signal.Code]int{signal.NoEvent: 1}}
	told := &observer{}
	arrivals, err := NewArrivals(func() time.Time { return begin }, told, nil)
	require.NoError(t, err)
	arrivals.Ingested(tally)
	require.Equal(t, tally, told.Tally)
	opts.Counted = arrivals.Counted()
	r, err = Run(t.Context(), each(records), opts)
	require.NoError(t, err)
	require.Equal(t, Unknown, find(t, r, "arrival-order").Status)
	duplicates := find(t, r, "duplicates")
	require.Equal(t, Red, duplicates.Status)
	require.Contains(t, duplicates.Found, "200 of 1,101 deliveries had come before")
	require.Contains(t, duplicates.Found, "since 2026-03-02")
	require.Equal(t, Green, find(t, r, "rejected").Status)
}

// What is counted of arrivals outlives the process, and the last 28 days of it.
func TestArrivalsAreKept(t *testing.T) {
	now := begin
	clock := func() time.Time { return now }
	a, err := NewArrivals(clock, &observer{}, nil)
	require.NoError(t, err)
	for range 40 {
		a.Ingested(ingest.Tally{Accepted: 2, Duplicates: 1, Rejected: map[signal.Code]int{signal.BadTime: 1}})
		saved, err := a.Save()
		require.NoError(t, err)
		a, err = NewArrivals(clock, &observer{}, saved)
		require.NoError(t, err)
		now = now.AddDate(0, 0, 1)
	}
	sum := a.Counted()
	require.Equal(t, 4*28, sum.Deliveries)
	require.Equal(t, 28, sum.Repeated)
	require.Equal(t, map[signal.Code]int{signal.BadTime: 28}, sum.Rejected)
	require.Equal(t, begin.AddDate(0, 0, 12).Truncate(24*time.Hour), sum.Since)

	for _, broken := range []string{"", "{", `{"since": 7}`, `{"days": {"2026-03-02": null}}`, "null"} {
		a, err := NewArrivals(clock, &observer{}, []byte(broken))
		require.NotNil(t, a)
		a.Ingested(ingest.Tally{Accepted: 1})
		require.Equal(t, 1, a.Counted().Deliveries, "%s: %v", broken, err)
		require.Equal(t, now, a.Counted().Since)
	}
}

type observer struct{ ingest.Tally }

func (o *observer) Ingested(t ingest.Tally) { o.Tally = t }

func TestRecordsSayWhatTheyHaveLostAndWhatHadNoTime(t *testing.T) {
	at := begin.AddDate(0, 0, 10).UnixMilli()
	records := func(raw int64, bound int) (all []Visitor) {
		for i := range 200 {
			var sigs []signal.Signal
			for k := range 5 {
				sigs = append(sigs, signal.Signal{ID: fmt.Sprint(k), Type: signal.Page, At: begin.UnixMilli() + int64(i+k)*60_001, Raw: raw, Device: fmt.Sprint(i)})
			}
			rec, _ := (&visitor.Record{ID: fmt.Sprint(i)}).With(visitor.Limits{MaxSignals: bound}, sigs...)
			all = append(all, Visitor{Record: rec})
		}
		return all
	}
	opts := Options{At: time.UnixMilli(at), MaxSignals: 3}
	r, err := Run(t.Context(), each(records(0, 3)), opts)
	require.NoError(t, err)
	require.Equal(t, Red, find(t, r, "undated").Status)
	require.Equal(t, Red, find(t, r, "record-bound").Status)
	require.Equal(t, Green, find(t, r, "sequences").Status, "what has left a record counts")
	opts.MaxSignals = 0
	r, err = Run(t.Context(), each(records(1, 0)), opts)
	require.NoError(t, err)
	require.Equal(t, Green, find(t, r, "undated").Status)
	require.False(t, slices.ContainsFunc(r.Checks, func(c Check) bool { return c.ID == "record-bound" }), "none is full")
}

// Who is a member and never there cannot be shown anything.
func TestReachCountsMembersWhoAreThere(t *testing.T) {
	rules := `{segment: a, name: A, soWhat: x, when: {count: {of: Signed Up}}}`
	src := ndjson(t, []string{"100: 0s Signed_Up; 5s page", "50: 0s page"})
	opts := withRules(t, Options{}, rules)
	require.Contains(t, find(t, audited(t, src, opts), "reach").Found, "100 visitors did something as members in the 26 days")

	// Between one and two hours after, when nobody is there.
	rules = `{segment: a, name: A, soWhat: x, when: {all: [{count: {of: Signed Up, last: 2h}}, {recency: {of: Signed Up, atLeast: 1h}}]}}`
	gone := ndjson(t, []string{"100: 0s Signed_Up; 3h page"})
	require.Regexp(t, "^0 visitors did something as members", find(t, audited(t, gone, withRules(t, Options{}, rules)), "reach").Found)

	log := gathered(t, src)
	opts.At = log.Latest().AddDate(0, 0, 40)
	r, err := Run(t.Context(), log.Visitors(), opts)
	require.NoError(t, err)
	require.Regexp(t, "^0 visitors did something as members in the 28 days", find(t, r, "reach").Found)
}

// What comes after the instant of the audit is not there yet.
func TestAsOfAnInstant(t *testing.T) {
	src := ndjson(t, []string{"100: 0s page; 2d page; 20d page"})
	log := gathered(t, src)
	at := begin.Add(time.Hour).Add(10 * apart)
	r, err := Run(t.Context(), log.Visitors(), Options{At: at})
	require.NoError(t, err)
	require.Equal(t, 11, r.Visitors)
	require.Equal(t, 11, r.Signals)
	require.Equal(t, at, r.At)
	require.True(t, r.Last.Before(at), "%v", r.Last)
}

func TestGoalsAreProposed(t *testing.T) {
	src := ndjson(t, []string{"30: 0s page; 10s Product_Viewed", "5: 0s Order_Completed"})
	c := find(t, audited(t, src, Options{}), "goal")
	require.Equal(t, Amber, c.Status)
	require.Equal(t, []string{`--goal "Order Completed": 5 visitors`}, c.Items)
	require.Equal(t, Red, find(t, audited(t, ndjson(t, []string{"5: 0s page"}), Options{}), "goal").Status)
}

func TestAStoreThatFailsIsAnError(t *testing.T) {
	broken := errors.New("broken")
	_, err := Run(t.Context(), func(yield func(Visitor, error) bool) { yield(Visitor{}, broken) }, Options{At: begin})
	require.ErrorIs(t, err, broken)
}

// A million signals take seconds.
func BenchmarkRun(b *testing.B) {
	src := ndjson(b, []string{"5000: 0s page; 9s Product_Viewed sku=a; 15s Heartbeat; 2d Product_Viewed sku=b; 3d Order_Completed"})
	opts := withRules(b, Options{}, `{segment: a, name: A, soWhat: x, when: {count: {of: Product Viewed, last: 7d, gte: 2}}}`)
	b.Run("records", func(b *testing.B) {
		log := gathered(b, src)
		opts := opts
		opts.At = log.Latest()
		var all []Visitor
		for v, err := range log.Visitors() {
			require.NoError(b, err)
			all = append(all, v)
		}
		for b.Loop() {
			_, err := Run(b.Context(), each(all), opts)
			require.NoError(b, err)
		}
		b.ReportMetric(float64(b.N)*25_000/b.Elapsed().Seconds(), "signals/s")
	})
	b.Run("log", func(b *testing.B) {
		for b.Loop() {
			audited(b, src, opts)
		}
		b.ReportMetric(float64(b.N)*25_000/b.Elapsed().Seconds(), "signals/s")
	})
}

func TestMetricsAreGoals(t *testing.T) {
	events := []syntax.Event{{Name: "Order Completed"}}
	goals := []Goal{
		GoalOf(&measure.Metric{Key: "purchase", Kind: measure.Conversion, Of: syntax.Match{Events: events}}),
		GoalOf(&measure.Metric{Key: "revenue", Kind: measure.Sum, Of: syntax.Match{Events: events}, Property: "revenue"}),
	}
	src := ndjson(t, []string{"100: 0s page; 10s Order_Completed revenue=10", "60: 0s page; 10s Order_Completed revenue=none"})
	var found []Check
	for _, c := range audited(t, src, Options{Goals: goals}).Checks {
		if c.ID == "goal" {
			found = append(found, c)
		}
	}
	require.Len(t, found, 2)
	require.Equal(t, "Goal: metric revenue", found[0].Title)
	require.Equal(t, Red, found[0].Status)
	require.Contains(t, found[0].Found, "100 of 160 of its signals have a number at revenue")
	require.Equal(t, Green, found[1].Status)
}

func TestGuardrailsAreNotWhatSegmentsAreFor(t *testing.T) {
	rules := `{segment: a, name: A, soWhat: x, when: {count: {of: Order Refunded}}}`
	src := ndjson(t, []string{"50: 0s Order_Refunded"})
	goal, err := ParseGoal("goal", "Order Refunded")
	require.NoError(t, err)
	require.Equal(t, Amber, find(t, audited(t, src, withRules(t, Options{Goals: []Goal{goal}}, rules)), "leaky-rules").Status)
	goal.Guardrail = true
	require.Equal(t, Green, find(t, audited(t, src, withRules(t, Options{Goals: []Goal{goal}}, rules)), "leaky-rules").Status)
}
