package whatif

import (
	"fmt"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/visitor"
)

// Examples proposes unit tests for the rule of a segment: the fewest signals
// that were found to make a new visitor a member, and a near miss. They come
// true as they are; whether they show what was meant is for people to say.
// There are none if no member was found. The error is a fault.NotFound for an
// unknown segment.
func Examples(set *segment.Set, key string) ([]syntax.Example, error) {
	i, ok := set.Index(key)
	if !ok {
		return nil, fault.New(fault.NotFound, "there is no segment %q", key)
	}
	q := Question{Set: set, Segment: key, Record: &visitor.Record{ID: "example"}, At: set.ExampleStart(i).UnixMilli()}
	enter, err := q.Enter()
	if err != nil || enter == nil {
		return nil, err
	}
	s := &search{Question: q}
	hit := inSeconds(fromZero(*enter))
	if !s.reaches(hit) { // the hour of the day matters
		hit = inSeconds(*enter)
	}
	if !s.reaches(hit) {
		return nil, nil
	}
	examples := []syntax.Example{example("a member", hit, true)}
	if miss, name, ok := q.miss(hit); ok {
		examples = append(examples, example(name, inSeconds(miss), false))
	}
	fails := func(e syntax.Example) bool { return set.RunExample(i, e) != "" }
	return slices.DeleteFunc(examples, fails), nil
}

func example(name string, w Way, member bool) syntax.Example {
	return syntax.Example{Name: name, Signals: w.Signals, At: w.After, Member: member}
}

// fromZero lets a way begin at once.
func fromZero(w Way) Way {
	if len(w.Signals) == 0 {
		return w
	}
	first := w.Signals[0].At
	w.Signals = slices.Clone(w.Signals)
	for i := range w.Signals {
		w.Signals[i].At -= first
	}
	w.After -= first
	return w
}

// inSeconds rounds the times of a way up to what can be written.
func inSeconds(w Way) Way {
	up := func(d time.Duration) time.Duration { return (d + time.Second - 1).Truncate(time.Second) }
	w.Signals = slices.Clone(w.Signals)
	for i := range w.Signals {
		w.Signals[i].At = up(w.Signals[i].At)
	}
	w.After = up(w.After)
	return w
}

// miss returns what is nearly hit and is no membership: without its last
// signal, or too soon, or with a signal too many.
func (q Question) miss(hit Way) (miss Way, name string, ok bool) {
	s := &search{Question: q}
	if n := len(hit.Signals); n > 0 {
		miss = Way{hit.Signals[:n-1], hit.After}
		if !s.reaches(miss) {
			return miss, fmt.Sprintf("one %s too few", hit.Signals[n-1].Event), true
		}
	}
	if miss = (Way{hit.Signals, hit.After - time.Second}); miss.After >= 0 && !s.reaches(miss) {
		return miss, "a second too soon", true
	}
	rec, err := s.record(hit.Signals)
	if err != nil {
		return Way{}, "", false
	}
	later := q
	later.Record, later.At = rec, q.At+hit.After.Milliseconds()
	leave, err := later.Leave()
	if err != nil || leave == nil {
		return Way{}, "", false
	}
	miss = Way{slices.Clone(hit.Signals), hit.After + leave.After}
	for _, x := range leave.Signals {
		x.At += hit.After
		miss.Signals = append(miss.Signals, x)
	}
	if len(leave.Signals) == 0 {
		return miss, "too late", true
	}
	return miss, fmt.Sprintf("after %s", leave.Signals[len(leave.Signals)-1].Event), true
}
