package backtest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// shopRules are 20 rules as a shop has them.
var shopRules = []string{
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
	"count: {of: Product Removed, last: 1d}",
	"trait: {plan: {in: [pro, team]}}",
	"any: [{context: {country: DE}}, {context: {utm_source: newsletter}}]",
	"all: [{segment: a}, {not: {segment: f}}]",
}

// shopper returns the record of a visitor of a shop who has sent so many
// signals in about the month before t0, about eight in a visit.
func shopper(r *rand.Rand, signals int) *visitor.Record {
	events := []string{"Product Viewed", "Product Viewed", "Product Viewed", "page", "page", "page", "Heartbeat", "Product Added", "Order Completed"}
	paths := []string{"/pricing", "/blog/a", "/blog/b", "/home"}
	sigs := make([]signal.Signal, signals)
	at := t0.AddDate(0, 0, -30).UnixMilli()
	for i := range sigs {
		if i%8 == 0 {
			at += r.Int64N(8 * 2 * 30 * 86_400_000 / int64(signals))
		}
		at += r.Int64N(120_000)
		s := signal.Signal{ID: fmt.Sprintf("s%04d", i), Name: events[r.IntN(len(events))], At: min(at, t0.UnixMilli()), Pos: i, Device: "d"}
		s.Props = signal.Props{
			{Key: "category", Value: signal.TextOf([]string{"shoes", "bags", "hats"}[r.IntN(3)])},
			{Key: "context.device.type", Value: signal.TextOf("mobile")},
			{Key: "price", Value: signal.NumberOf(r.Float64() * 100)},
			{Key: "product_id", Value: signal.TextOf(fmt.Sprint(r.IntN(20)))},
			{Key: "total", Value: signal.NumberOf(r.Float64() * 100)},
		}
		if s.Name == "page" {
			s.Type, s.Name = signal.Page, ""
			s.Props = append(s.Props, signal.Prop{Key: "path", Value: signal.TextOf(paths[r.IntN(len(paths))])})
			s.Props.Sort()
		}
		sigs[i] = s
	}
	return &visitor.Record{Signals: sigs}
}

// BenchmarkRun replays 4,096 visitors of 256 signals, all in the period: in 20
// candidates, and in one candidate that is compared with 20 live segments.
func BenchmarkRun(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 256))
	all := make([]*visitor.Record, 4096)
	for i := range all {
		all[i] = shopper(r, 256)
	}
	shop := setOf(b, shopRules...)
	for _, c := range []struct {
		name  string
		set   *segment.Set
		live  *segment.Set
		rules int
	}{
		{"candidates=20", shop, nil, len(shopRules)},
		{"candidates=1", setOf(b, shopRules[1]), nil, 1},
		{"candidates=1/live=20", setOf(b, shopRules[1]), shop, len(shopRules) + 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			opts := Options{From: t0.AddDate(0, 0, -30), To: t0, Live: c.live}
			for b.Loop() {
				_, err := Run(b.Context(), records(all...), c.set, opts)
				require.NoError(b, err)
			}
			signals := float64(len(all)*256*b.N) / b.Elapsed().Seconds()
			b.ReportMetric(signals, "signals/s")
			b.ReportMetric(signals*float64(c.rules), "signals×rules/s")
		})
	}
}
