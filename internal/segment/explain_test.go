package segment

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var update = flag.Bool("update", false, "write the golden files anew")

const shopping = `
	0s page:Home path=/ referrer=https://www.example.org/ context.device.type=mobile
	10s Product_Viewed product_id=a price=20
	20s heartbeat interval=20
	1m Product_Viewed product_id=b price=80
	2m Product_Added product_id=b
	3m identify plan=pro
	4m scroll percent=60`

// TestExplain holds explanations of each operator to testdata/explain.txt.
func TestExplain(t *testing.T) {
	rules := []string{
		"count: {of: Product Viewed, session: current, gte: 3}",
		"count: {of: Product Viewed, distinct: product_id, last: 1h, gte: 2}",
		"count: {of: Product Viewed, session: any, gte: 2}",
		"sum: {of: Product Viewed, property: price, today: true, gte: 100}",
		"avg: {of: Order Completed, property: price, gte: 100}",
		"recency: {of: Product Added, atMost: 1h}",
		"recency: {of: Order Completed, atLeast: 1h}",
		"never: {of: Product Added}",
		"sequence: {steps: [{of: Product Viewed}, {of: Product Added, same: product_id}], completed: {last: 1h}}",
		"sequence: {steps: [{of: Product Viewed}, {of: Product Added}, {of: Order Completed}]}",
		"sequence: {steps: [{of: Product Viewed}, {of: Product Added}], completed: {last: 1m}}",
		"absence: {of: Product Added, without: Order Completed, for: 30m}",
		"absence: {of: Product Viewed, without: Product Added, for: 30m}",
		"absence: {of: Product Viewed, without: Order Completed, for: 2m, mode: once}",
		"session: {pages: {gte: 1}, duration: {gte: 5m}, entry: {path: /}, referrer: {contains: example}, returning: true, returnedWithin: 7d}",
		"dwell: {on: {path: /}, gte: 10s}",
		"dwell: {on: {path: /pricing}, gte: 10s}",
		"scroll: {on: {path: /}, gte: 50}",
		"score: {of: [{event: Product Viewed, weight: 1}, {event: Product Added, weight: 5}], halfLife: 1h, gte: 6}",
		"trait: {plan: pro}",
		"trait: {plan: pro, company: {exists: true, ne: Acme}}",
		"context: {device: mobile, country: DE, hour: {between: [9, 17]}}",
		"all: [{not: {segment: other}}, {any: [{never: {of: a}}, {trait: {plan: free}}]}]",
	}
	var out strings.Builder
	for _, rule := range rules {
		cond, err := syntax.ParseCond("rule", []byte(rule))
		require.NoError(t, err, rule)
		other, err := syntax.ParseCond("other", []byte("count: {of: Product Added, last: 2h}"))
		require.NoError(t, err)
		set, err := Compile([]syntax.Definition{{Key: "x", When: cond}, {Key: "other", When: other, Status: syntax.Draft}}, Options{})
		require.NoError(t, err)
		x, err := set.Explain(record(t, shopping), "x", nil, at(t, "5m"))
		require.NoError(t, err)
		fmt.Fprintf(&out, "member %v, valid until %s\n", x.Member, clock(x.ValidUntil))
		writeProof(&out, x.Proof, 1)
		out.WriteByte('\n')
	}
	golden(t, "explain.txt", out.String())
}

func writeProof(out *strings.Builder, p *Proof, depth int) {
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(out, "%s%s\n%s  %s; until %s", indent, p.Text, indent, p.Truth, clock(p.Until))
	if p.Found != "" || p.Wanted != "" {
		fmt.Fprintf(out, "; found %q, wanted %q", p.Found, p.Wanted)
	}
	if p.Reason != "" {
		fmt.Fprintf(out, "; %s", p.Reason)
	}
	for _, s := range p.Signals {
		fmt.Fprintf(out, "; %s %s at %s", s.ID, s.Event, clock(s.At))
	}
	out.WriteByte('\n')
	for _, part := range p.Of {
		writeProof(out, part, depth+1)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the tests with -update to write it")
	require.Equal(t, string(want), got)
}

func TestExplainIsPlain(t *testing.T) {
	set := compileRule(t, "count: {of: a, last: 1h}", Options{})
	x, err := set.Explain(record(t, "0s a"), "x", nil, at(t, "1m"))
	require.NoError(t, err)
	require.Equal(t, "x", x.Segment)
	require.Equal(t, syntax.Describe(set.Definition(0).When), x.Proof.Plain)
	require.Equal(t, at(t, "0s"), x.Since)
	_, err = set.Explain(record(t, ""), "y", nil, 0)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

func TestExplainSaysSinceWhenTheRecordIsComplete(t *testing.T) {
	trimmed, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 1}, parseSignals(t, "0s a\n1h a")...)
	x, err := compileRule(t, "count: {of: a, where: {p: 1}}", Options{}).Explain(trimmed, "x", nil, at(t, "2h"))
	require.NoError(t, err)
	require.True(t, x.Truncated)
	require.Equal(t, at(t, "1ms"), x.Since)
}

func TestExplainCitesTheLatestTwenty(t *testing.T) {
	x, err := compileRule(t, "count: {of: v}", Options{}).Explain(distinctSignals(50), "x", nil, Forever-1)
	require.NoError(t, err)
	require.Len(t, x.Proof.Signals, 20)
	require.Equal(t, "s00049", x.Proof.Signals[0].ID)
	require.Equal(t, "50", x.Proof.Found)
}

func TestRunExamples(t *testing.T) {
	defs, err := syntax.Parse("shop.yaml", []byte(`
segment: shopper
name: Shoppers
soWhat: Show reviews
when:
  all:
    - count: { of: Product Viewed, distinct: product_id, session: current, gte: 2 }
    - context: { device: mobile, hour: 12, weekday: mon }
examples:
  - name: two products
    signals: |
      0s  Product Viewed product_id=a
      20s product_viewed properties.product_id=b
    at: 1m
    context: { device: mobile }
    member: true
  - name: too few
    signals: |
      0s  Product Viewed product_id=a
    at: 1m
    context: { device: mobile }
    member: true
  - name: nothing known of the device
    signals: |
      0s  Product Viewed product_id=a
      1s  Product Viewed product_id=b
    at: 1m
    member: false
  - name: wrongly out
    signals: |
      0s  page:home path=/
      1s  identify plan=pro
      2s  Product Viewed product_id=a product_id=b
    at: 1m
    context: { device: mobile }
    member: false
`))
	require.NoError(t, err)
	for _, zone := range []*time.Location{nil, newYork} {
		set, err := Compile(defs, Options{Zone: zone})
		require.NoError(t, err)
		failures := set.RunExamples()
		require.Len(t, failures, 2)
		require.Equal(t, "too few", failures[0].Example)
		require.ErrorContains(t, failures[0], `shop.yaml:17:5: example "too few" of segment shopper: the visitor should be a member and is not: `)
		require.ErrorContains(t, failures[0], "is false, found 1")
		require.ErrorContains(t, failures[1], "should not be a member and is")
	}
}

// What an example says must not depend on settings of the project, nor on what
// has been uploaded.
func TestExamplesStandByThemselves(t *testing.T) {
	defs, err := syntax.Parse("shop.yaml", []byte(`
segment: lunch
name: Lunch
soWhat: The menu
timezone: Asia/Tokyo
when: { all: [{ context: { hour: 12 } }, { not: { list: staff } }] }
examples:
  - { name: at noon, at: 59m, member: true }
  - { name: later, at: 1h, member: false }
`))
	require.NoError(t, err)
	for _, lists := range []Options{{}, {Zone: newYork, Lists: uploads(map[string]idSet{"staff": {"example"}})}} {
		set, err := Compile(defs, lists)
		require.NoError(t, err)
		require.Empty(t, set.RunExamples())
	}
}

func TestRedactedExplanationsHaveNoValues(t *testing.T) {
	rec := record(t, "-5m a p=secret-1 n=77001\n-4m identify plan=secret-2\n-3m page path=/secret-3 context.utm_source=secret-4")
	rule := `all: [{latest: {of: a, property: p, eq: x}}, {max: {of: a, property: n, gt: 1}}, {mode: {of: a, property: p, eq: y}},
		{trait: {plan: pro}}, {context: {utm_source: x, path: /}}, {context: {device: mobile}}, {count: {of: a, distinct: p}},
		{session: {entry: {path: /}}}]`
	set := compileRule(t, rule, Options{})
	e, err := set.Explain(rec, "x", Context{"device": signal.TextOf("secret-5")}, at(t, "0s"))
	require.NoError(t, err)
	whole, err := json.Marshal(e)
	require.NoError(t, err)
	for _, value := range []string{"secret-1", "77001", "secret-2", "secret-4", "secret-5"} {
		require.Contains(t, string(whole), value, "there is something to redact")
	}
	e.Redact()
	whole, err = json.Marshal(e)
	require.NoError(t, err)
	require.NotRegexp(t, `secret-\d|77001`, string(whole))
}
