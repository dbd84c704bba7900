// Package visitor is what is remembered of one visitor: a bounded log of
// signals and a permanent summary of all signals there ever were.
//
// The rule it upholds: a record depends on the set of signals it was given,
// never on the order or the number of their deliveries. Records are immutable;
// With returns a new one, so a record may be shared and cached freely, and must
// never be changed. Nor may what it refers to: a record and those that With made
// of it share whatever they have in common.
//
// Two limits of that rule are the price of bounded records. Of deliveries with
// one message id but different content the first wins, whichever it is. And a
// visitor of whom more than MaxDroppedIDs signals have left the log is no
// longer given signals that are older than all of those: such a signal may be
// a copy, and counting nothing twice comes before counting everything.
// Repetition, though, never changes a record, however long ago the first copy
// was dropped.
//
// One visitor may have several ids. Then one record stands for them and has what
// all of them did; the others lead to it. A Store sees to that: see Join.
package visitor

import (
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// Limits bound a record. The zero Limits bound nothing.
type Limits struct {
	MaxSignals int           // signals kept in the log; 0 = all
	Retention  time.Duration // age at which a signal leaves the log; 0 = never
	SessionGap time.Duration // pause that ends a session; 0 = 30 minutes
}

// A Record is all that is remembered of one visitor. Its signals are distinct
// by message id and ascending in the order of signal.Compare.
type Record struct {
	ID      string
	Signals []signal.Signal
	Summary Summary
	Identity
	room room
}

// A Summary covers every signal ever accepted for a visitor, those in the log
// included, except for the ones that were too late: they are kept in the log
// for reports and leave no trace here but in DroppedIDs. It only grows.
type Summary struct {
	FirstSeen int64  // effective time of the earliest signal, ms since the epoch; 0 if none
	LastSeen  int64  // of the latest
	UserID    string // of the latest signal that names one
	userBy    assertion
	stable    claim                 // see Record.StableID
	Events    map[string]EventTotal // by EventKey; at most MaxEvents keys, and MaxEvents names of pages and screens
	Traits    map[string]Trait      // by trait name (dotted path); the MaxTraits latest asserted
	Exposures map[string]Exposure   // by experience: the first that was seen of it; the MaxExposures first ids
	Streams   map[string]Stream     // by device: what the dropped part of the log says of its sessions

	// OtherEvents sums up the event keys for which there was no room, and
	// OtherNames the names of pages and screens. A Count of 0 says that Events
	// is complete; otherwise a key that is not in Events may have had signals
	// that left the log. A key that is in Events is always exact.
	OtherEvents EventTotal
	OtherNames  EventTotal
	// OtherSessions are those of the devices for which Streams has no room.
	OtherSessions int

	// Dropped counts the signals that left the log because of MaxSignals or
	// Retention. Horizon is the effective time of the latest of them: rules
	// that look back beyond it are answered as far as the log reaches, and
	// the answer says "truncated".
	Dropped int
	Horizon int64
	// DroppedIDs are the MaxDroppedIDs latest dropped signals, too late ones
	// included, in ascending order: so that a late copy of one is recognised.
	DroppedIDs []DroppedID
}

// The bounds of a Summary. What goes beyond them is chosen without regard to
// the order of arrival.
const (
	// MaxEvents is how many event keys a Summary tells apart, and how many
	// names of pages and screens besides: the first in the order of the
	// alphabet, since whatever is left out then can never come back and every
	// total that is kept is exact.
	MaxEvents = 256
	// MaxTraits is how many traits a Summary keeps: the latest asserted.
	MaxTraits = 256
	// MaxExposures is of how many experiences a Summary keeps what was seen: the
	// first in the order of the alphabet, as with events.
	MaxExposures = 256
	// MaxStreams is for how many devices a Summary keeps what their dropped
	// signals say: those active last.
	MaxStreams = 64
	// MaxDroppedIDs is how many dropped signals are recognised when they come
	// again.
	MaxDroppedIDs = 1024
)

// An EventTotal sums up the signals of one event.
type EventTotal struct {
	Count       int
	First, Last int64 // effective times, ms since the epoch
}

// A Trait is one known fact and the signal that asserted it. The latest
// assertion wins.
type Trait struct {
	Value signal.Value
	At    int64
	Pos   int
	By    string // message id
}

// An assertion is the place in the order of signals of the one that said
// something.
type assertion struct {
	At  int64
	Pos int
	By  string
}

// An Exposure is the first variant of an experience that the visitor saw, and
// the signal that reported it.
type Exposure struct {
	Variant int // index; 0 = the baseline
	At      int64
	Pos     int
	By      string // message id
	Mixed   bool   // another variant was seen as well, before or after
	Participation
}

// A Stream is what is left of a device's dropped signals: enough to number the
// sessions that the log still shows and to know whether the first of them goes
// on. A signal that comes so late that later ones of its device have left the
// log already does not change it.
type Stream struct {
	Sessions int   // sessions begun by dropped signals
	Last     int64 // effective time of the latest dropped activity signal
}

// A DroppedID is what is left of the identity of a dropped signal.
type DroppedID struct {
	At   int64  // effective time
	Hash uint64 // 64-bit FNV-1a of the message id
}

// An Outcome says what became of a signal that was given to a record.
type Outcome uint8

// The outcomes.
const (
	Accepted    Outcome = iota
	Duplicate           // a signal with this message id was there, or it is older than all whose ids are remembered
	Conflicting         // one with this message id but other content is in the log; the first stays
)

// EventKey returns the key of s in Summary.Events: the normalised name of a
// track event, else the type; a named page or screen counts under
// "page:name" as well, which named returns ("" if there is none).
func EventKey(s signal.Signal) (key, named string) {
	switch s.Type {
	case signal.Track:
		return "track:" + signal.NormalizeEvent(s.Name), ""
	case signal.Page, signal.Screen:
		key = s.Type.String()
		if s.Name != "" {
			named = key + ":" + signal.Normalize(s.Name)
		}
		return key, named
	default:
		return s.Type.String(), ""
	}
}

// IsActivity reports whether s is something the visitor did, so that it begins
// or prolongs a session: every signal but the heartbeat of a hidden tab.
func IsActivity(s signal.Signal) bool {
	if s.Type != signal.Track || signal.Normalize(s.Name) != "heartbeat" {
		return true
	}
	visible, ok := s.Props.Get("visible")
	return !ok || visible.String() != "false"
}
