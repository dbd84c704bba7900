package segment

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// mixedRules are 20 rules as a shop has them.
var mixedRules = []string{
	"count: {of: Product Viewed, distinct: product_id, session: current, gte: 3}",
	"all: [{count: {of: Product Added, last: 7d}}, {not: {count: {of: Order Completed, last: 7d}}}]",
	"sequence: {steps: [{of: Product Viewed}, {of: Product Added, within: 30m}], completed: {last: 14d}}",
	"sequence: {steps: [{of: 'page:pricing'}, {of: Product Added, without: Order Completed}, {of: page}], span: 2d}",
	"absence: {of: Product Added, without: Order Completed, for: 2h}",
	"recency: {of: '*', atMost: 1d}",
	"recency: {of: Order Completed, atLeast: 30d}",
	"never: {of: Order Completed}",
	"sum: {of: Order Completed, property: total, last: 90d, gte: 200}",
	"max: {of: Product Viewed, property: price, last: 30d, gte: 90}",
	"count: {of: page, where: {path: {startsWith: /blog}}, lastDays: 7, gte: 3}",
	"count: {of: Product Viewed, where: {category: [shoes, bags]}, last: 3d, gte: 2}",
	"session: {number: {gte: 2}, pages: {gte: 3}}",
	"dwell: {on: {path: /pricing}, last: 7d, gte: 1m}",
	"score: {of: [{event: Product Viewed, weight: 1}, {event: Product Added, weight: 5}], halfLife: 3d, gte: 10}",
	"all: [{context: {device: mobile}}, {count: {of: page, today: true}}]",
	"all: [{context: {hour: {between: [9, 16]}}}, {recency: {of: '*', atMost: 30m}}]",
	"trait: {plan: {in: [pro, team]}}",
	"any: [{context: {country: DE}}, {context: {utm_source: newsletter}}]",
	"all: [{segment: r00}, {not: {segment: r05}}]",
}

func mixedSet(t testing.TB, zone *time.Location) *Set {
	t.Helper()
	var defs []syntax.Definition
	for i, rule := range mixedRules {
		cond, err := syntax.ParseCond("rule", []byte(rule))
		require.NoError(t, err, rule)
		defs = append(defs, syntax.Definition{Key: fmt.Sprintf("r%02d", i), Priority: i, When: cond})
	}
	set, err := Compile(defs, Options{Zone: zone})
	require.NoError(t, err)
	return set
}

// shopper returns the record of a visitor of a shop who has sent so many
// signals in about the month before t0, about eight in a visit.
func shopper(r *rand.Rand, signals int) *visitor.Record {
	events := []string{"Product Viewed", "Product Viewed", "Product Viewed", "page", "page", "page", "Heartbeat", "Product Added", "Order Completed", "identify"}
	paths := []string{"/pricing", "/blog/a", "/blog/b", "/home"}
	sigs := make([]signal.Signal, signals)
	at := t0.Add(-30 * 24 * time.Hour).UnixMilli()
	for i := range sigs {
		if i%8 == 0 {
			at += r.Int64N(8 * 2 * 30 * day / int64(signals))
		}
		at += r.Int64N(2 * minute)
		s := signal.Signal{ID: fmt.Sprintf("s%04d", i), Name: events[r.IntN(len(events))], At: min(at, t0.UnixMilli()), Pos: i, Device: "d"}
		s.Props = signal.Props{
			{Key: "category", Value: signal.TextOf([]string{"shoes", "bags", "hats"}[r.IntN(3)])},
			{Key: "context.device.type", Value: signal.TextOf("mobile")},
			{Key: "price", Value: signal.NumberOf(r.Float64() * 100)},
			{Key: "product_id", Value: signal.TextOf(fmt.Sprint(r.IntN(20)))},
			{Key: "total", Value: signal.NumberOf(r.Float64() * 100)},
		}
		switch s.Name {
		case "page":
			s.Type, s.Name = signal.Page, ""
			s.Props = append(s.Props, signal.Prop{Key: "path", Value: signal.TextOf(paths[r.IntN(len(paths))])})
		case "identify":
			s.Type, s.Name = signal.Identify, ""
			s.Props = append(s.Props, signal.Prop{Key: "plan", Value: signal.TextOf("pro")})
		}
		s.Props.Sort()
		sigs[i] = s
	}
	return &visitor.Record{Signals: sigs}
}

var shopContext = Context{
	"country":     signal.TextOf("FR"),
	"page.search": signal.TextOf("?a=b&utm_source=newsletter"),
	"locale":      signal.TextOf("fr-FR"),
}

func BenchmarkEvaluate(b *testing.B) {
	set := mixedSet(b, time.UTC)
	for _, signals := range []int{32, 256} {
		r := rand.New(rand.NewPCG(1, uint64(signals)))
		recs := make([]*visitor.Record, 4096)
		logs := make([]*Log, len(recs))
		for i := range recs {
			recs[i] = shopper(r, signals)
			logs[i] = set.Bind(recs[i])
		}
		b.Run(fmt.Sprintf("signals=%d", signals), func(b *testing.B) {
			var res Result
			bench(b, func(i int) { logs[i%len(logs)].Evaluate(shopContext, t0.UnixMilli(), &res) })
		})
		b.Run(fmt.Sprintf("bind/signals=%d", signals), func(b *testing.B) {
			var res Result
			bench(b, func(i int) { set.Bind(recs[i%len(recs)]).Evaluate(shopContext, t0.UnixMilli(), &res) })
		})
	}
}

func BenchmarkBind(b *testing.B) {
	set := mixedSet(b, time.UTC)
	for _, signals := range []int{32, 256, 1000} {
		r := rand.New(rand.NewPCG(1, uint64(signals)))
		recs := make([]*visitor.Record, 64)
		for i := range recs {
			recs[i] = shopper(r, signals)
		}
		b.Run(fmt.Sprintf("signals=%d", signals), func(b *testing.B) {
			bench(b, func(i int) { set.Bind(recs[i%len(recs)]) })
		})
	}
}

// bench reports how often f can be run in a second.
func bench(b *testing.B, f func(i int)) {
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		f(i)
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "evaluations/s")
}
