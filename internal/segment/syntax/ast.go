// Package syntax is the language in which segments are written: its tree, its
// strict YAML and JSON forms, and errors that name file, line and column.
//
// It knows what can be written, not what it means; package segment gives the
// tree its meaning. The rule it upholds: what is read is exactly what was
// meant, or an error says where it is not and what to write instead, and all
// mistakes are reported at once. What Format prints reads back as the same
// tree. The files in testdata teach the language by example.
package syntax

import (
	"fmt"
	"time"
)

// A Pos is a place in a source. Line and Column count from 1; a zero Line
// means that the place is the source as a whole.
type Pos struct {
	File         string
	Line, Column int
}

// String returns file:line:column, as far as known.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// A Status says what a definition is used for.
type Status string

// The statuses. An empty status in a source means Active.
const (
	Draft   Status = "draft"   // evaluated for backtests only
	Active  Status = "active"  // live
	Retired Status = "retired" // kept for the record, never evaluated
)

// A Definition is one segment as written.
type Definition struct {
	Key      string // [a-z0-9-]+ in YAML; audiences of a CMS bring their own ids
	Name     string
	SoWhat   string // what this visitor gets that others do not
	Priority int    // the greater wins; ties by key
	Status   Status
	Purpose  string        // consent purpose; "" = none needed
	Timezone string        // IANA zone of its days, weeks and hours; "" = the project's
	Hours    float64       // cost.hoursPerMonth; upkeep of its content
	When     Cond          // who becomes a member
	Stay     Cond          // who is a member stays while this holds; nil = while When holds
	Hold     time.Duration // a member stays at least so long after becoming one; 0 = nothing is held
	Examples []Example
	Allow    []Allowance
	Pos      Pos
}

// An Allowance keeps one kind of doubt about a definition from being reported.
type Allowance struct {
	Code   string // of the doubt, as segue validate names it
	Reason string
	Pos    Pos
}

// An Example is a unit test of a rule: at instant At after the first instant of
// its log, a visitor with Signals is a Member or not.
type Example struct {
	Name    string
	Signals []ExampleSignal
	At      time.Duration
	Member  bool
	Context map[string]string // the request's context attributes; may be nil
	Pos     Pos
}

// An ExampleSignal is one line of an example: "40s Product Viewed product_id=c".
type ExampleSignal struct {
	At    time.Duration // after the start of the example
	Event Event
	Props []ExampleProp
	Pos   Pos
}

// An ExampleProp is one "key=value" of an example signal. A key that is given
// twice has two values. Value is text, a number or a boolean, read like a plain
// YAML scalar, or as text if it is in double quotes.
type ExampleProp struct {
	Key   string
	Value Scalar
}

// A Scalar is a string, a float64 or a bool.
type Scalar any

// A Cond is a condition: one node of a rule. The nodes are All, Any, Not,
// Count, Aggregate, Recency, Never, Regular, Sequence, Absence, Session, Dwell,
// Scroll, Score, Affinity, Trait, Context, Segment and List, as values, never as pointers.
type Cond interface {
	Position() Pos
	cond()
}

// A Node is what all conditions have: the place where they are written.
type Node struct{ Pos Pos }

// Position returns where the condition is written.
func (n Node) Position() Pos { return n.Pos }
func (n Node) cond()         {}

type (
	// All holds when every condition does; with none it holds.
	All struct {
		Node
		Of []Cond
	}
	// Any holds when some condition does; with none it does not.
	Any struct {
		Node
		Of []Cond
	}
	// Not holds when its condition does not.
	Not struct {
		Node
		Of Cond
	}

	// Count compares the number of matching signals in a window, or of their
	// distinct values of a property, with Cmp.
	Count struct {
		Node
		Match    Match
		Window   Window
		Distinct string // property; "" = count signals
		Cmp      []Cmp  // all must hold; never empty (default: >= 1)
	}

	// Aggregate compares a figure over a property of the matching signals in
	// a window. With no value to aggregate it is false.
	Aggregate struct {
		Node
		Func     AggFunc
		Match    Match
		Property string
		Window   Window
		Cmp      []Cmp // numbers; on First, Latest and Mode also text (eq, ne)
	}

	// Recency compares the time since the last matching signal. It is false
	// for a visitor who never sent one.
	Recency struct {
		Node
		Match   Match
		AtLeast *time.Duration // exactly one of the two is set
		AtMost  *time.Duration
	}
	// Regular holds when matching signals lie in at least AtLeast of the last
	// OfLast calendar days or weeks, the current one included.
	Regular struct {
		Node
		Match           Match
		AtLeast, OfLast int // 1 <= AtLeast <= OfLast <= 366
		Period          Period
	}
	// Never holds when no matching signal was ever sent.
	Never struct {
		Node
		Match Match
	}

	// Sequence holds when signals e1 < e2 < … satisfy the steps (SEMANTICS 2).
	Sequence struct {
		Node
		Steps     []Step
		Span      *time.Duration // at most, from first to last; inclusive
		In        Scope
		Window    Window // where the last step lies (completed), or all steps (AllWithin)
		AllWithin bool
		Times     []Cmp // how often it completed; empty: at least once
	}

	// Absence holds when A happened and B did not follow for For.
	Absence struct {
		Node
		Of      Match // A
		Without Match // B
		For     time.Duration
		Since   Anchor
		Mode    AbsenceMode
		Window  Window // where A lies
	}

	// Session is about the visitor's current session. All that is set must
	// hold.
	Session struct {
		Node
		Number         []Cmp // which session of the visitor it is, from 1
		Pages          []Cmp // page views in it
		Duration       []Cmp // seconds from its first to its last activity
		Entry          Pred  // over its first page view
		Referrer       []Test
		Returning      *bool          // it is not the visitor's first
		ReturnedWithin *time.Duration // after the end of the one before
	}

	// Dwell compares the longest visible-and-active time, in seconds, that
	// the visitor spent on a matching page view in the window. Without
	// heartbeats it is unknown.
	Dwell struct {
		Node
		On     Pred
		Window Window
		Cmp    []Cmp
	}
	// Scroll compares the greatest scroll depth, in percent, on a matching
	// page view in the window.
	Scroll struct {
		Node
		On     Pred
		Window Window
		Cmp    []Cmp
	}

	// Score compares a sum of weights that halve every HalfLife.
	Score struct {
		Node
		Of       []Weight
		HalfLife time.Duration
		Cmp      []Cmp
	}

	// Affinity compares how many views of entries about Topic there were, each
	// halving every HalfLife. An entry is about its tags and concepts and about
	// what these are narrower than.
	Affinity struct {
		Node
		Topic    string // id of a taxonomy concept or of a tag
		HalfLife time.Duration
		Cmp      []Cmp
	}

	// Trait tests what is known of the visitor. An absent trait is unknown to
	// every test but exists.
	Trait struct {
		Node
		Where Pred
	}
	// Context tests the request: device, country, utm_source, hour and so on.
	// An attribute that neither the request nor the current session carries
	// is unknown to every test but exists.
	Context struct {
		Node
		Where Pred
	}
	// Segment holds for the members of another segment.
	Segment struct {
		Node
		Key string
	}
	// List holds for those whose anonymous id or user id is in an uploaded
	// list; it is unknown as long as no such list was uploaded.
	List struct {
		Node
		Key string
	}
)
