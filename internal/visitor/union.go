package visitor

import (
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// union returns r with all that is remembered of o: the record that would be
// there had every signal of both been given to it. r and o are unchanged. The
// order in which several are joined makes no difference.
//
// What that rests on: both were bounded by lim. Where both have seen signals of
// one device that left their logs, the sessions those began are added up, since
// how they interlocked is forgotten; and a signal that has left both logs counts
// twice in the totals, if it was given to both.
func (r *Record) union(lim Limits, o *Record) *Record {
	next := newRecord(r.ID)
	next.Identity = r.Identity
	next.absorb(o)
	mine, theirs, both := r.Signals, o.Signals, shared{}
	if len(o.Summary.DroppedIDs) > 0 {
		mine = both.apart(r.Signals, o.Summary.hasDropped())
	}
	if len(r.Summary.DroppedIDs) > 0 {
		theirs = both.apart(o.Signals, r.Summary.hasDropped())
	}
	theirs = both.apart(theirs, hasID(mine))
	next.setLog(merge(mine, theirs))
	next.Summary = r.Summary.plus(&o.Summary, both)
	next.trim(lim)
	return next
}

// shared are the signals that two records have both counted.
type shared []*signal.Signal

// apart returns sigs without those that the other record has as well, which it
// adds to s.
func (s *shared) apart(sigs []signal.Signal, has func(*signal.Signal) bool) []signal.Signal {
	var rest []signal.Signal
	for i := range sigs {
		if has(&sigs[i]) {
			*s = append(*s, &sigs[i])
		} else {
			rest = append(rest, sigs[i])
		}
	}
	return rest
}

// hasID returns whether a signal is among sigs.
func hasID(sigs []signal.Signal) func(*signal.Signal) bool {
	ids := make(map[string]bool, len(sigs))
	for i := range sigs {
		ids[sigs[i].ID] = true
	}
	return func(s *signal.Signal) bool { return ids[s.ID] }
}

// hasDropped returns whether a signal is remembered to have left the log.
func (s *Summary) hasDropped() func(*signal.Signal) bool {
	hashes := make(map[uint64]bool, len(s.DroppedIDs))
	for _, d := range s.DroppedIDs {
		hashes[d.Hash] = true
	}
	return func(s *signal.Signal) bool { return hashes[hashID(s.ID)] }
}

// plus returns the sum of two summaries, of which both have counted some
// signals.
func (s *Summary) plus(o *Summary, both shared) Summary {
	sum := *s
	switch {
	case o.empty():
	case s.empty():
		sum.FirstSeen, sum.LastSeen = o.FirstSeen, o.LastSeen
	default:
		sum.FirstSeen, sum.LastSeen = min(s.FirstSeen, o.FirstSeen), max(s.LastSeen, o.LastSeen)
	}
	if o.UserID != "" && (s.UserID == "" || o.userBy.compare(s.userBy) > 0) {
		sum.UserID, sum.userBy = o.UserID, o.userBy
	}
	sum.stable = s.stable.or(o.stable)
	sum.addEvents(o, both)
	sum.addTraits(o.Traits)
	sum.addExposures(o.Exposures)
	sum.addStreams(o)
	sum.addDropped(o)
	return sum
}

// addEvents adds the totals of o, without the signals counted in both. s.Events
// is replaced, for others may share it.
func (s *Summary) addEvents(o *Summary, both shared) {
	s.Events = own(s.Events)
	for key, total := range o.Events {
		s.Events[key] = s.Events[key].Plus(total)
	}
	s.OtherEvents, s.OtherNames = s.OtherEvents.Plus(o.OtherEvents), s.OtherNames.Plus(o.OtherNames)
	for _, sig := range both {
		if sig.Flags&signal.TooLate != 0 {
			continue
		}
		key, named := EventKey(*sig)
		s.discount(key)
		if named != "" {
			s.discount(named)
		}
	}
	for _, names := range [...]bool{false, true} {
		s.crowdOut(names)
	}
	s.Events = nilIfEmpty(s.Events)
}

// discount takes one signal off the total of key.
func (s *Summary) discount(key string) {
	if total, ok := s.Events[key]; ok {
		total.Count--
		s.Events[key] = total
		return
	}
	if other := s.others(isPageName(key)); other.Count > 0 {
		other.Count--
	}
}

func (s *Summary) addTraits(traits map[string]Trait) {
	if len(traits) == 0 {
		return
	}
	s.Traits = own(s.Traits)
	for name, t := range traits {
		if old, known := s.Traits[name]; !known || t.assertion().compare(old.assertion()) > 0 {
			s.Traits[name] = t
		}
	}
	for len(s.Traits) > MaxTraits {
		delete(s.Traits, oldest(s.Traits, Trait.assertion))
	}
}

func (s *Summary) addExposures(exposures map[string]Exposure) {
	if len(exposures) == 0 {
		return
	}
	s.Exposures = own(s.Exposures)
	for experience, e := range exposures {
		s.expose(experience, e)
	}
}

func (s *Summary) addStreams(o *Summary) {
	s.OtherSessions += o.OtherSessions
	if len(o.Streams) == 0 {
		return
	}
	s.Streams = own(s.Streams)
	for device, stream := range o.Streams {
		if have, known := s.Streams[device]; known {
			stream = Stream{Sessions: have.Sessions + stream.Sessions, Last: max(have.Last, stream.Last)}
		}
		s.Streams[device] = stream
	}
	for len(s.Streams) > MaxStreams {
		s.forgetStream()
	}
}

// addDropped adds what o says of the signals that left its log.
func (s *Summary) addDropped(o *Summary) {
	if o.Dropped > 0 {
		if s.Dropped == 0 || o.Horizon > s.Horizon {
			s.Horizon = o.Horizon
		}
		s.Dropped += o.Dropped
	}
	if len(o.DroppedIDs) == 0 {
		return
	}
	all := slices.Concat(s.DroppedIDs, o.DroppedIDs)
	slices.SortFunc(all, compareDropped)
	ids := slices.Compact(all)
	if s.Dropped > 0 {
		s.Dropped -= len(s.DroppedIDs) + len(o.DroppedIDs) - len(ids)
	}
	s.DroppedIDs = slices.Clip(ids[max(0, len(ids)-MaxDroppedIDs):])
}
