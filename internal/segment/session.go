package segment

import (
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// A session is an unbroken run of activity of one device.
type session struct {
	number    int  // of the visitor's sessions, from 1
	continued bool // it began with signals that have left the log
	first     int32
	last      int64 // time of its latest activity
}

// A turn is the signal with which a session becomes that of the visitor's
// latest activity.
type turn struct{ pos, session int32 }

// A stream is how far the sessions of one device have been cut.
type stream struct {
	session int32 // the latest; -1 if the log has none
	last    int64 // time of the latest activity
	known   bool  // there was activity
}

// cutSessions finds the sessions of each device: activity that comes a session
// gap or more after the one before begins a new one. What a hidden tab sends
// belongs to the session under way.
func (b *binding) cutSessions() {
	b.sessionOf = b.work.take(len(b.sigs))
	b.sessions, b.turns = b.sessions[:0], b.turns[:0]
	gone := b.openStreams()
	b.log.gone = gone
	begun, current := gone, int32(-1)
	for i, at := range b.log.at {
		st := &b.streams[b.deviceOf[i]]
		goesOn := st.known && at-st.last < b.log.set.gap
		if b.active[i] {
			if !goesOn {
				begun++
				b.endDropped(st)
				st.session = b.addSession(session{number: begun, first: int32(i)})
			} else if st.session < 0 {
				st.session = b.addSession(session{number: gone, first: int32(i), continued: true})
			}
			st.last, st.known = at, true
			b.sessions[st.session].last = at
			if current != st.session {
				current = st.session
				b.turns = append(b.turns, turn{int32(i), current})
			}
		}
		b.sessionOf[i] = -1
		if b.active[i] || goesOn {
			b.sessionOf[i] = st.session
		}
	}
	for i := range b.streams {
		b.endDropped(&b.streams[i])
	}
	b.log.sessions, b.log.turns = slices.Clone(b.sessions), slices.Clone(b.turns)
}

// openStreams makes a stream for each device, as the summary says, and returns
// how many sessions have left the log.
func (b *binding) openStreams() (gone int) {
	gone = b.summary.OtherSessions
	for device := range b.summary.Streams {
		b.devices.of(device)
	}
	b.streams = sized(b.streams, len(b.devices.names))
	for i, device := range b.devices.names {
		s, known := b.summary.Streams[device]
		gone += s.Sessions
		b.streams[i] = stream{session: -1, last: s.Last, known: known}
	}
	return gone
}

// endDropped notes the end of a device's latest session if that has left the
// log.
func (b *binding) endDropped(st *stream) {
	if st.session < 0 && st.known {
		b.log.streamEnds = append(b.log.streamEnds, st.last)
	}
}

func (b *binding) addSession(s session) int32 {
	b.sessions = append(b.sessions, s)
	return int32(len(b.sessions) - 1)
}

// currentSession returns the session of the latest of the first cut signals
// that was activity; -1 if none was.
func (l *Log) currentSession(cut int) int {
	before, _ := slices.BinarySearchFunc(l.turns, cut, func(t turn, cut int) int { return int(t.pos) - cut })
	if before == 0 {
		return -1
	}
	return int(l.turns[before-1].session)
}

// begun returns how many of the log's sessions have begun.
func (f *frame) begun() int {
	all := f.log.sessions
	n := len(all)
	for n > 0 && int(all[n-1].first) >= f.cut {
		n--
	}
	return n
}

// pages returns for each position the position of the page view that the
// signal belongs to: of a page signal itself; of a heartbeat or a scroll that
// names a view the page signal with that id; of others the latest page signal
// of the device. It is -1 where there is none.
func (b *binding) pages() []int32 {
	if b.pageOf != nil {
		return b.pageOf
	}
	b.pageOf = b.work.take(len(b.sigs))
	latest := b.work.take(len(b.streams)) // plus one
	byID := b.viewIDs()                   // plus one
	for i := range b.sigs {
		s := &b.sigs[i]
		page := &latest[b.deviceOf[i]]
		if s.Type == signal.Page {
			*page = int32(i) + 1
		}
		b.pageOf[i] = *page - 1
		if byID == nil || s.Type != signal.Page && b.kind(i).known.role == plainRole {
			continue
		}
		view := b.item(int32(i)).all(b.log.set.beat.view)
		switch {
		case s.Type != signal.Page && len(view) > 0:
			b.pageOf[i] = byID[view[0].Value.String()] - 1
		case s.Type == signal.Page:
			byID[s.ID] = *page
			if len(view) > 0 {
				byID[view[0].Value.String()] = *page
			}
		}
	}
	return b.pageOf
}

// viewIDs returns an empty map for the ids of page views; nil if no heartbeat
// or scroll names any.
func (b *binding) viewIDs() map[string]int32 {
	for _, i := range b.reports {
		if len(b.item(i).all(b.log.set.beat.view)) > 0 {
			return map[string]int32{}
		}
	}
	return nil
}

// inSomeSession tells whether something that is asked of a span of c is true
// of some session that has begun. Sessions may have left the log.
func inSomeSession(f *frame, c *column, over func(*frame, *column, span) (truth, int64)) (truth, int64) {
	f.truncated = f.truncated || f.log.dropped > 0
	result, next := no, Forever
	for g := range f.begun() {
		t, until := over(f, c, f.inGroup(c, g))
		result, next = max(result, t), min(next, until)
	}
	return result, next
}

// Sessions sum up how often a visitor has come.
type Sessions struct {
	Count   int     // all there ever were
	Current Session // that of the latest activity; the zero Session if there was none
	Mean    float64 // length in seconds of those that the log still holds
}

// A Session is an unbroken run of activity of one device.
type Session struct {
	Number     int   // of the visitor's sessions, from 1
	Begin, End int64 // of what the log holds of it, ms since the epoch
}

// Sessions sums up all sessions there are, whenever they were.
func (l *Log) Sessions() Sessions {
	current, all := l.currentSession(len(l.at)), Sessions{Count: l.gone}
	for i := range l.sessions {
		s := &l.sessions[i]
		begin := l.at[s.first]
		all.Count = max(all.Count, s.number)
		all.Mean += float64(s.last-begin) / 1000 / float64(len(l.sessions))
		if i == current {
			all.Current = Session{Number: s.number, Begin: begin, End: s.last}
		}
	}
	return all
}
