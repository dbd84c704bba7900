package backtest

import "slices"

// figures are what is counted of one segment.
type figures struct {
	sizes
	start, entries, exits int
	flapping              int
	stays                 []int64 // ms; those that began and ended in the period
	censored              int
	days                  []dayFigures // one more than there are days
	overlaps              []overlap    // by segment compared with
	conversion            conversion
}

// dayFigures are what is counted of one day. Of members only the differences to
// the day before are kept, so that a long stay costs no more than a short one.
type dayFigures struct{ members, atEnd, entries, exits int }

func newFigures(q *question) figures {
	return figures{days: make([]dayFigures, len(q.days.starts)+1), overlaps: make([]overlap, len(q.compared))}
}

// add counts a visitor who was a member in spans, of which there are some.
func (f *figures) add(q *question, spans []span) {
	f.sizes.add(spans, q.to)
	if spans[0].lo == q.from {
		f.start++
	}
	counted := 0 // days before this one have this visitor
	today, entries, flaps := -1, 0, false
	for _, s := range spans {
		first, last := q.days.of(s.lo), q.days.of(min(s.hi-1, q.to))
		f.present(q.days, s, max(first, counted), first, last)
		counted = last + 1
		if s.lo > q.from {
			f.entries++
			f.days[first].entries++
			if first != today {
				today, entries = first, 0
			}
			entries++
			flaps = flaps || entries > flappingEntries
		}
		f.leave(q, s)
	}
	if flaps {
		f.flapping++
	}
}

// present counts a member from one day to another, once each, and as there at
// the end of those that the membership outlasts.
func (f *figures) present(days days, s span, from, first, last int) {
	if from <= last {
		f.days[from].members++
		f.days[last+1].members--
	}
	if s.hi <= days.last[last] {
		last--
	}
	if first <= last {
		f.days[first].atEnd++
		f.days[last+1].atEnd--
	}
}

// leave counts the end of a membership, if it has one.
func (f *figures) leave(q *question, s span) {
	if s.hi > q.to {
		f.censored++
		return
	}
	f.exits++
	f.days[q.days.of(s.hi)].exits++
	if s.lo == q.from {
		f.censored++
		return
	}
	f.stays = append(f.stays, s.hi-s.lo)
}

func (f *figures) merge(o *figures) {
	f.sizes.merge(o.sizes)
	f.start += o.start
	f.entries += o.entries
	f.exits += o.exits
	f.flapping += o.flapping
	f.stays = append(f.stays, o.stays...)
	f.censored += o.censored
	for i, d := range o.days {
		f.days[i].members += d.members
		f.days[i].atEnd += d.atEnd
		f.days[i].entries += d.entries
		f.days[i].exits += d.exits
	}
	for j := range f.overlaps {
		f.overlaps[j].merge(o.overlaps[j])
	}
	f.conversion.merge(&o.conversion)
}

func (f *figures) stay() Stay {
	s := Stay{Complete: len(f.stays), Censored: f.censored}
	if s.Complete == 0 {
		return s
	}
	slices.Sort(f.stays)
	sum := int64(0)
	for _, ms := range f.stays {
		sum += ms
	}
	middle := s.Complete / 2
	s.MedianSeconds = float64(f.stays[middle]) / 1000
	if s.Complete%2 == 0 {
		s.MedianSeconds = float64(f.stays[middle-1]+f.stays[middle]) / 2000
	}
	s.MeanSeconds = float64(sum) / float64(s.Complete) / 1000
	return s
}

func (f *figures) daily(all days) []Day {
	out := make([]Day, len(all.dates))
	members, atEnd := 0, 0
	for i, date := range all.dates {
		d := f.days[i]
		members, atEnd = members+d.members, atEnd+d.atEnd
		out[i] = Day{Date: date, Members: members, AtEnd: atEnd, Entries: d.entries, Exits: d.exits}
	}
	return out
}
