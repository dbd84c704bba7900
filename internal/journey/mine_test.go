package journey

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// pathsOf returns paths of bare sequences, whose steps are numbered from 1.
func pathsOf(db [][]int32, goals []int64, within, end int64) *paths {
	p := &paths{within: within, end: end, offset: []int{0}, kinds: []Step{{}}}
	if goals != nil {
		p.opts.Goal = &Goal{}
	}
	for v, seq := range db {
		for i, s := range seq {
			for int(s) >= len(p.kinds) {
				p.kinds = append(p.kinds, Step{Event: syntax.Event{Name: fmt.Sprint("s", len(p.kinds))}})
			}
			p.steps, p.at, p.begins = append(p.steps, s), append(p.at, int64(i)), append(p.begins, i == 0)
		}
		p.offset = append(p.offset, len(p.steps))
		goal := never
		if goals != nil && goals[v] > 0 {
			goal = int64(len(seq)) + goals[v] - 1
		}
		p.goal = append(p.goal, goal)
	}
	return p
}

func mined(t require.TestingT, p *paths, least, length int, repeats bool) []pattern {
	m := &mining{paths: p, least: least, length: length, limit: maxPatterns, repeats: repeats}
	found, complete := m.run(contextOf(t))
	require.True(t, complete)
	return found
}

func TestPrefixSpanEqualsItsVector(t *testing.T) {
	var vector struct {
		DB         [][]int32 `json:"db"`
		MinSupport int       `json:"min_support"`
		Patterns   [][]any   `json:"patterns"`
	}
	vectors(t, "prefixspan", &vector)
	for _, seq := range vector.DB {
		for i := range seq {
			seq[i]++ // 0 is other
		}
	}
	var want, got []string
	for _, p := range vector.Patterns {
		want = append(want, fmt.Sprintf("%v x %v", p[1], p[0]))
	}
	for _, p := range mined(t, pathsOf(vector.DB, nil, never, never), vector.MinSupport, 5, true) {
		for i := range p.steps {
			p.steps[i]--
		}
		got = append(got, fmt.Sprintf("%v x %v", p.steps, p.support))
	}
	require.Len(t, got, 14)
	require.ElementsMatch(t, want, got)
}

// completes returns where steps are completed first in a sequence, -1 if never.
func completes(seq, steps []int32) int {
	k := 0
	for i, s := range seq {
		if s == steps[k] {
			if k++; k == len(steps) {
				return i
			}
		}
	}
	return -1
}

// sinceByDefinition returns what became of a visitor after an instant.
func (p *paths) sinceByDefinition(v int, t int64) outcome {
	switch {
	case p.within != never && t+p.within > p.end:
		return tooRecent
	case p.goal[v] != never && (p.within == never || p.goal[v] <= t+p.within):
		return converted
	default:
		return remained
	}
}

// bruteForce tries all patterns there can be.
func bruteForce(p *paths, least, length int, repeats bool) []pattern {
	var all []pattern
	var try func(steps []int32)
	try = func(steps []int32) {
		for s := int32(1); int(s) < len(p.kinds); s++ {
			if !repeats && len(steps) > 0 && steps[len(steps)-1] == s {
				continue
			}
			found := pattern{steps: append(slices.Clone(steps), s)}
			for v := range p.visitors() {
				lo, hi := p.bounds(v)
				if i := completes(p.steps[lo:hi], found.steps); i >= 0 {
					found.support++
					found.after[p.sinceByDefinition(v, p.at[lo+i])]++
				}
			}
			if found.support >= least {
				all = append(all, found)
				if len(found.steps) < length {
					try(found.steps)
				}
			}
		}
	}
	try(nil)
	return all
}

// bruteClosed leaves out what is part of a longer pattern with equal support.
func bruteClosed(all []pattern) []pattern {
	return slices.DeleteFunc(slices.Clone(all), func(a pattern) bool {
		return slices.ContainsFunc(all, func(b pattern) bool {
			return len(b.steps) > len(a.steps) && b.support == a.support && completes(b.steps, a.steps) >= 0
		})
	})
}

func TestPrefixSpanEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		db := rapid.SliceOfN(rapid.SliceOfN(rapid.Int32Range(1, 4), 1, 8), 1, 12).Draw(t, "log")
		goals := rapid.SliceOfN(rapid.Int64Range(0, 5), len(db), len(db)).Draw(t, "goals")
		repeats := rapid.Bool().Draw(t, "repeats")
		if !repeats {
			for i := range db {
				db[i] = slices.Compact(db[i])
			}
		}
		p := pathsOf(db, goals, rapid.SampledFrom([]int64{1, 2, 3, 6, never}).Draw(t, "within"), 8)
		least, length := rapid.IntRange(1, 4).Draw(t, "least"), rapid.IntRange(1, 5).Draw(t, "length")
		got, want := mined(t, p, least, length, repeats), bruteForce(p, least, length, repeats)
		sorted := func(all []pattern) []pattern {
			slices.SortFunc(all, func(a, b pattern) int { return slices.Compare(a.steps, b.steps) })
			return all
		}
		require.Equal(t, sorted(want), sorted(got))
		require.Equal(t, sorted(bruteClosed(want)), sorted(closed(got)))
	})
}

func TestOfTooManyPatternsShorterOnesAreTold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var lines []byte
	for range 60 { // every visitor takes all 20 steps many times, so nearly all 137,180 patterns are frequent
		for range 250 {
			lines = fmt.Appendf(lines, "s%d ", r.IntN(20))
		}
		lines = append(lines, '\n')
	}
	got := sequences(t, Query{}, string(lines)).Patterns
	require.True(t, got.Narrowed)
	require.Equal(t, 3, got.Length)
	require.Equal(t, 50, got.MinSupport, "that of a fourth of the visitors could not be doubled")
	require.Equal(t, 20+20*19+20*19*19, got.Frequent)
}

// walkers returns paths of so many visitors who take about 10 of 20 steps, some
// steps far more often than others.
func walkers(n int) *paths {
	r := rand.New(rand.NewPCG(3, 4))
	db := make([][]int32, n)
	goals := make([]int64, n)
	for v := range db {
		for range 1 + r.IntN(19) {
			s := 1 + int32(min(r.ExpFloat64()*4, 19))
			if len(db[v]) == 0 || db[v][len(db[v])-1] != s {
				db[v] = append(db[v], s)
			}
		}
		goals[v] = r.Int64N(2)
	}
	return pathsOf(db, goals, never, never)
}

// BenchmarkPrefixSpan finds the patterns of up to four steps in the paths of 1 %
// of the visitors.
func BenchmarkPrefixSpan(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("visitors=%d", n), func(b *testing.B) {
			p := walkers(n)
			b.ReportAllocs()
			found := 0
			for b.Loop() {
				found = len(closed(mined(b, p, n/100, 4, false)))
			}
			b.ReportMetric(float64(found), "patterns")
			b.ReportMetric(float64(len(p.steps)*b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// BenchmarkGraph counts what follows what.
func BenchmarkGraph(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("visitors=%d", n), func(b *testing.B) {
			p := walkers(n)
			p.timed, p.opts.Top = true, 20
			b.ReportAllocs()
			for b.Loop() {
				p.graph()
			}
			b.ReportMetric(float64(len(p.steps)*b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
