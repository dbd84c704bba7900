package syntax

import (
	"math"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// The generators make every tree that can be written, without places.

func genCond(depth int) *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		kinds := []string{"count", "aggregate", "recency", "never", "regular", "sequence", "absence", "session", "onPage", "score", "affinity", "pred", "segment", "list"}
		if depth > 0 {
			kinds = append(kinds, "group", "group")
		}
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "group":
			return genGroup(depth-1).Draw(t, "group")
		case "count":
			return Count{
				Match: genMatch().Draw(t, "match"), Window: genWindow().Draw(t, "window"),
				Distinct: rapid.OneOf(rapid.Just(""), genProperty()).Draw(t, "distinct"), Cmp: genCmps(genWhole(0)).Draw(t, "cmp"),
			}
		case "aggregate":
			return genAggregate().Draw(t, "aggregate")
		case "recency":
			d := genDuration().Draw(t, "duration")
			if rapid.Bool().Draw(t, "atLeast") {
				return Recency{Match: genMatch().Draw(t, "match"), AtLeast: &d}
			}
			return Recency{Match: genMatch().Draw(t, "match"), AtMost: &d}
		case "regular":
			most := rapid.IntRange(1, maxPeriods).Draw(t, "ofLast")
			return Regular{
				Match: genMatch().Draw(t, "match"), AtLeast: rapid.IntRange(1, most).Draw(t, "atLeast"), OfLast: most,
				Period: rapid.SampledFrom([]Period{Day, Week}).Draw(t, "period"),
			}
		case "never":
			return Never{Match: genMatch().Draw(t, "match")}
		case "sequence":
			return genSequence().Draw(t, "sequence")
		case "absence":
			return genAbsence().Draw(t, "absence")
		case "session":
			return genSession().Draw(t, "session")
		case "onPage":
			return genOnPage().Draw(t, "onPage")
		case "score":
			return genScore().Draw(t, "score")
		case "affinity":
			return Affinity{Topic: genText().Draw(t, "topic"), HalfLife: genPositive().Draw(t, "halfLife"), Cmp: genCmps(genNumber()).Draw(t, "cmp")}
		case "list":
			return List{Key: rapid.StringMatching(`[a-z0-9-]{1,9}`).Draw(t, "key")}
		case "pred":
			p := genPred(1).Draw(t, "where")
			if rapid.Bool().Draw(t, "trait") {
				return Trait{Where: p}
			}
			return Context{Where: p}
		default:
			return Segment{Key: genText().Draw(t, "key")}
		}
	})
}

func genGroup(depth int) *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		all := rapid.SliceOfN(genCond(depth), 1, 3).Draw(t, "conditions")
		switch rapid.IntRange(0, 2).Draw(t, "group") {
		case 0:
			return All{Of: all}
		case 1:
			return Any{Of: all}
		default:
			return Not{Of: all[0]}
		}
	})
}

func genAggregate() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		a := Aggregate{
			Func:  rapid.SampledFrom([]AggFunc{Sum, Avg, Min, Max, First, Latest, Mode}).Draw(t, "func"),
			Match: genMatch().Draw(t, "match"), Property: genProperty().Draw(t, "property"),
			Window: genWindow().Draw(t, "window"), Cmp: genCmps(genNumber()).Draw(t, "cmp"),
		}
		if a.Func.ofText() && rapid.Bool().Draw(t, "text") {
			a.Cmp = []Cmp{{Op: rapid.SampledFrom([]TestOp{Eq, Ne}).Draw(t, "op"), Value: rapid.String().Draw(t, "value")}}
		}
		return a
	})
}

func genSequence() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		s := Sequence{
			Span:   rapid.Ptr(genPositive(), true).Draw(t, "span"),
			In:     rapid.SampledFrom([]Scope{InVisitor, InSession, InPage, InDay}).Draw(t, "in"),
			Window: genWindow().Draw(t, "window"), AllWithin: rapid.Bool().Draw(t, "allWithin"),
		}
		if rapid.Bool().Draw(t, "several") {
			s.Times = genCmps(genWhole(0)).Draw(t, "times")
		}
		for i := range rapid.IntRange(1, 3).Draw(t, "steps") {
			s.Steps = append(s.Steps, genStep(i == 0).Draw(t, "step"))
		}
		return s
	})
}

func genStep(first bool) *rapid.Generator[Step] {
	return rapid.Custom(func(t *rapid.T) Step {
		s := Step{Match: genMatch().Draw(t, "match"), Times: 1}
		if s.First = rapid.Bool().Draw(t, "first"); !s.First {
			s.Times = rapid.IntRange(1, maxRepeats).Draw(t, "times")
		}
		if first {
			return s
		}
		s.After, s.Within = rapid.Ptr(genDuration(), true).Draw(t, "after"), rapid.Ptr(genDuration(), true).Draw(t, "within")
		if s.After != nil && s.Within != nil && *s.After > *s.Within {
			s.After, s.Within = s.Within, s.After
		}
		s.Without = rapid.SliceOfN(genMatch(), 0, 3).Draw(t, "without")
		if len(s.Without) == 0 {
			s.Without = nil
		}
		if rapid.Bool().Draw(t, "directly") {
			s.Directly = &Stream{genEvents().Draw(t, "stream")}
		}
		if rapid.Bool().Draw(t, "related") {
			s.Same = rapid.SliceOfN(genProperty(), 1, 2).Draw(t, "same")
		}
		s.StrictTime = rapid.Bool().Draw(t, "strictTime")
		return s
	})
}

func genAbsence() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		a := Absence{
			Of: genMatch().Draw(t, "of"), Without: genMatch().Draw(t, "without"), For: genDuration().Draw(t, "for"),
			Since: rapid.SampledFrom([]Anchor{SinceLast, SinceFirst}).Draw(t, "since"), Mode: Still, Window: genWindow().Draw(t, "window"),
		}
		if a.Since == SinceLast {
			a.Mode = rapid.SampledFrom([]AbsenceMode{Still, Once}).Draw(t, "mode")
		}
		return a
	})
}

func genSession() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		s := Session{Number: genCmps(genWhole(0)).Draw(t, "number")}
		if rapid.Bool().Draw(t, "more") {
			s.Pages = genCmps(genWhole(0)).Draw(t, "pages")
			s.Duration = genCmps(genSeconds()).Draw(t, "duration")
			s.Entry = genPred(1).Draw(t, "entry")
			s.Referrer = genTests().Draw(t, "referrer")
		}
		s.Returning = rapid.Ptr(rapid.Bool(), true).Draw(t, "returning")
		s.ReturnedWithin = rapid.Ptr(genPositive(), true).Draw(t, "returnedWithin")
		return s
	})
}

func genOnPage() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		on, w := genPred(0).Draw(t, "on"), genWindow().Draw(t, "window")
		if rapid.Bool().Draw(t, "dwell") {
			return Dwell{On: on, Window: w, Cmp: genCmps(genSeconds()).Draw(t, "cmp")}
		}
		return Scroll{On: on, Window: w, Cmp: genCmps(rapid.Float64Range(0, 99)).Draw(t, "cmp")}
	})
}

func genScore() *rapid.Generator[Cond] {
	return rapid.Custom(func(t *rapid.T) Cond {
		s := Score{HalfLife: genPositive().Draw(t, "halfLife"), Cmp: genCmps(genNumber()).Draw(t, "cmp")}
		for range rapid.IntRange(1, 3).Draw(t, "items") {
			s.Of = append(s.Of, Weight{genMatch().Draw(t, "match"), genNumber().Draw(t, "weight")})
		}
		return s
	})
}

func genMatch() *rapid.Generator[Match] {
	return rapid.Custom(func(t *rapid.T) Match {
		return Match{Events: genEvents().Draw(t, "events"), Where: genPred(0).Draw(t, "where")}
	})
}

func genEvents() *rapid.Generator[[]Event] {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Event {
		e, ok := parseEvent(rapid.OneOf(
			rapid.SampledFrom([]string{"*", "page", "page:Home page", "screen", "screen:a:b", "identify", "component", "track", "track:page", "track:track:x", "Product Viewed"}),
			genText(),
		).Draw(t, "event"))
		if !ok {
			return Event{Kind: PageEvent}
		}
		return e
	}), 1, 3)
}

func genPred(least int) *rapid.Generator[Pred] {
	return rapid.Custom(func(t *rapid.T) Pred {
		var p Pred
		for _, property := range rapid.SliceOfNDistinct(genProperty(), least, 3, rapid.ID).Draw(t, "properties") {
			p = append(p, PropTest{Property: property, Tests: genTests().Draw(t, "tests")})
		}
		return p
	})
}

func genTests() *rapid.Generator[[]Test] {
	return rapid.Custom(func(t *rapid.T) []Test {
		var tests []Test
		for _, op := range rapid.SliceOfNDistinct(rapid.SampledFrom(testOps), 1, 3, rapid.ID).Draw(t, "ops") {
			tests = append(tests, Test{Op: op, Values: genConstants(op).Draw(t, "values")})
		}
		return tests
	})
}

func genConstants(op TestOp) *rapid.Generator[[]Scalar] {
	one := genScalar()
	switch op {
	case In, Nin:
		return scalars(one, 1, 3)
	case Between:
		return rapid.Custom(func(t *rapid.T) []Scalar {
			a, b := genNumber().Draw(t, "a"), genNumber().Draw(t, "b")
			return []Scalar{min(a, b), max(a, b)}
		})
	case Gt, Gte, Lt, Lte:
		one = rapid.OneOf(genNumber().AsAny(), rapid.Just("2026-01-31T09:00:00+01:00").AsAny()).AsAny()
	case Contains, NotContain, StartsWith, EndsWith:
		one = genText().AsAny()
	case Matches:
		one = rapid.SampledFrom([]string{"^a+$", `\d "x" [:]`, "# - {}"}).AsAny()
	case Exists:
		one = rapid.Bool().AsAny()
	case SemverEq, SemverGt, SemverGte, SemverLt, SemverLte:
		one = rapid.SampledFrom([]string{"0.0.0", "1.2.3-a.1+b", "10.20.30+001"}).AsAny()
	}
	return scalars(one, 1, 1)
}

func scalars(one *rapid.Generator[any], least, most int) *rapid.Generator[[]Scalar] {
	return rapid.SliceOfN(rapid.Map(one, func(v any) Scalar { return v }), least, most)
}

func genScalar() *rapid.Generator[any] {
	return rapid.OneOf(rapid.String().AsAny(), genNumber().AsAny(), rapid.Bool().AsAny(),
		rapid.SampledFrom([]string{"", "1", "true", "null", "~", "no", "2026-01-31", "0x1F", "a: b", "- a", "<<", "1e999", "=", "a #b", "https://a/b?c=d", "\x00\u2028\U0001F600"}).AsAny()).AsAny()
}

// genCmps makes one comparison or two that some value passes.
func genCmps(value *rapid.Generator[float64]) *rapid.Generator[[]Cmp] {
	return rapid.Custom(func(t *rapid.T) []Cmp {
		v := value.Draw(t, "value")
		if rapid.Bool().Draw(t, "two") {
			w := value.Draw(t, "other")
			return []Cmp{{Op: Lte, Value: max(v, w)}, {Op: Gte, Value: min(v, w)}}
		}
		return []Cmp{{Op: rapid.SampledFrom([]TestOp{Eq, Ne, Gte, Lte, Gt}).Draw(t, "op"), Value: v}}
	})
}

func genWindow() *rapid.Generator[Window] {
	return rapid.Custom(func(t *rapid.T) Window {
		w := Window{Kind: rapid.SampledFrom([]WindowKind{Ever, LastWindow, BetweenWindow, DaysWindow, WeekWindow, CurrentSession, AnySession}).Draw(t, "kind")}
		switch w.Kind {
		case LastWindow:
			w.Last = genPositive().Draw(t, "last")
		case BetweenWindow:
			a, b := genDuration().Draw(t, "a"), genDuration().Draw(t, "b")
			w.From, w.Last = min(a, b), max(a, b)
		case DaysWindow:
			w.Days, w.Previous = rapid.IntRange(1, maxDays).Draw(t, "days"), rapid.Bool().Draw(t, "previous")
		}
		return w
	})
}

func genDuration() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.Int64Range(0, int64(maxDuration/time.Second)), func(s int64) time.Duration { return time.Duration(s) * time.Second })
}

func genPositive() *rapid.Generator[time.Duration] {
	return rapid.Map(genDuration(), func(d time.Duration) time.Duration { return max(d, time.Second) })
}

func genSeconds() *rapid.Generator[float64] { return rapid.Map(genDuration(), time.Duration.Seconds) }

func genWhole(least int) *rapid.Generator[float64] {
	return rapid.Map(rapid.IntRange(least, 1_000_000_000), func(i int) float64 { return float64(i) })
}

func genNumber() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64Range(-math.MaxFloat64/2, math.MaxFloat64/2), rapid.Float64Range(-10, 10), rapid.SampledFrom([]float64{0, 1, 1e15, 1 << 53, 1 << 60, 1e-300, -1e21, 0.1}))
}

func genText() *rapid.Generator[string] {
	return rapid.String().Filter(func(s string) bool { return strings.TrimSpace(s) != "" })
}

func genProperty() *rapid.Generator[string] {
	return rapid.OneOf(rapid.SampledFrom([]string{"product_id", "context.page.path", "properties.x", "404", "true", "a b"}), genText()).
		Filter(func(s string) bool { return len(s) <= 200 && s != "properties." })
}
