package visitor

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// defaultSessionGap is the pause that ends a session unless Limits say
// otherwise.
const defaultSessionGap = 30 * time.Minute

// contextPrefix begins the keys of properties that came as the message's
// context; they are no traits.
const contextPrefix = "context."

// empty reports whether no signal has counted yet.
func (s *Summary) empty() bool { return len(s.Events) == 0 }

// take counts signals that are new to the record. It copies the maps it
// changes, which other records may share.
func (s *Summary) take(sigs []signal.Signal) {
	s.Events = own(s.Events)
	ownTraits, exposed := false, false
	for _, sig := range sigs {
		if sig.Flags&signal.TooLate != 0 {
			continue
		}
		if sig.Type == signal.Identify && !ownTraits {
			s.Traits, ownTraits = own(s.Traits), true
		}
		s.see(sig)
		if !exposed {
			_, exposed = sig.Exposure()
		}
	}
	if exposed {
		s.exposeAll(sigs)
	}
	s.Events, s.Traits = nilIfEmpty(s.Events), nilIfEmpty(s.Traits)
}

func (s *Summary) see(sig signal.Signal) {
	if s.empty() {
		s.FirstSeen, s.LastSeen = sig.At, sig.At
	}
	s.FirstSeen, s.LastSeen = min(s.FirstSeen, sig.At), max(s.LastSeen, sig.At)
	key, named := EventKey(sig)
	s.count(key, sig.At)
	if named != "" {
		s.count(named, sig.At)
	}
	by := assertion{At: sig.At, Pos: sig.Pos, By: sig.ID}
	if sig.UserID != "" && (s.UserID == "" || by.compare(s.userBy) > 0) {
		s.UserID, s.userBy = sig.UserID, by
	}
	if sig.Device == "" {
		s.stable = s.stable.or(claimOf(&sig))
	}
	if sig.Type == signal.Identify {
		s.assert(sig.Props, by)
	}
}

// count counts one signal under key, and makes room if the key is one too many.
func (s *Summary) count(key string, at int64) {
	total, known := s.Events[key]
	s.Events[key] = total.Plus(EventTotal{Count: 1, First: at, Last: at})
	if known || len(s.Events) <= MaxEvents {
		return
	}
	s.crowdOut(isPageName(key))
}

// crowdOut moves the keys for which there is no room, the last ones, to the
// others: those of names of pages and screens, or all other ones.
func (s *Summary) crowdOut(names bool) {
	var keys []string
	for k := range s.Events {
		if isPageName(k) == names {
			keys = append(keys, k)
		}
	}
	if len(keys) <= MaxEvents {
		return
	}
	slices.Sort(keys)
	other := s.others(names)
	for _, key := range keys[MaxEvents:] {
		*other = other.Plus(s.Events[key])
		delete(s.Events, key)
	}
}

// others returns where the keys are summed up for which there is no room.
func (s *Summary) others(names bool) *EventTotal {
	if names {
		return &s.OtherNames
	}
	return &s.OtherEvents
}

// isPageName reports whether an event key is the second one of a named page or
// screen.
func isPageName(key string) bool {
	return strings.HasPrefix(key, "page:") || strings.HasPrefix(key, "screen:")
}

// Plus returns the total of the signals of t and those of u, which are others.
func (t EventTotal) Plus(u EventTotal) EventTotal {
	switch {
	case t.Count == 0:
		return u
	case u.Count == 0:
		return t
	}
	return EventTotal{Count: t.Count + u.Count, First: min(t.First, u.First), Last: max(t.Last, u.Last)}
}

// assert takes the traits in. Of several values of one trait the first counts.
func (s *Summary) assert(props signal.Props, by assertion) {
	for i, p := range props {
		if strings.HasPrefix(p.Key, contextPrefix) || i > 0 && props[i-1].Key == p.Key {
			continue
		}
		old, known := s.Traits[p.Key]
		if known && by.compare(old.assertion()) < 0 {
			continue
		}
		s.Traits[p.Key] = Trait{Value: p.Value, At: by.At, Pos: by.Pos, By: by.By}
		if len(s.Traits) > MaxTraits {
			delete(s.Traits, oldest(s.Traits, Trait.assertion))
		}
	}
}

// exposeAll takes the exposures of sigs in.
func (s *Summary) exposeAll(sigs []signal.Signal) {
	s.Exposures = own(s.Exposures)
	for i := range sigs {
		sig := &sigs[i]
		if seen, ok := sig.Exposure(); ok && sig.Flags&signal.TooLate == 0 {
			s.expose(seen.Experience, Exposure{Variant: seen.Variant, At: sig.At, Pos: sig.Pos, By: sig.ID})
		}
	}
	s.Exposures = nilIfEmpty(s.Exposures)
}

// claimAll takes the claims of sigs in.
func (s *Summary) claimAll(sigs []signal.Signal) {
	for i := range sigs {
		if sigs[i].Flags&signal.TooLate == 0 {
			s.stable = s.stable.or(claimOf(&sigs[i]))
		}
	}
}

// expose takes an exposure in. Of several of one experience the first counts.
func (s *Summary) expose(experience string, e Exposure) {
	if old, known := s.Exposures[experience]; known {
		mixed := old.Mixed || e.Mixed || e.Variant != old.Variant
		if e.assertion().compare(old.assertion()) >= 0 {
			e = old
		}
		e.Mixed = mixed
	}
	s.Exposures[experience] = e
	if len(s.Exposures) > MaxExposures {
		delete(s.Exposures, slices.Max(slices.Collect(maps.Keys(s.Exposures))))
	}
}

func (e Exposure) assertion() assertion { return assertion{At: e.At, Pos: e.Pos, By: e.By} }

func (t Trait) assertion() assertion { return assertion{At: t.At, Pos: t.Pos, By: t.By} }

// compare orders assertions as signal.Compare orders the signals.
func (a assertion) compare(b assertion) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Pos, b.Pos), strings.Compare(a.By, b.By))
}

// drop takes over what is left of signals that leave the log, in their order.
func (s *Summary) drop(sigs []signal.Signal, lim Limits) {
	s.Streams = own(s.Streams)
	gap := cmp.Or(lim.SessionGap, defaultSessionGap).Milliseconds()
	for i := range sigs {
		sig := &sigs[i]
		if sig.Flags&signal.TooLate != 0 {
			continue
		}
		if s.Dropped++; s.Dropped == 1 || sig.At > s.Horizon {
			s.Horizon = sig.At
		}
		if IsActivity(*sig) {
			s.continueStream(sig.Device, sig.At, gap)
		}
	}
	s.Streams = nilIfEmpty(s.Streams)
	s.rememberDropped(sigs)
}

// rememberDropped adds the ids of signals that leave the log. It copies what
// other records may share.
func (s *Summary) rememberDropped(sigs []signal.Signal) {
	n := len(s.DroppedIDs)
	ids := append(make([]DroppedID, 0, n+len(sigs)), s.DroppedIDs...)
	for i := range sigs {
		ids = append(ids, DroppedID{At: sigs[i].At, Hash: hashID(sigs[i].ID)})
	}
	slices.SortFunc(ids[n:], compareDropped)
	if n > 0 && compareDropped(ids[n], ids[n-1]) < 0 {
		slices.SortFunc(ids, compareDropped)
	}
	s.DroppedIDs = ids[max(0, len(ids)-MaxDroppedIDs):]
}

func (s *Summary) continueStream(device string, at, gap int64) {
	stream, known := s.Streams[device]
	if known && at < stream.Last {
		return
	}
	if !known || at-stream.Last >= gap {
		stream.Sessions++
	}
	stream.Last = at
	s.Streams[device] = stream
	if len(s.Streams) > MaxStreams {
		s.forgetStream()
	}
}

// forgetStream keeps of the device that was active longest ago how many sessions
// it had.
func (s *Summary) forgetStream() {
	gone := oldest(s.Streams, func(st Stream) assertion { return assertion{At: st.Last} })
	s.OtherSessions += s.Streams[gone].Sessions
	delete(s.Streams, gone)
}

// oldest returns the key of the oldest entry, of several the first in the
// order of the alphabet.
func oldest[V any](m map[string]V, age func(V) assertion) string {
	first, found := "", false
	for k, v := range m {
		if !found || cmp.Or(age(v).compare(age(m[first])), strings.Compare(k, first)) < 0 {
			first, found = k, true
		}
	}
	return first
}

func compareDropped(a, b DroppedID) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Hash, b.Hash))
}

// own returns a copy of m that may be written to.
func own[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}

func nilIfEmpty[V any](m map[string]V) map[string]V {
	if len(m) == 0 {
		return nil
	}
	return m
}
