package journey

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/segue-dev/segue/internal/measure/stats"
)

// PatternOptions say which patterns are looked for.
type PatternOptions struct {
	Length   int     // steps at most; 0 = none are looked for
	Share    float64 // of all visitors who must show one, and
	Visitors int     // how many at least
}

// maxPatterns is how many frequent patterns are told. If there are more, only
// those of more visitors are looked for.
const maxPatterns = 100_000

// Patterns are steps that many visitors took in the same order.
type Patterns struct {
	Length     int       `json:"length"`     // steps at most
	MinSupport int       `json:"minSupport"` // visitors who show a pattern, at least
	Narrowed   bool      `json:"narrowed"`   // there were too many, so these are shorter or more frequent than was asked for
	Frequent   int       `json:"frequent"`   // patterns of so many visitors
	Tested     int       `json:"tested"`     // of those, the closed ones: part of no longer one of as many visitors
	Found      []Pattern `json:"found"`      // the first of them: with a goal the surest to differ from all visitors, else the most frequent
}

// A Pattern is steps in order, with whatever between them.
type Pattern struct {
	Steps      []string    `json:"steps"`
	Support    int         `json:"support"` // visitors who took them before the goal
	Share      float64     `json:"share"`   // of all visitors
	Conversion *Conversion `json:"conversion,omitempty"`
	Draft      string      `json:"draft"` // the rule whose members they are, as YAML

	steps []int32
}

// A Conversion is how many visitors reached the goal in the time that all are
// watched for after they completed a pattern, next to how many do after their
// first step.
type Conversion struct {
	Cohort
	Ratio float64 `json:"ratio"` // to the share of all visitors; 0 if nobody converts
	P     float64 `json:"p"`     // of such a difference by chance, two-sided
	Q     float64 `json:"q"`     // P corrected for all patterns tested (Benjamini and Hochberg)
}

// A Cohort is visitors who were watched for the same time.
type Cohort struct {
	Visitors  int     `json:"visitors"`
	Converted int     `json:"converted"`
	Share     float64 `json:"share"`
	Low       float64 `json:"low"`  // 95 % interval of Share by Wilson
	High      float64 `json:"high"` //
	TooRecent int     `json:"tooRecent"`
}

func cohortOf(t tally) Cohort {
	c := Cohort{Visitors: int(t.watched()), Converted: int(t.converted()), TooRecent: int(t[tooRecent])}
	c.Share = share(c.Converted, c.Visitors)
	likely := stats.Wilson(t.converted(), t.watched(), 0.05)
	c.Low, c.High = likely.Low, likely.High
	return c
}

func share(n, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(n) / float64(whole)
}

// patterns finds the closed frequent patterns and tells of the first ones.
func (p *paths) patterns(ctx context.Context) (*Patterns, error) {
	out := &Patterns{Length: p.opts.Patterns.Length, Found: []Pattern{}}
	if out.Length <= 0 {
		return out, nil
	}
	out.MinSupport = max(p.opts.Patterns.Visitors, int(math.Ceil(p.opts.Patterns.Share*float64(p.visitors()))), 1)
	var all []pattern
	for complete := false; !complete; {
		m := &mining{paths: p, least: out.MinSupport, length: out.Length, limit: maxPatterns, repeats: p.opts.Steps.Repeats}
		if all, complete = m.run(ctx); ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !complete {
			out.narrow(p.visitors())
		}
	}
	out.Frequent = len(all)
	all = closed(all)
	out.Tested = len(all)
	out.Found = p.judged(all)
	for i := range out.Found {
		out.Found[i].Draft = p.draft(&out.Found[i])
	}
	return out, nil
}

// narrow asks for fewer patterns. Those of one step are never too many.
func (out *Patterns) narrow(visitors int) {
	const widest = 4 // no pattern need be in more than a fourth of all paths
	out.Narrowed = true
	if 2*out.MinSupport <= visitors/widest {
		out.MinSupport *= 2
	} else {
		out.Length--
	}
}

// judged says what became of those who show each pattern, and returns the first
// patterns.
func (p *paths) judged(all []pattern) []Pattern {
	base := cohortOf(p.fates())
	out := make([]Pattern, len(all))
	var ps []float64
	for i, found := range all {
		out[i] = Pattern{Support: found.support, Share: share(found.support, p.visitors()), steps: found.steps}
		if p.opts.Goal == nil {
			continue
		}
		c := &Conversion{Cohort: cohortOf(found.after)}
		if base.Share > 0 {
			c.Ratio = c.Share / base.Share
		}
		c.P = stats.Binomial(found.after.converted(), found.after.watched(), base.Share)
		ps = append(ps, c.P)
		out[i].Conversion = c
	}
	for i, q := range stats.BH(ps) {
		out[i].Conversion.Q = q
	}
	slices.SortStableFunc(out, comparePatterns)
	out = out[:p.opts.top(len(out))]
	for i := range out {
		out[i].Steps = p.names(out[i].steps)
	}
	return out
}

// comparePatterns puts first what is surest to differ, then what is most
// frequent, then the longer.
func comparePatterns(a, b Pattern) int {
	if a.Conversion != nil && a.Conversion.P != b.Conversion.P {
		return cmp.Compare(a.Conversion.P, b.Conversion.P)
	}
	return cmp.Or(cmp.Compare(b.Support, a.Support), cmp.Compare(len(b.steps), len(a.steps)), slices.Compare(a.steps, b.steps))
}

// fates counts what became of all visitors after their first step.
func (p *paths) fates() (t tally) {
	for v := range p.visitors() {
		t[p.fate(v)]++
	}
	return t
}
