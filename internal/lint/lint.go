// Package lint says what is doubtful about segments: those that can have no
// effect, those that are one, and those that are probably not what was meant.
//
// The rule it upholds: a doubt names the segment, its place and the fix, and can
// be answered once and for all, in the definition, with a reason. What the text
// of a rule alone proves is proven on the safe side (see logic.go).
package lint

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// A Severity says how bad a finding is.
type Severity string

// The severities. Errors and warnings are findings that fail a check; advice is
// not.
const (
	Error   Severity = "error"   // it cannot do what it is for
	Warning Severity = "warning" // it is probably not what was meant
	Advice  Severity = "advice"  // it may be better otherwise
)

// A Code names a kind of doubt. It never comes to mean something else.
type Code string

// The codes.
const (
	NoVariant     Code = "SG101" // no experience shows anything to it
	SameContent   Code = "SG102" // another segment gets the same variants everywhere
	Shadowed      Code = "SG103" // whoever is in it is also in one of higher priority that takes all its slots
	SameRule      Code = "SG104" // another segment has the same rule
	NeverTrue     Code = "SG105" // the rule can never hold
	AlwaysTrue    Code = "SG106" // the rule always holds
	NearDuplicate Code = "SG107" // nearly the same visitors as another segment
	UnknownEvent  Code = "SG108" // no visitor has sent such an event
	UnknownProp   Code = "SG109" // no such event has had the property
	TooOld        Code = "SG110" // it looks back further than signals are kept
	NoSoWhat      Code = "SG111" // nobody says what its members get
	UnfitVariant  Code = "SG112" // a variant is missing, unpublished, of another type, or not in every locale
	TooMany       Code = "SG113" // more segments are active than people can tell apart
	Permutations  Code = "SG114" // a page has more versions than caches keep
	UsesGoal      Code = "SG115" // the rule waits for the event that it is to bring about
	Unneeded      Code = "SG116" // allow names a doubt that is not there
)

// severities are those of each code.
var severities = map[Code]Severity{
	NoVariant: Warning, SameContent: Warning, Shadowed: Warning, SameRule: Warning, NeverTrue: Error, AlwaysTrue: Warning,
	NearDuplicate: Warning, UnknownEvent: Warning, UnknownProp: Warning, TooOld: Warning, NoSoWhat: Advice, UnfitVariant: Warning,
	TooMany: Advice, Permutations: Warning, UsesGoal: Warning, Unneeded: Advice,
}

// Codes returns every code with its severity, in order of code.
func Codes() []Code {
	var codes []Code
	for code := range severities {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// SeverityOf returns the severity of a code.
func SeverityOf(c Code) Severity { return severities[c] }

// The limits beyond which something is doubtful.
const (
	// maxActive is how many active segments people can tell apart.
	maxActive = 5
	// nearDuplicate is the share of common visitors, of those in either of two
	// segments, from which on the two are probably one; of at least minVisitors.
	nearDuplicate = 0.9
	minVisitors   = 50
)

// A Finding is one doubt.
type Finding struct {
	Code     Code
	Severity Severity
	Segment  string     // key; "" = all segments together
	Pos      syntax.Pos // of the definition or the part in doubt
	Message  string     // what is doubtful and what would mend it
	Allowed  string     // the reason for which the definition allows it; "" = it does not
}

// Input is what is looked at.
type Input struct {
	Segments    *segment.Set
	Experiences *experience.Catalog
	Content     *content.Snapshot
	Retention   time.Duration  // of signals; 0 = for ever
	Goals       []syntax.Event // what experiences are to bring about
	Seen        *Seen          // what visitors have done; nil = nobody has looked

	Permutations int // of a page that caches keep; 0 = permutation.DefaultCap
}

// Check returns all doubts, those that are allowed included, in the order of
// the segments and codes.
func Check(in Input) []Finding {
	c := &checker{Input: in}
	for i := range in.Segments.Len() {
		c.rule(in.Segments.Definition(i))
	}
	c.pairs()
	c.site()
	c.allow()
	slices.SortStableFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(c.rank(a.Segment), c.rank(b.Segment)), cmp.Compare(a.Code, b.Code))
	})
	return c.findings
}

// A checker gathers findings.
type checker struct {
	Input
	findings []Finding
}

// rank orders findings by segment, those of all together last.
func (c *checker) rank(key string) int {
	if i, ok := c.Segments.Index(key); ok {
		return i
	}
	return c.Segments.Len()
}

func (c *checker) doubt(code Code, d *syntax.Definition, pos syntax.Pos, format string, args ...any) {
	f := Finding{Code: code, Severity: severities[code], Message: fmt.Sprintf(format, args...), Pos: pos}
	if d != nil {
		f.Segment = d.Key
	}
	c.findings = append(c.findings, f)
}

// allow marks the findings that definitions allow, and finds what they allow in
// vain.
func (c *checker) allow() {
	for i := range c.Segments.Len() {
		d := c.Segments.Definition(i)
		for _, a := range d.Allow {
			used := false
			for k := range c.findings {
				if f := &c.findings[k]; f.Segment == d.Key && string(f.Code) == a.Code {
					f.Allowed, used = a.Reason, true
				}
			}
			if _, known := severities[Code(a.Code)]; !known {
				c.doubt(Unneeded, d, a.Pos, "allow: there is no code %s: docs/lint.md lists those there are", a.Code)
			} else if !used && c.lookedFor(Code(a.Code)) {
				c.doubt(Unneeded, d, a.Pos, "allow: %s is not in doubt: remove it", a.Code)
			}
		}
	}
}

// lookedFor reports whether there was what it takes to find a code.
func (c *checker) lookedFor(code Code) bool {
	switch code {
	case NearDuplicate:
		return c.Seen != nil
	case UnknownEvent, UnknownProp:
		return c.Seen != nil && c.Seen.Visitors > 0
	case UsesGoal:
		return len(c.Goals) > 0
	case UnfitVariant:
		return !c.withoutContent()
	case NoVariant:
		return len(c.Experiences.All()) > 0
	default:
		return true
	}
}

// Fails reports whether some finding that is not allowed is more than advice.
func Fails(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Allowed == "" && f.Severity != Advice })
}
