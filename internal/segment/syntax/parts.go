package syntax

import "time"

// A Match says which signals a condition is about: any of the events, with
// properties that satisfy Where.
type Match struct {
	Events []Event // never empty
	Where  Pred    // may be empty
	Pos    Pos
}

// An EventKind says what an Event names.
type EventKind uint8

// The kinds of events that can be named.
const (
	TrackEvent EventKind = iota // track, or a track event by name, also as track:NAME
	AnyEvent                    // "*": any activity signal
	PageEvent                   // page or page:NAME
	ScreenEvent
	IdentifyEvent
	ComponentEvent
)

// An Event names signals.
type Event struct {
	Kind EventKind
	Name string // as written, of a track event, page or screen; "" = whatever its name
}

// String returns e as it is written.
func (e Event) String() string {
	switch e.Kind {
	case AnyEvent:
		return "*"
	case PageEvent, ScreenEvent:
		s := "page"
		if e.Kind == ScreenEvent {
			s = "screen"
		}
		if e.Name != "" {
			s += ":" + e.Name
		}
		return s
	case IdentifyEvent:
		return "identify"
	case ComponentEvent:
		return "component"
	case TrackEvent:
		return e.track()
	default:
		return e.Name
	}
}

// track returns a track event as it is written: by its name alone, unless that
// would mean something else.
func (e Event) track() string {
	switch alone, ok := parseEvent(e.Name); {
	case e.Name == "":
		return "track"
	case ok && alone.Kind == TrackEvent && alone.Name == e.Name:
		return e.Name
	default:
		return "track:" + e.Name
	}
}

// A Pred is a conjunction: every property must pass all its tests.
type Pred []PropTest

// A PropTest tests one property. A property with several values passes a test
// when some value does; Ne, Nin and exists: false ask all values.
type PropTest struct {
	Property string // dotted path, without a leading "properties."
	Tests    []Test // all must hold; never empty
	Pos      Pos
}

// A Test compares one property with constants.
type Test struct {
	Op     TestOp
	Values []Scalar // as many as Op takes
	Pos    Pos
}

// A TestOp is a comparison with constants.
type TestOp string

// The comparisons. Values compare as numbers when both sides are numeric.
const (
	Eq         TestOp = "eq"         // 1 value
	Ne         TestOp = "ne"         // 1
	In         TestOp = "in"         // n
	Nin        TestOp = "nin"        // n
	Gt         TestOp = "gt"         // 1 number, or text in ISO 8601
	Gte        TestOp = "gte"        // 1
	Lt         TestOp = "lt"         // 1
	Lte        TestOp = "lte"        // 1
	Between    TestOp = "between"    // 2, both inclusive
	Contains   TestOp = "contains"   // 1 text
	NotContain TestOp = "ncontains"  // 1 text
	StartsWith TestOp = "startsWith" // 1 text
	EndsWith   TestOp = "endsWith"   // 1 text
	Matches    TestOp = "matches"    // 1 RE2 regular expression, unanchored
	Exists     TestOp = "exists"     // 1 bool
	SemverGt   TestOp = "semverGt"   // 1 version, by semver.org precedence
	SemverGte  TestOp = "semverGte"
	SemverLt   TestOp = "semverLt"
	SemverLte  TestOp = "semverLte"
	SemverEq   TestOp = "semverEq"
)

// A Cmp compares a figure with a constant. Op is one of Eq, Ne, Gt, Gte, Lt
// and Lte. The value is a float64 (durations in seconds), or a string where
// the condition allows text.
type Cmp struct {
	Op    TestOp
	Value Scalar
	Pos   Pos
}

// A Window says which signals count, by their time.
type Window struct {
	Kind     WindowKind
	Last     time.Duration // of LastWindow; the older bound of BetweenWindow
	From     time.Duration // the younger bound of BetweenWindow: (T-Last, T-From]
	Days     int           // of DaysWindow; today is 1
	Previous bool          // of DaysWindow: without today
	Pos      Pos
}

// A WindowKind says how a window is given.
type WindowKind uint8

// The kinds of windows. Ever is the zero kind.
const (
	Ever           WindowKind = iota
	LastWindow                // last: D = (T-D, T]
	BetweenWindow             // between: [D1, D2] ago
	DaysWindow                // today, lastDays: n; local calendar days
	WeekWindow                // week: current; the local calendar week
	CurrentSession            // session: current
	AnySession                // session: any: some one session satisfies it
)

// A Step is one step of a sequence.
type Step struct {
	Match      Match
	Within     *time.Duration // at most since the previous step; inclusive
	After      *time.Duration // at least
	Without    []Match        // none of these strictly between the previous step and this
	Directly   *Stream        // nothing of this stream strictly between
	Same       []string       // properties equal to those of the previous step
	First      bool           // only the visitor's first such signal
	Times      int            // so many increasing signals; at least 1
	StrictTime bool           // later than the previous step by the clock, not only in order
	Pos        Pos
}

// A Stream names the signals among which two steps must be adjacent.
type Stream struct {
	Events []Event
}

// A Scope says within what all signals of a sequence must lie.
type Scope string

// The scopes. The empty scope is InVisitor.
const (
	InVisitor Scope = "visitor" // anywhere in the record
	InSession Scope = "session"
	InPage    Scope = "page" // one page view
	InDay     Scope = "day"  // one local day
)

// An Anchor says from which A an absence is timed.
type Anchor string

// The anchors. The empty anchor is SinceLast.
const (
	SinceLast  Anchor = "last"  // the latest A: each A restarts the clock
	SinceFirst Anchor = "first" // the first A after the latest B
)

// An AbsenceMode says whether a later B ends an absence.
type AbsenceMode string

// The modes. The empty mode is Still.
const (
	Still AbsenceMode = "still" // no B since that A until now
	Once  AbsenceMode = "once"  // some A had no B within For after it
)

// A Period is a calendar period.
type Period string

// The periods.
const (
	Day  Period = "day"
	Week Period = "week"
)

// An AggFunc is a figure over the values of a property.
type AggFunc string

// The figures.
const (
	Sum    AggFunc = "sum"
	Avg    AggFunc = "avg"
	Min    AggFunc = "min"
	Max    AggFunc = "max"
	First  AggFunc = "first"
	Latest AggFunc = "latest"
	Mode   AggFunc = "mode" // the most frequent; of several the one seen last
)

// ofText reports whether the figure may be text.
func (f AggFunc) ofText() bool { return f == First || f == Latest || f == Mode }

// A Weight is one term of a score.
type Weight struct {
	Match  Match
	Weight float64
}
