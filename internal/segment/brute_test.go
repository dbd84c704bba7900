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

// The reference: SEMANTICS 2 (a) to (h) as they stand, by trying all signals
// for all steps.

// A bruteForce knows a sequence and the signals that exist at an instant.
type bruteForce struct {
	seq      syntax.Sequence
	steps    []bruteStep
	sigs     []signal.Signal
	sessions []int // of each signal
	pages    []int // position of the page view that each belongs to; -1 = none
	now      int64
}

type bruteStep struct {
	syntax.Step
	again bool // a repetition within its step
}

// bruteGap is the pause that ends a session.
const bruteGap = 4 * time.Millisecond

func newBruteForce(seq syntax.Sequence, sigs []signal.Signal, now int64) *bruteForce {
	r := &bruteForce{seq: seq, now: now}
	for _, s := range seq.Steps {
		for k := range max(1, s.Times) {
			r.steps = append(r.steps, bruteStep{s, k > 0})
		}
	}
	last := map[string]int{} // position of each device's latest signal
	page := map[string]int{} // and of its page view
	sessions := 0
	for _, s := range sigs {
		if s.At > now {
			continue
		}
		i := len(r.sigs)
		session := sessions
		if prev, known := last[s.Device]; known && s.At-r.sigs[prev].At < bruteGap.Milliseconds() {
			session = r.sessions[prev]
		} else {
			sessions++
		}
		if s.Type == signal.Page {
			page[s.Device] = i
		}
		view, known := page[s.Device]
		if !known {
			view = -1
		}
		last[s.Device] = i
		r.sigs, r.sessions, r.pages = append(r.sigs, s), append(r.sessions, session), append(r.pages, view)
	}
	return r
}

// holds reports whether the sequence does.
func (r *bruteForce) holds() bool {
	n := len(r.sigs)
	switch w := r.seq.Window; w.Kind {
	case syntax.AnySession:
		for session := range n {
			if slices.Contains(r.sessions, session) && r.enough(func(i int) bool { return r.sessions[i] == session }) {
				return true
			}
		}
		return false
	case syntax.CurrentSession:
		return r.enough(func(i int) bool { return r.sessions[i] == r.sessions[n-1] })
	case syntax.Ever:
		return r.enough(func(int) bool { return true })
	default:
		return r.enough(func(i int) bool {
			ago := time.Duration(r.now-r.sigs[i].At) * time.Millisecond
			return w.From <= ago && ago < w.Last
		})
	}
}

// enough reports whether as many matches as are asked for end in a window, or
// lie in it as a whole.
func (r *bruteForce) enough(window func(i int) bool) bool {
	mayTake := func(int) bool { return true }
	if r.seq.AllWithin {
		mayTake = window
	}
	n, start := 0, 0
	for end := range r.sigs {
		if !r.match(nil, end, start, mayTake) {
			continue
		}
		if window(end) {
			n++
		}
		if len(r.seq.Times) > 0 {
			start = end + 1
		}
	}
	if len(r.seq.Times) == 0 {
		return n > 0
	}
	return relations[r.seq.Times[0].Op].holds(float64(n), r.seq.Times[0].Value.(float64))
}

// match reports whether a match that begins as taken, or at start or later, ends
// at a signal.
func (r *bruteForce) match(taken []int, end, start int, mayTake func(i int) bool) bool {
	if len(taken) == len(r.steps) {
		return taken[len(taken)-1] == end
	}
	lo := start
	if len(taken) > 0 {
		lo = taken[len(taken)-1] + 1
	}
	for i := lo; i <= end; i++ {
		if mayTake(i) && r.fits(append(taken, i)) && r.match(append(slices.Clone(taken), i), end, start, mayTake) {
			return true
		}
	}
	return false
}

// fits reports whether the last of the signals taken may be taken after the
// others.
func (r *bruteForce) fits(taken []int) bool {
	k := len(taken) - 1
	s, i := r.steps[k], taken[k]
	if !is(r.sigs[i], s.Match) || r.seq.In == syntax.InPage && r.pages[i] < 0 {
		return false
	}
	if s.First && !s.again && slices.ContainsFunc(r.sigs[:i], func(earlier signal.Signal) bool { return is(earlier, s.Match) }) {
		return false
	}
	return k == 0 || r.follows(s, taken[k-1], i) && r.together(taken[k-1], i) &&
		(r.seq.Span == nil || r.sigs[i].At-r.sigs[taken[0]].At <= r.seq.Span.Milliseconds())
}

// follows reports whether the signal at i may be taken for step s after the one
// at prev.
func (r *bruteForce) follows(s bruteStep, prev, i int) bool {
	gap := time.Duration(r.sigs[i].At-r.sigs[prev].At) * time.Millisecond
	if s.StrictTime && gap == 0 {
		return false
	}
	for _, key := range s.Same {
		a, okA := r.sigs[prev].Props.Get(key)
		b, okB := r.sigs[i].Props.Get(key)
		if !okA || !okB || a != b {
			return false
		}
	}
	if s.again {
		return true
	}
	if s.After != nil && gap < *s.After || s.Within != nil && gap > *s.Within {
		return false
	}
	for _, between := range r.sigs[prev+1 : i] {
		for _, m := range s.Without {
			if is(between, m) {
				return false
			}
		}
		if s.Directly != nil && is(between, syntax.Match{Events: s.Directly.Events}) {
			return false
		}
	}
	return true
}

// together reports whether two signals lie in what the sequence has to lie in.
func (r *bruteForce) together(i, k int) bool {
	switch r.seq.In {
	case syntax.InDay:
		return r.sigs[i].At/day == r.sigs[k].At/day
	case syntax.InSession:
		return r.sessions[i] == r.sessions[k]
	case syntax.InPage:
		return r.pages[i] == r.pages[k]
	default:
		return true
	}
}

func is(s signal.Signal, m syntax.Match) bool {
	return slices.ContainsFunc(m.Events, func(e syntax.Event) bool {
		switch e.Kind {
		case syntax.AnyEvent:
			return true
		case syntax.PageEvent:
			return s.Type == signal.Page
		default:
			return s.Type == signal.Track && s.Name == e.Name
		}
	})
}

func randomMatch(r *rand.Rand, events string) syntax.Match {
	var m syntax.Match
	for range 1 + r.IntN(4)/3 {
		e := syntax.Event{Name: string(events[r.IntN(len(events))])}
		switch e.Name {
		case "p":
			e = syntax.Event{Kind: syntax.PageEvent}
		case "*":
			e = syntax.Event{Kind: syntax.AnyEvent}
		}
		m.Events = append(m.Events, e)
	}
	return m
}

// randomSequence returns a sequence with a few of the options there are, so that
// each of them decides now and then.
func randomSequence(r *rand.Rand) syntax.Sequence {
	few := 1 + r.IntN(4)
	has := func() bool { return r.IntN(10) < few }
	upTo := func(n int) *time.Duration {
		if !has() {
			return nil
		}
		d := time.Duration(r.IntN(n)) * time.Millisecond
		return &d
	}
	seq := syntax.Sequence{Span: upTo(15)}
	for range 1 + r.IntN(3) {
		s := syntax.Step{Match: randomMatch(r, "aaabbbcp"), Times: 1, After: upTo(9), Within: upTo(12)}
		s.First, s.StrictTime = r.IntN(20) < few, has()
		if has() {
			s.Times = 2
		}
		if has() {
			s.Same = []string{"p"}
		}
		if has() {
			s.Without = []syntax.Match{randomMatch(r, "abcx"), randomMatch(r, "xp")}[:1+r.IntN(2)]
		}
		if has() && len(s.Without) == 0 {
			s.Directly = &syntax.Stream{Events: randomMatch(r, "axpp*").Events}
		}
		seq.Steps = append(seq.Steps, s)
	}
	if scopes := []syntax.Scope{syntax.InDay, syntax.InSession, syntax.InPage}; has() {
		seq.In = scopes[r.IntN(len(scopes))]
	}
	if has() {
		seq.Window, seq.AllWithin = randomWindow(r), r.IntN(2) == 0
	}
	if has() {
		seq.Times = []syntax.Cmp{{Op: []syntax.TestOp{syntax.Gte, syntax.Eq, syntax.Lt}[r.IntN(3)], Value: float64(r.IntN(3))}}
	}
	return seq
}

func randomWindow(r *rand.Rand) syntax.Window {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	switch last := 1 + r.IntN(20); r.IntN(5) {
	case 0:
		return syntax.Window{Kind: syntax.BetweenWindow, From: ms(r.IntN(last + 1)), Last: ms(last)}
	case 1:
		return syntax.Window{Kind: syntax.CurrentSession}
	case 2:
		return syntax.Window{Kind: syntax.AnySession}
	default:
		return syntax.Window{Kind: syntax.LastWindow, Last: ms(last)}
	}
}

// randomLog returns signals a, b, c and x and page views about midnight, of one
// device or two; half of the logs have many in the same millisecond, half none.
func randomLog(r *rand.Rand) []signal.Signal {
	midnight := t0.Add(12 * time.Hour).UnixMilli()
	sigs := make([]signal.Signal, max(r.IntN(13), r.IntN(13)))
	ties, devices := r.IntN(2) == 0, 1+r.IntN(2)
	apart := r.Perm(18)
	for i := range sigs {
		sigs[i] = signal.Signal{
			ID: fmt.Sprint(i), Name: string("aaabbbcxp"[r.IntN(9)]), At: midnight - 6 + int64(r.IntN(18)), Pos: r.IntN(3),
			Device: fmt.Sprint(r.IntN(devices)), Props: signal.Props{{Key: "p", Value: signal.NumberOf(float64(r.IntN(2)))}},
		}
		if sigs[i].Name == "p" {
			sigs[i].Type, sigs[i].Name = signal.Page, ""
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
	reached := map[string]int{}
	for _, seed := range []uint64{1, rand.Uint64()} {
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range 20_000 {
			c := sequenceCase{seq: randomSequence(r), sigs: randomLog(r), now: t0.Add(12*time.Hour).UnixMilli() + int64(max(r.IntN(25), r.IntN(25))) - 6}
			c.name = fmt.Sprintf("seed %d, case %d", seed, i)
			c.check(t, i%10 == 0, reached)
		}
	}
	// Of what must have decided some cases, how many at least.
	for what, least := range map[string]int{"holds": 10_000, "minimum gap": 12, "order within a millisecond": 6, "without": 6, "scope": 30} {
		require.Greater(t, reached[what], least, "the cases are too easy: %s", what)
	}
}

// A sequenceCase is a sequence asked of a log.
type sequenceCase struct {
	name string
	seq  syntax.Sequence
	sigs []signal.Signal
	now  int64
}

// check holds the matcher to the reference: its answer and, if asked, until when
// it holds and what decided. It counts what was reached.
func (c sequenceCase) check(t *testing.T, closely bool, reached map[string]int) {
	var res Result
	compileCond(t, c.seq, Options{SessionGap: bruteGap}).Bind(&visitor.Record{Signals: c.sigs}).Evaluate(nil, c.now, &res)
	want := newBruteForce(c.seq, c.sigs, c.now).holds()
	if (len(res.Members) == 1) != want {
		t.Fatalf("%s: got %v, want %v at %d\n%s\n%s", c.name, !want, want, c.now-t0.UnixMilli(), syntax.Format(c.seq), formatLog(c.sigs))
	}
	if want {
		reached["holds"]++
	}
	if !closely {
		return
	}
	for what, other := range c.others() {
		if newBruteForce(other.seq, other.sigs, c.now).holds() != want {
			reached[what]++
		}
	}
	there := slices.DeleteFunc(slices.Clone(c.sigs), func(s signal.Signal) bool { return s.At > c.now })
	for later := c.now + 1; later < c.now+45; later++ { // nothing new is sent
		if changed := newBruteForce(c.seq, there, later).holds() != want; changed || later == res.ValidUntil {
			require.True(t, changed, "%s: %s: valid until %d is early", c.name, syntax.Format(c.seq), later)
			require.Equal(t, later, res.ValidUntil, "%s: %s", c.name, syntax.Format(c.seq))
			break
		}
	}
}

// others are cases that differ from c by what they are named after. Where the
// answer differs too, it was that which decided.
func (c sequenceCase) others() map[string]sequenceCase {
	gaps, without, scope, order := c, c, c, c
	gaps.seq.Steps, without.seq.Steps = slices.Clone(c.seq.Steps), slices.Clone(c.seq.Steps)
	for i := range c.seq.Steps {
		gaps.seq.Steps[i].After = nil
		without.seq.Steps[i].Without, without.seq.Steps[i].Directly = nil, nil
	}
	scope.seq.In = syntax.InVisitor
	order.sigs = slices.Clone(c.sigs)
	slices.Reverse(order.sigs)
	slices.SortStableFunc(order.sigs, func(a, b signal.Signal) int { return int(a.At - b.At) })
	return map[string]sequenceCase{"minimum gap": gaps, "without": without, "scope": scope, "order within a millisecond": order}
}

func formatLog(sigs []signal.Signal) string {
	var b strings.Builder
	for _, s := range sigs {
		fmt.Fprintf(&b, "%d %s %s of %s %v\n", s.At-t0.UnixMilli(), s.Type, s.Name, s.Device, s.Props)
	}
	return b.String()
}
