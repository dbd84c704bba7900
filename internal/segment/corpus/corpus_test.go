package corpus_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/corpus"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func load(t *testing.T) []corpus.Case {
	t.Helper()
	cases, err := corpus.Load(os.DirFS("../testdata/corpus"))
	require.NoError(t, err)
	require.Greater(t, len(cases), 150)
	return cases
}

// answer is that of this implementation, asked in process.
func answer(t *testing.T, c corpus.Case) corpus.Answer {
	t.Helper()
	defs, err := syntax.Parse(c.Name, c.Definition)
	require.NoError(t, err)
	opts, limits := segment.Options{WeekStart: time.Monday}, visitor.Limits{MaxSignals: c.Settings.MaxSignals}
	opts.Zone, err = time.LoadLocation(c.Settings.Timezone)
	require.NoError(t, err)
	if c.Settings.SessionGap != "" {
		opts.SessionGap, err = syntax.ParseDuration(c.Settings.SessionGap)
		require.NoError(t, err)
		limits.SessionGap = opts.SessionGap
	}
	set, err := segment.Compile(defs, opts)
	require.NoError(t, err)
	rec := &visitor.Record{ID: c.Name}
	lateness := time.Duration(0)
	if c.Live {
		lateness = 7 * 24 * time.Hour
	}
	for _, batch := range c.InBatches() {
		for i, raw := range batch {
			m, err := signal.DecodeMessage(raw)
			require.NoError(t, err)
			rec, _ = rec.With(limits, m.Signal(m.ReceivedAt, time.Time{}, i, lateness))
		}
	}
	ctx := segment.Context{}
	for name, value := range c.Context {
		ctx[name] = signal.TextOf(value)
	}
	e, err := set.Explain(rec, c.Name, ctx, c.At.UnixMilli())
	require.NoError(t, err)
	a := corpus.Answer{Member: e.Member, Unknown: e.Truth == "unknown", Truncated: e.Truncated, Saturated: e.Saturated, Proof: nodeOf(e.Proof)}
	if e.ValidUntil != segment.Forever {
		a.ValidUntil = time.UnixMilli(e.ValidUntil)
	}
	return a
}

func nodeOf(p *segment.Proof) *corpus.Node {
	n := &corpus.Node{Truth: p.Truth}
	for _, part := range p.Of {
		n.Of = append(n.Of, *nodeOf(part))
	}
	return n
}

func TestEveryCaseHolds(t *testing.T) {
	for _, c := range load(t) {
		t.Run(c.Name, func(t *testing.T) {
			require.Empty(t, c.Differences(answer(t, c)), c.Why)
		})
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	var c corpus.Case
	for _, c = range load(t) {
		if c.Name == "unknown-and-false" {
			break
		}
	}
	a := answer(t, c)
	require.Empty(t, c.Differences(a))
	a.Member, a.Unknown, a.Truncated, a.Saturated, a.ValidUntil = true, true, true, true, c.At
	a.Proof.Of[1].Truth = "true"
	require.Equal(t, []string{
		"member should be false and is true", "unknown should be false and is true",
		"validUntil should be never and is 2026-03-04T12:00:02.000Z",
		"truncated should be false and is true", "saturated should be false and is true",
		"the condition /all/1 should be false and is true",
	}, c.Differences(a))
}

func TestWhatIsNoCaseIsRefused(t *testing.T) {
	good := `{"name": "a", "why": "x", "definition": {"segment": "a", "when": {}}, "signals": [], "at": "2026-03-04T12:00:00Z", "expected": {"member": true, "validUntil": null, "unknown": false}}`
	for src, want := range map[string]string{
		"[" + good + "," + good + "]":                                        "a: the name occurs in",
		"[" + strings.Replace(good, `"a"`, `"b"`, 1) + "]":                   `case 0 (b): the key of the segment is "a" and must be the name`,
		"[" + strings.Replace(good, `"why"`, `"because"`, 1) + "]":           `unknown field "because"`,
		"[" + strings.Replace(good, `"x"`, `""`, 1) + "]":                    "why, definition.when and at are needed",
		"[" + strings.Replace(good, `"at"`, `"batches": [1], "at"`, 1) + "]": "batches must be of all signals",
	} {
		_, err := corpus.Load(fstest.MapFS{"c.json": {Data: []byte(src)}})
		require.ErrorContains(t, err, want)
	}
	_, err := corpus.Load(fstest.MapFS{})
	require.ErrorContains(t, err, "no .json files")
	require.True(t, json.Valid([]byte(good)))
}
