package audit

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/lint"
)

// A judgement is a report in the making.
type judgement struct {
	*tally
	opts   *Options
	seen   *lint.Seen // nil = there are no rules
	checks []Check
}

func judge(o *Options, p *part) *Report {
	p.tally.names.cut()
	j := &judgement{tally: p.tally, opts: o, seen: p.seen}
	r := &Report{At: o.At.UTC(), Visitors: j.visitors, Signals: j.signals, Sampled: o.Sampled, Checks: []Check{}, Next: []string{}}
	if j.visitors == 0 {
		return j.nothing(r)
	}
	if j.first != 0 { // else all came too late to count
		r.First, r.Last = unixMilli(j.first), unixMilli(j.last)
	}
	j.data()
	j.arrivals()
	j.identities()
	j.goalsReached()
	j.rules()
	j.reach()
	slices.SortStableFunc(j.checks, func(a, b Check) int { return cmp.Compare(severity[a.Status], severity[b.Status]) })
	r.Checks = j.checks
	j.conclude(r)
	return r
}

// add adds a check. What is green needs no fix.
func (j *judgement) add(c Check) {
	if c.Status == Green {
		c.Fix = ""
	}
	if len(c.Items) > shownItems {
		more := len(c.Items) - shownItems
		c.Items = append(c.Items[:shownItems:shownItems], fmt.Sprintf("and %d more", more))
	}
	j.checks = append(j.checks, c)
}

// Bands are the limits between the colours of a share. If Green > Red, the more
// the better; else the less.
type bands struct{ green, red float64 }

func (b bands) of(share float64) Status {
	if b.green > b.red {
		share, b = -share, bands{-b.green, -b.red}
	}
	switch {
	case share <= b.green:
		return Green
	case share > b.red:
		return Red
	default:
		return Amber
	}
}

// judge returns the colour of a share, unknown where its interval allows both
// green and red.
func (b bands) judge(f *Figure) Status {
	if f == nil {
		return Unknown
	}
	if low, high := b.of(f.Low), b.of(f.High); low != high && low != Amber && high != Amber {
		return Unknown
	}
	return b.of(f.Share)
}

// needs returns how many observations would tell the colour of a share that
// stays as it is.
func (b bands) needs(share float64) float64 {
	for n := 8.0; n < 1e9; n *= 2 {
		f := &Figure{Share: share}
		if f.Low, f.High = wilson(share, n); b.judge(f) != Unknown {
			return n
		}
	}
	return math.Inf(1)
}

// measured adds a check of a share of visitors or signals; what says what the
// part is of the whole, as in "visitors have two steps or more".
func (j *judgement) measured(c Check, s share, b bands, what string) *Check {
	c.Figure = j.shares[s].figure()
	c.Status = b.judge(c.Figure)
	if c.Figure == nil {
		c.Found = cmp.Or(c.Found, "nothing to judge it by")
	} else {
		c.Found = joined(c.Figure.of(what), c.Found)
	}
	if c.Figure != nil && c.Status == Unknown {
		j.postpone(&c, b, j.shares[s])
	}
	j.add(c)
	return &j.checks[len(j.checks)-1]
}

// postpone says when a share can be judged.
func (j *judgement) postpone(c *Check, b bands, r ratio) {
	times := b.needs(r.share()) / max(r.weight(), 1)
	if times > 1e6 {
		return
	}
	needed := int(math.Ceil(float64(j.visitors) * times))
	c.Found = joined(c.Found, fmt.Sprintf("too few to tell: about %s visitors are needed", number(needed)))
	c.When = j.after(times)
}

// after returns when there will be so many times what there is, at the rate so
// far; the zero time if that takes longer than a year, or there is no rate.
func (j *judgement) after(times float64) time.Time {
	wait := (times - 1) * j.history()
	if !(wait > 0 && wait < 365) {
		return time.Time{}
	}
	return j.opts.At.Add(days(wait)).UTC().Truncate(time.Hour)
}

// begin returns when the first signal was; the audit's instant if there is none.
func (j *judgement) begin() time.Time {
	if j.first == 0 {
		return j.opts.At.UTC()
	}
	return unixMilli(j.first)
}

// history returns how many days the data reaches back.
func (j *judgement) history() float64 {
	return max(0, j.opts.At.Sub(j.begin()).Hours()/24)
}

// of says the figure in words; "" of none.
func (f *Figure) of(what string) string {
	if f == nil {
		return ""
	}
	return fmt.Sprintf("%s of %s %s: %s (%s to %s)", number(f.Count), number(f.Of), what, percent(f.Share), percent(f.Low), percent(f.High))
}

func joined(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, "; ")
}

// percent writes a share with as many digits as tell it from none and all.
func percent(share float64) string {
	switch p := 100 * share; {
	case p == 0 || p == 100 || p > 1 && p < 99 && math.Abs(p-math.Round(p)) < 1e-9:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.1:
		return fmt.Sprintf("%.2g %%", p)
	case p > 99.9:
		return fmt.Sprintf("%.*f %%", 1+int(math.Ceil(-math.Log10(100-p))), p)
	default:
		return fmt.Sprintf("%.1f %%", p)
	}
}

// number writes a number with its thousands apart.
func number(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
