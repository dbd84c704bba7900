package experience_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/experience/bucket"
	"github.com/segue-dev/segue/internal/fault"
)

func ranges(t *testing.T, shares ...float64) []experience.Range {
	t.Helper()
	r, err := experience.Ranges(shares)
	require.NoError(t, err)
	return r
}

// The visitor "456" has traffic place 0.8718 and distribution place 0.6206 in
// experience1: see the vectors of package bucket.
func TestAssign(t *testing.T) {
	const traffic, distribution = 0.8718314110003019, 0.6206237130380756
	third := 1.0 / 3
	for name, tc := range map[string]struct {
		traffic float64
		ranges  []experience.Range
		index   int
		in      bool
	}{
		"all traffic, one variant":  {1, ranges(t, 0, 1), 1, true},
		"no traffic":                {0, ranges(t, 0, 1), 0, false},
		"traffic equal to place":    {traffic, ranges(t, 0, 1), 0, false},
		"traffic just above place":  {math.Nextafter(traffic, 1), ranges(t, 0, 1), 1, true},
		"holdout":                   {1, ranges(t, 0.7, 0.3), 0, true},
		"thirds":                    {1, ranges(t, third, third, third), 1, true},
		"place equal to end":        {1, ranges(t, distribution, 1-distribution), 0, true},
		"place just past end":       {1, ranges(t, math.Nextafter(distribution, 0), 1-distribution), 1, true},
		"place equal to start":      {1, []experience.Range{{1, distribution, 1}}, 1, true},
		"no distribution":           {1, nil, 0, true},
		"scattered":                 {1, []experience.Range{{0, 0, 0.16}, {1, 0.16, 0.66}, {0, 0.66, 1}}, 1, true},
		"scattered, in no range":    {1, []experience.Range{{1, 0, 0.5}, {1, 0.7, 1}}, 0, true},
		"overlapping, first counts": {1, []experience.Range{{2, 0.6, 0.7}, {1, 0, 1}}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := experience.Experience{ID: "experience1", Traffic: tc.traffic, Distribution: tc.ranges}
			index, in := e.Assign("456")
			require.Equal(t, tc.index, index)
			require.Equal(t, tc.in, in)
		})
	}
}

func TestRanges(t *testing.T) {
	require.Equal(t,
		[]experience.Range{{0, 0, 0.25}, {1, 0.25, 0.75}, {2, 0.75, 1}},
		ranges(t, 0.25, 0.5, 0.25))
	for name, tc := range map[string]struct {
		shares []float64
		want   string
	}{
		"two digits":  {[]float64{0.33, 0.33, 0.33}, ""},
		"sixths":      {[]float64{0.16, 0.16, 0.16, 0.16, 0.16, 0.16}, ""},
		"none":        {nil, "sum to 0"},
		"half":        {[]float64{0.5}, "sum to 0.5, not to 1"},
		"percentages": {[]float64{50, 50}, "distribution[0]: 50 is not a share"},
		"negative":    {[]float64{1, -0.5, 0.5}, "distribution[1]: -0.5"},
		"not numbers": {[]float64{math.NaN()}, "distribution[0]: NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := experience.Ranges(tc.shares)
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

// However shares are cut, every visitor has exactly the index whose range holds
// their place.
func TestAssignFollowsTheShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(0, 9), 1, 6).Draw(t, "weights")
		weights[0]++
		total := 0
		for _, w := range weights {
			total += w
		}
		shares := make([]float64, len(weights))
		for i, w := range weights {
			shares[i] = float64(w) / float64(total)
		}
		r, err := experience.Ranges(shares)
		if err != nil {
			t.Fatal(err)
		}
		e := experience.Experience{ID: "e", Traffic: 1, Distribution: r}
		visitor := rapid.String().Draw(t, "visitor")
		got, _ := e.Assign(visitor)
		place, below := bucket.Distribution("e", visitor), 0.0
		for _, s := range shares[:got] {
			below += s
		}
		if place < below-1e-9 || place > below+shares[got]+1e-9 {
			t.Fatalf("index %d of %v for place %v", got, shares, place)
		}
	})
}

func TestCheck(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*experience.Experience)
		want string // "" means accepted
	}{
		"good":                  {func(*experience.Experience) {}, ""},
		"no components":         {func(e *experience.Experience) { e.Components = nil }, ""},
		"index beyond variants": {func(e *experience.Experience) { e.Distribution[1].Index = 7 }, ""},
		"no id":                 {func(e *experience.Experience) { e.ID = "" }, "id: missing"},
		"unknown kind":          {func(e *experience.Experience) { e.Kind = 9 }, "kind: 9"},
		"traffic above 1":       {func(e *experience.Experience) { e.Traffic = 1.5 }, "traffic: 1.5"},
		"traffic not a number":  {func(e *experience.Experience) { e.Traffic = math.NaN() }, "traffic: NaN"},
		"negative index":        {func(e *experience.Experience) { e.Distribution[1].Index = -1 }, "distribution[1]: index -1"},
		"range backwards":       {func(e *experience.Experience) { e.Distribution[0].Start = 2 }, "distribution[0]: [2, 0.5]"},
		"no baseline":           {func(e *experience.Experience) { e.Components[0].Baseline = "" }, "components[0]: baseline missing"},
		"same baseline twice":   {func(e *experience.Experience) { e.Components[1].Baseline = "hero" }, "components[1]: baseline hero has a component already"},
		"variant without entry": {func(e *experience.Experience) { e.Components[0].Variants[0].Entry = "" }, "components[0]: variant 1 must have"},
		"hidden with an entry":  {func(e *experience.Experience) { e.Components[1].Variants[0].Entry = "x" }, "components[1]: variant 1 must have"},
		"variable without key":  {func(e *experience.Experience) { e.Variables[0].Key = "" }, "variables[0]: key missing"},
		"variable twice":        {func(e *experience.Experience) { e.Variables = append(e.Variables, e.Variables[0]) }, "variables[1]: key theme"},
		"variable of nothing":   {func(e *experience.Experience) { e.Variables[0].Values = nil }, "variables[0]: no values"},
		"variable not JSON":     {func(e *experience.Experience) { e.Variables[0].Values[1] = json.RawMessage("red") }, "variables[0]: value 1"},
	} {
		t.Run(name, func(t *testing.T) {
			e := experience.Experience{
				ID: "e1", Traffic: 1, Distribution: ranges(t, 0.5, 0.5),
				Components: []experience.Component{
					{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-b"}}},
					{Baseline: "banner", Variants: []experience.Variant{{Hidden: true}}},
				},
				Variables: []experience.Variable{{Key: "theme", Values: []json.RawMessage{[]byte(`"red"`), []byte(`"blue"`)}}},
			}
			tc.edit(&e)
			err := e.Check()
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestVariableBeyondItsValuesHasTheBaselines(t *testing.T) {
	v := experience.Variable{Key: "n", Values: []json.RawMessage{[]byte("0"), []byte("1")}}
	require.JSONEq(t, "1", string(v.At(1)))
	require.JSONEq(t, "0", string(v.At(2)))
}
