package segment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestSequence(t *testing.T) {
	checkAll(t, map[string]story{
		"in order": {"sequence: {steps: [{of: a}, {of: b}]}", "0s b\n1s a\n2s b", []moment{{"1s", "false", "forever"}, {"2s", "true", "forever"}}},
		"an earlier start is not forgotten": {
			"sequence: {steps: [{of: a}, {of: b, within: 10s}]}", "0s a\n5s a\n12s b", []moment{{"12s", "true", "forever"}},
		},
		"within and after, inclusive": {
			"sequence: {steps: [{of: a}, {of: b, after: 5s, within: 10s}]}", "0s a\n10s b", []moment{{"10s", "true", ""}},
		},
		"a minimum gap needs an older start": {
			"sequence: {steps: [{of: a}, {of: b, after: 10s}]}", "0s a\n9s a\n10s b", []moment{{"10s", "true", ""}},
		},
		"span, inclusive": {"sequence: {steps: [{of: a}, {of: b}, {of: c}], span: 10s}", "0s a\n1s b\n10s c\n11s c", []moment{{"10s", "true", ""}}},
		"span, exceeded":  {"sequence: {steps: [{of: a}, {of: b}, {of: c}], span: 10s}", "0s a\n1s b\n10001ms c", []moment{{"11s", "false", ""}}},
		"one signal serves one step": {
			"sequence: {steps: [{of: a}, {of: a}]}", "0s a", []moment{{"0s", "false", ""}},
		},
		"signals of one millisecond are in the order sent": {
			"sequence: {steps: [{of: a}, {of: b}]}", "0s b\n0s a", []moment{{"0s", "false", ""}},
		},
		"strictTime asks for a later millisecond": {
			"sequence: {steps: [{of: a}, {of: b, strictTime: true}]}", "0s a\n0s b\n1ms b", []moment{{"0s", "false", ""}, {"1ms", "true", ""}},
		},
		"without": {
			"sequence: {steps: [{of: a}, {of: b, without: x}]}", "0s a\n1s x\n2s b\n3s a\n4s b", []moment{{"2s", "false", ""}, {"4s", "true", ""}},
		},
		"without a step's own event": {
			"sequence: {steps: [{of: a}, {of: b, without: a}]}", "0s a\n1s a\n2s b", []moment{{"2s", "true", ""}},
		},
		"directly: other pages break it, clicks do not": {
			"sequence: {steps: [{of: 'page:a'}, {of: 'page:b', directly: page}]}",
			"0s page:a\n1s clicked\n2s page:b",
			[]moment{{"2s", "true", ""}},
		},
		"directly: broken": {
			"sequence: {steps: [{of: 'page:a'}, {of: 'page:b', directly: page}]}",
			"0s page:a\n1s page:c\n2s page:b",
			[]moment{{"2s", "false", ""}},
		},
		"same": {
			"sequence: {steps: [{of: a}, {of: b, same: id_}]}", "0s a id_=1\n1s a id_=2\n2s b id_=3\n3s b\n4s b id_=1.0", []moment{{"3s", "false", ""}, {"4s", "true", ""}},
		},
		"first takes the first only": {
			"sequence: {steps: [{of: a, first: true}, {of: b, within: 10s}]}", "0s a\n20s a\n21s b", []moment{{"21s", "false", ""}},
		},
		"several of a step, with the same property": {
			"sequence: {steps: [{of: c}, {of: a, times: 2, same: id_}, {of: b}]}", "-1s c id_=2\n0s a id_=1\n1s a id_=2\n2s b\n3s a id_=2\n4s b", []moment{{"2s", "false", ""}, {"4s", "true", ""}},
		},
		"completed: only the last step lies in the window": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {last: 1h}}", "0s a\n2h b", []moment{{"2h", "true", "3h"}, {"3h", "false", "forever"}},
		},
		"the latest completion counts": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {last: 1h}}", "0s a\n1s b\n30m b", []moment{{"30m", "true", "1h30m"}},
		},
		"all within: the latest start counts": {
			"sequence: {steps: [{of: a}, {of: b}], allWithin: {last: 1h}}", "0s a\n10m a\n20m b\n30m b", []moment{{"30m", "true", "1h10m"}, {"1h10m", "false", "forever"}},
		},
		"all within: the start counts, not how new the step between is": {
			"sequence: {steps: [{of: a}, {of: b, same: p}, {of: c}], allWithin: {last: 4s}}", "0s a p=1\n4s a p=2\n5s b p=2\n6s b p=1\n7s c", []moment{
				{"7s", "true", "8s"},
			},
		},
		"in one session": {
			"sequence: {steps: [{of: a}, {of: b}], in: session}", "0s a\n1h b\n1h1m a device=d2\n1h2m b device=d2", []moment{{"1h", "false", ""}, {"1h2m", "true", "forever"}},
		},
		"in one page view": {
			"sequence: {steps: [{of: a}, {of: b}], in: page}", "0s a\n1s b\n2s page\n3s a\n4s page\n5s b\n6s a\n7s b", []moment{{"5s", "false", ""}, {"7s", "true", ""}},
		},
		"in one day": {
			"sequence: {steps: [{of: a}, {of: b}], in: day}", "11h59m a\n12h b\n13h a\n14h b", []moment{{"12h", "false", ""}, {"14h", "true", ""}},
		},
		"in the current session": {
			"sequence: {steps: [{of: a}, {of: b}], allWithin: {session: current}}", "0s a\n1h b", []moment{{"1h", "false", "forever"}},
		},
		"completed in the current session": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {session: current}}", "0s a\n1h b\n2h c", []moment{{"1h", "true", "forever"}, {"2h", "false", "forever"}},
		},
		"times counts without overlap, each match as early as it ends": {
			"sequence: {steps: [{of: a}, {of: b}], times: {eq: 2}}", "0s a\n1s a\n2s b\n3s b\n4s a\n5s b", []moment{{"3s", "false", ""}, {"5s", "true", "forever"}},
		},
		"times in a window": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 2}, completed: {last: 1h}}", "0s a\n1m b\n2m a\n3m b", []moment{{"3m", "true", "1h1m"}, {"1h1m", "false", "forever"}},
		},
		"times wholly in a window": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 1}, allWithin: {last: 1h}}", "0s a\n1m b\n50m a\n1h1m b", []moment{
				{"1h", "false", "forever"}, {"1h1m", "true", "1h50m"}, {"1h50m", "false", "forever"},
			},
		},
		"times in any session": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 2}, allWithin: {session: any}}", "0s a\n1m b\n1h a\n1h1m b\n1h2m a\n1h3m b", []moment{
				{"1h1m", "false", ""}, {"1h3m", "true", "forever"},
			},
		},
	})
}

// The reference: SEMANTICS 2 (a) to (h) as they stand, by trying all signals
// for all steps.

// A bruteMatch tries to match a sequence.
type bruteMatch struct {
	seq  syntax.Sequence
	sigs []signal.Signal
	from int64 // of the first signal; of the last if the window is about that
	to   int64
}

func bruteForce(seq syntax.Sequence, sigs []signal.Signal, now int64) int {
	r := bruteMatch{seq: seq, sigs: nil, from: now - seq.Window.Last.Milliseconds() + 1, to: now}
	if seq.Window.Kind == syntax.Ever {
		r.from = 0
	}
	for _, s := range sigs {
		if s.At <= now {
			r.sigs = append(r.sigs, s)
		}
	}
	if len(seq.Times) == 0 {
		for end := range r.sigs {
			if r.ends(end, 0) && (seq.AllWithin || r.sigs[end].At >= r.from) {
				return 1
			}
		}
		return 0
	}
	n, start := 0, 0
	for end := range r.sigs {
		if r.ends(end, start) {
			start = end + 1
			if seq.AllWithin || r.sigs[end].At >= r.from {
				n++
			}
		}
	}
	return n
}

// ends reports whether a match ends at a signal and has none before start.
func (r *bruteMatch) ends(end, start int) bool { return r.try(nil, end, start) }

func (r *bruteMatch) try(taken []int, end, start int) bool {
	flat := r.flatSteps()
	if len(taken) == len(flat) {
		return taken[len(taken)-1] == end
	}
	lo := start
	if len(taken) > 0 {
		lo = taken[len(taken)-1] + 1
	}
	for i := lo; i <= end; i++ {
		if r.fits(flat, append(taken, i)) && r.try(append(slices.Clone(taken), i), end, start) {
			return true
		}
	}
	return false
}

type flatStep struct {
	syntax.Step
	again bool // a repetition within its step
}

func (r *bruteMatch) flatSteps() []flatStep {
	var out []flatStep
	for _, s := range r.seq.Steps {
		for k := range max(1, s.Times) {
			out = append(out, flatStep{s, k > 0})
		}
	}
	return out
}

// fits reports whether the last of the signals taken may be taken after the
// others.
func (r *bruteMatch) fits(flat []flatStep, taken []int) bool {
	i := len(taken) - 1
	s, sig := flat[i], r.sigs[taken[i]]
	if sig.Name != s.Match.Events[0].Name || r.seq.AllWithin && sig.At < r.from {
		return false
	}
	if s.First && !s.again {
		for _, earlier := range r.sigs[:taken[i]] {
			if earlier.Name == sig.Name {
				return false
			}
		}
	}
	if i == 0 {
		return true
	}
	prev, gap := r.sigs[taken[i-1]], sig.At-r.sigs[taken[i-1]].At
	if r.seq.Span != nil && sig.At-r.sigs[taken[0]].At > r.seq.Span.Milliseconds() || s.StrictTime && gap == 0 {
		return false
	}
	if r.seq.In == syntax.InDay && prev.At/day != sig.At/day {
		return false
	}
	for _, key := range s.Same {
		a, okA := prev.Props.Get(key)
		b, okB := sig.Props.Get(key)
		if !okA || !okB || a != b {
			return false
		}
	}
	if s.again {
		return true
	}
	if s.After != nil && gap < s.After.Milliseconds() || s.Within != nil && gap > s.Within.Milliseconds() {
		return false
	}
	for _, between := range r.sigs[taken[i-1]+1 : taken[i]] {
		for _, m := range s.Without {
			if between.Name == m.Events[0].Name {
				return false
			}
		}
		if s.Directly != nil && between.Name == s.Directly.Events[0].Name {
			return false
		}
	}
	return true
}

func event(name string) syntax.Match {
	return syntax.Match{Events: []syntax.Event{{Name: name}}}
}

func randomSequence(r *rand.Rand) syntax.Sequence {
	maybe := func(n int) *time.Duration {
		if r.IntN(3) > 0 {
			return nil
		}
		d := time.Duration(r.IntN(n)) * time.Millisecond
		return &d
	}
	seq := syntax.Sequence{Span: maybe(15), AllWithin: r.IntN(2) == 0}
	for range 1 + r.IntN(3) {
		s := syntax.Step{Match: event(string("abc"[r.IntN(3)])), Times: 1, After: maybe(6), Within: maybe(9)}
		s.First, s.StrictTime = r.IntN(8) == 0, r.IntN(6) == 0
		if r.IntN(4) == 0 {
			s.Times = 2
		}
		if r.IntN(3) == 0 {
			s.Same = []string{"p"}
		}
		switch r.IntN(5) {
		case 0:
			s.Without = []syntax.Match{event(string("abcx"[r.IntN(4)]))}
		case 1:
			s.Directly = &syntax.Stream{Events: event(string("ax"[r.IntN(2)])).Events}
		}
		seq.Steps = append(seq.Steps, s)
	}
	if r.IntN(5) == 0 {
		seq.In = syntax.InDay
	}
	if r.IntN(2) == 0 {
		seq.Window = syntax.Window{Kind: syntax.LastWindow, Last: time.Duration(1+r.IntN(20)) * time.Millisecond}
	}
	if r.IntN(3) == 0 {
		seq.Times = []syntax.Cmp{{Op: []syntax.TestOp{syntax.Gte, syntax.Eq, syntax.Lt}[r.IntN(3)], Value: float64(r.IntN(3))}}
	}
	return seq
}

// randomLog returns signals a, b, c and x about midnight; half of them with
// many in the same millisecond, half with none.
func randomLog(r *rand.Rand) []signal.Signal {
	midnight := t0.Add(12 * time.Hour).UnixMilli()
	sigs := make([]signal.Signal, r.IntN(13))
	ties := r.IntN(2) == 0
	apart := r.Perm(18)
	for i := range sigs {
		sigs[i] = signal.Signal{
			ID: fmt.Sprint(i), Name: string("abcx"[r.IntN(4)]), At: midnight - 6 + int64(r.IntN(18)), Pos: r.IntN(3),
			Props: signal.Props{{Key: "p", Value: signal.NumberOf(float64(r.IntN(2)))}},
		}
		if !ties {
			sigs[i].At = midnight - 6 + int64(apart[i])
		}
		if r.IntN(6) == 0 {
			sigs[i].Props = nil
		}
	}
	slices.SortFunc(sigs, signal.Compare)
	return sigs
}

// TestSequenceAgainstBruteForce draws half of its cases anew each time; what
// fails names the seed.
func TestSequenceAgainstBruteForce(t *testing.T) {
	held := 0
	for _, seed := range []uint64{1, rand.Uint64()} {
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range 20_000 {
			c := sequenceCase{seq: randomSequence(r), sigs: randomLog(r), now: t0.Add(12*time.Hour).UnixMilli() + int64(r.IntN(25)) - 6}
			c.name = fmt.Sprintf("seed %d, case %d", seed, i)
			if c.check(t, i%8 == 0) {
				held++
			}
		}
	}
	require.Greater(t, held, 8000, "the cases are too easy")
}

// A sequenceCase is a sequence asked of a log.
type sequenceCase struct {
	name string
	seq  syntax.Sequence
	sigs []signal.Signal
	now  int64
}

// check holds the matcher to the reference: its answer and, if asked, until when
// it holds. It returns whether the sequence holds.
func (c sequenceCase) check(t *testing.T, horizon bool) bool {
	var res Result
	compileCond(t, c.seq, Options{}).Bind(&visitor.Record{Signals: c.sigs}).Evaluate(nil, c.now, &res)
	want := holdsFor(c.seq, bruteForce(c.seq, c.sigs, c.now))
	if (len(res.Members) == 1) != want {
		t.Fatalf("%s: got %v, want %v at %d\n%s\n%s", c.name, !want, want, c.now-t0.UnixMilli(), syntax.Format(c.seq), formatLog(c.sigs))
	}
	if !horizon {
		return want
	}
	there := slices.DeleteFunc(slices.Clone(c.sigs), func(s signal.Signal) bool { return s.At > c.now })
	for later := c.now + 1; later < c.now+45; later++ { // nothing new is sent
		if changed := holdsFor(c.seq, bruteForce(c.seq, there, later)) != want; changed || later == res.ValidUntil {
			require.True(t, changed, "%s: %s: valid until %d is early", c.name, syntax.Format(c.seq), later)
			require.Equal(t, later, res.ValidUntil, "%s: %s", c.name, syntax.Format(c.seq))
			break
		}
	}
	return want
}

func holdsFor(seq syntax.Sequence, n int) bool {
	if len(seq.Times) == 0 {
		return n > 0
	}
	return relations[seq.Times[0].Op].holds(float64(n), seq.Times[0].Value.(float64))
}

func formatLog(sigs []signal.Signal) string {
	var b strings.Builder
	for _, s := range sigs {
		fmt.Fprintf(&b, "%d %s %v\n", s.At-t0.UnixMilli(), s.Name, s.Props)
	}
	return b.String()
}
