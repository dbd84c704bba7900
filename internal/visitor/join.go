package visitor

import (
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// A Join says that two ids are those of one visitor.
type Join struct {
	From, To string
	As       Relation
	By       signal.Signal // the signal that says so, if one does
}

// A Relation says what two ids are to each other.
type Relation uint8

// The relations of From and To.
const (
	Identified Relation = iota // at From, an anonymous id, is the user To
	Aliased                    // the user To was known as From
	Linked                     // both are anonymous ids of one browser
)

// A Verdict says what became of a Join.
type Verdict uint8

// The verdicts. All but the first three refuse it.
const (
	Same     Verdict = iota // they were those of one visitor
	Joined                  // they are from now on
	Switched                // From was another user's, and what they did stays theirs; what comes from From from now on is To's

	Implausible // one of the ids is nobody's, such as "guest"
	Crowded     // the visitor would have more than MaxIDs
	TwoUsers    // both are users', and nothing says that they are the same one
)

var verdictNames = [...]string{"same", "joined", "switched", "implausible", "crowded", "two-users"}

// String returns the verdict as a word, fit to label a metric.
func (v Verdict) String() string { return verdictNames[v] }

// Refused reports whether the join did not come about.
func (v Verdict) Refused() bool { return v >= Implausible }

// nobody are ids, in lower case, that programs send for want of one.
var nobody = map[string]bool{
	"": true, "null": true, "undefined": true, "none": true, "nil": true, "nan": true, "true": true, "false": true, "0": true, "-1": true,
	"anonymous": true, "guest": true, "unknown": true, "not_authenticated": true, "[object object]": true, "id": true, "user": true,
	"userid": true, "user_id": true, "anonymousid": true, "anonymous_id": true, "distinct_id": true, "email": true,
	"00000000-0000-0000-0000-000000000000": true,
}

// IsNobody reports whether an id cannot be one person's, so that it joins
// nothing.
func IsNobody(id string) bool { return nobody[strings.ToLower(strings.TrimSpace(id))] }

// check judges j by itself.
func (j Join) check() Verdict {
	switch {
	case IsNobody(j.From), IsNobody(j.To):
		return Implausible
	case j.From == j.To:
		return Same
	default:
		return Joined
	}
}

// judge judges j for the visitors whose ids From and To are.
func (j Join) judge(from, to *Record) Verdict {
	switch {
	case from.ID == to.ID:
		return Same
	case j.As == Identified && from.Known:
		if from.ID == j.From {
			return TwoUsers
		}
		if to.size() >= MaxIDs && !to.Has(j.From) {
			return Crowded
		}
		return Switched
	case j.As == Linked && from.Known && to.Known:
		return TwoUsers
	case from.size()+to.size() > MaxIDs:
		return Crowded
	default:
		return Joined
	}
}

// size returns how many ids a visitor has or is about to have.
func (r *Record) size() int { return 1 + len(r.Others) + len(r.Joining) }

// introduced returns to with what j says of it.
func (j Join) introduced(to *Record) *Record {
	if j.As == Linked || to.Known {
		return to
	}
	return to.altered(func(r *Record) { r.Known = true })
}

// claimed returns from with the claim that j makes for it.
func (j Join) claimed(from *Record) *Record {
	if j.As == Linked || from.Summary.stable.ID != "" {
		return from
	}
	return from.altered(func(r *Record) {
		r.Summary.stable = claim{r.ID, assertion{At: j.By.At, Pos: j.By.Pos, By: j.By.ID}}
	})
}

// Preview returns the record that the visitor of From would have after j, and
// what would become of it, and stores nothing. from and to are the records of
// From and To.
func (j Join) Preview(lim Limits, from, to *Record) (*Record, Verdict) {
	verdict := j.check()
	if verdict == Joined {
		verdict = j.judge(from, to)
	}
	switch verdict {
	case Joined:
		from, to = j.claimed(from), j.introduced(to)
		if from.outranks(to) {
			from, to = to, from
		}
		return to.union(lim, from), verdict
	case Switched:
		return to, verdict
	default:
		return from, verdict
	}
}
