package syntax

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
)

func source(key, rule string) []byte {
	return fmt.Appendf(nil, "segment: %s\nname: N\nsoWhat: x\nwhen: %s\n", key, rule)
}

func TestParseFilesReadsInTheOrderOfNames(t *testing.T) {
	defs, err := ParseFiles(map[string][]byte{
		"b.yaml": source("one", "{segment: x}"),
		"a.yaml": source("two", "{segment: x}"),
	})
	require.NoError(t, err)
	require.Equal(t, []string{"two", "one"}, []string{defs[0].Key, defs[1].Key})
	require.Equal(t, Pos{"a.yaml", 1, 1}, defs[0].Pos)
}

func TestParseFilesReportsAllMistakesOfAllFiles(t *testing.T) {
	defs, err := ParseFiles(map[string][]byte{
		"c.yaml": source("one", "{sement: x}"),
		"a.yaml": source("one", "{count: {of: page, last: 1mo}}"),
		"b.yaml": source("two", "{segment: x}"),
	})
	require.Nil(t, defs)
	require.EqualError(t, err, strings.Join([]string{
		`a.yaml:4:32: last: "1mo" is not a duration: months and years differ in length: write days, such as 30d or 365d, or a calendar window such as lastDays: 30`,
		`c.yaml:1:1: segment one is already defined at a.yaml:1:1: give one of them another key`,
		`c.yaml:4:8: unknown operator "sement": did you mean segment?`,
	}, "\n"))
}

func TestMistakesAreInvalidAndHavePlaces(t *testing.T) {
	_, err := Parse("a.yaml", source("one", "{sement: x}"))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	var first *Error
	require.True(t, errors.As(err, &first))
	require.Equal(t, Pos{"a.yaml", 4, 8}, first.Pos)

	_, err = ParseJSON([]byte(`{"not": {"sement": "x"}}`), "entry 5x")
	require.True(t, errors.As(err, &first))
	require.Equal(t, "/not/sement", first.Path)
}

func TestConditionsNestOnlySoDeep(t *testing.T) {
	nest := func(depth int) []byte {
		return []byte(strings.Repeat("{not: ", depth-1) + "{segment: x}" + strings.Repeat("}", depth-1))
	}
	c, err := ParseCond("rule", nest(maxDepth))
	require.NoError(t, err)
	requireReadsBack(t, c)
	_, err = ParseCond("rule", nest(maxDepth+1))
	require.ErrorContains(t, err, "nested more than 100 deep")
	_, err = ParseJSON([]byte(strings.Repeat(`{"not":`, 9000)+"null"+strings.Repeat("}", 9000)), "entry")
	require.ErrorContains(t, err, "nested more than 100 deep")
}

func TestWhatIsNoText(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"latin-1":       {"segment: a\nname: Gr\xf6\xdfe\n", "in.yaml:2:9: this is not UTF-8: save the file in that encoding"},
		"a NUL":         {"segment: a\nname: ü\x00\n", `in.yaml:2:8: a control character ('\x00'): remove it`},
		"utf-16":        {"\xff\xfes\x00", "in.yaml:1:1: this is not UTF-8: save the file in that encoding"},
		"a replacement": {"segment: \ufffd\n", "only a-z, 0-9 and -"},
	} {
		_, err := Parse("in.yaml", []byte(tc.src))
		require.ErrorContains(t, err, tc.want, name)
	}
	_, err := ParseJSON([]byte("{\"segment\":\n \"\xff\"}"), "entry")
	require.EqualError(t, err, "entry:2:3: this is not UTF-8: send it in that encoding")
}

func TestWindowsLineEndsAndByteOrderMark(t *testing.T) {
	src := "segment: a\nname: N\nsoWhat: x\nwhen: {segment: x}\nexamples:\n- name: e\n  signals: |\n    0s page path=/\n    5s page:\n  at: 0s\n  member: true\n"
	_, err := Parse("in.yaml", []byte("\ufeff"+strings.ReplaceAll(src, "\n", "\r\n")))
	require.EqualError(t, err, `in.yaml:9:8: "page:" names nothing: write a name after the colon`)
}

func TestParseCondTakesOneCondition(t *testing.T) {
	for _, src := range []string{"", "# nothing\n", "segment: a\n---\nsegment: b\n"} {
		_, err := ParseCond("rule", []byte(src))
		require.ErrorContains(t, err, "rule:1:1: write one condition here", "%q", src)
	}
}

func TestOperatorsBelongToTheCaller(t *testing.T) {
	Operators()[0].Key = "changed"
	require.Equal(t, "all", Operators()[0].Key)
}

func TestNoCondition(t *testing.T) {
	require.Empty(t, Format(nil))
	require.Empty(t, Describe(nil))
}

func TestPlace(t *testing.T) {
	require.Equal(t, "a.yaml", Pos{File: "a.yaml"}.String())
	require.Equal(t, "a.yaml:2:3", Pos{"a.yaml", 2, 3}.String())
}

func BenchmarkParse(b *testing.B) {
	one := source("KEY", "{all: [{count: {of: Product Viewed, distinct: product_id, session: current, gte: 3}}, {not: {count: {of: Order Completed, last: 24h}}}]}")
	for _, segments := range []int{1, 10, 100, 1000} {
		var docs []string
		for i := range segments {
			docs = append(docs, strings.Replace(string(one), "KEY", fmt.Sprintf("s%d", i), 1))
		}
		src := []byte(strings.Join(docs, "---\n"))
		b.Run(fmt.Sprintf("segments=%d", segments), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse("in.yaml", src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
