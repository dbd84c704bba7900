package syntax

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is printed reads back as the same tree.
func TestFormatReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genCond(3).Draw(t, "condition")
		text := Format(want)
		if strings.Contains(text, "\n") {
			t.Fatalf("more than one line: %q", text)
		}
		got, err := ParseCond("rule", []byte(text))
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		if got := withoutPlaces(got); !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nwant %#v\ngot  %#v", text, want, got)
		}
		if Describe(want) == "" {
			t.Fatalf("no description of %s", text)
		}
	})
}

func TestMatchReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Never{Match: genMatch().Draw(t, "match")}
		text := FormatMatch(want.Match)
		got, err := ParseMatch("match", text)
		require.NoError(t, err, text)
		require.NotContains(t, text, "\n")
		require.Equal(t, Cond(want), withoutPlaces(Never{Match: got}), text)
	})
	require.Equal(t, "Order Completed", FormatMatch(Match{Events: []Event{{Name: "Order Completed"}}}))
}

func TestDurationReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genDuration().Draw(t, "duration")
		got, err := ParseDuration(FormatDuration(want))
		if err != nil || got != want {
			t.Fatalf("%v: %v, %v", want, got, err)
		}
	})
}

// withoutPlaces returns c with all places removed and empty lists as nil.
func withoutPlaces(c Cond) Cond {
	if c == nil {
		return nil
	}
	return placeless(reflect.ValueOf(c)).Interface().(Cond)
}

func placeless(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[Pos]() {
			for i := range v.NumField() {
				out.Field(i).Set(placeless(v.Field(i)))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = reflect.Append(out, placeless(v.Index(i)))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(placeless(v.Elem()))
		}
	case reflect.Interface:
		if !v.IsNil() {
			out.Set(placeless(v.Elem()))
		}
	default:
		out.Set(v)
	}
	return out
}

// Every example of the language also reads back.
func TestExamplesReadBack(t *testing.T) {
	rules := acceptedRules(t)
	for _, src := range slices.Sorted(maps.Keys(rules)) {
		requireReadsBack(t, rules[src])
	}
}

func requireReadsBack(t *testing.T, c Cond) {
	t.Helper()
	got, err := ParseCond("rule", []byte(Format(c)))
	require.NoError(t, err, Format(c))
	require.Equal(t, withoutPlaces(c), withoutPlaces(got), Format(c))
}

func FuzzParse(f *testing.F) {
	for _, dir := range []string{"files", "rules"} {
		for _, src := range goldenSources(f, dir) {
			f.Add([]byte(src))
			f.Add([]byte("segment: a\nname: A\nsoWhat: x\nwhen:\n  " + strings.ReplaceAll(src, "\n", "\n  ")))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		defs, err := Parse("in.yaml", src)
		requirePlaces(t, err)
		for _, d := range defs {
			requireReadsBack(t, d.When)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, src := range goldenSources(f, "json") {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		c, err := ParseJSON(src, "entry")
		requirePlaces(t, err)
		if err == nil {
			requireReadsBack(t, c)
		}
	})
}

// requirePlaces requires that every mistake has a place and a message.
func requirePlaces(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	mistakes, ok := errors.AsType[Errors](err)
	require.True(t, ok, "%v", err)
	for _, e := range mistakes {
		require.Positive(t, e.Pos.Line)
		require.Positive(t, e.Pos.Column)
		require.NotEmpty(t, e.Msg)
		require.NotContains(t, e.Msg, "%!")
	}
}

func TestFormattedExamplesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(
			rapid.Map(rapid.String(), func(s string) Scalar { return s }),
			rapid.Map(rapid.Float64Range(-1e9, 1e9), func(f float64) Scalar { return f }),
			rapid.Map(rapid.Bool(), func(b bool) Scalar { return b }),
			rapid.SampledFrom([]Scalar{"true", "1", "1e3", "0x1", "~", "", "/a/b", "a=b", "null", "2026-01-01"}),
		)
		var examples []Example
		for range rapid.IntRange(1, 3).Draw(t, "examples") {
			e := Example{Name: strings.TrimSpace("x" + genText().Draw(t, "name")), At: genDuration().Draw(t, "at"), Member: rapid.Bool().Draw(t, "member")}
			for range rapid.IntRange(0, 3).Draw(t, "signals") {
				x := ExampleSignal{At: genDuration().Draw(t, "offset"), Event: Event{Name: "Product Viewed"}}
				for range rapid.IntRange(0, 2).Draw(t, "properties") {
					x.Props = append(x.Props, ExampleProp{rapid.StringMatching(`[a-z_.]{1,8}`).Draw(t, "key"), value.Draw(t, "value")})
				}
				e.Signals = append(e.Signals, x)
			}
			if rapid.Bool().Draw(t, "context") {
				e.Context = map[string]string{"device": genText().Draw(t, "device")}
			}
			examples = append(examples, e)
		}
		src := "segment: x\nname: X\nsoWhat: x\nwhen: {segment: y}\n" + FormatExamples(examples)
		defs, err := Parse("x.yaml", []byte(src))
		require.NoError(t, err, src)
		require.Len(t, defs, 1)
		got := defs[0].Examples
		for i := range got {
			got[i].Pos = Pos{}
			for j := range got[i].Signals {
				got[i].Signals[j].Pos = Pos{}
			}
		}
		require.Equal(t, examples, got, src)
	})
}
