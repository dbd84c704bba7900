package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

type jsonMap = map[string]any

// A growthBookCase is a condition, the attributes of a visitor and whether
// these satisfy it, by the definition of a feature-flag server.
type growthBookCase struct {
	name       string
	condition  jsonMap
	attributes json.RawMessage
	want       bool
	groups     map[string][]any
}

func (c *growthBookCase) UnmarshalJSON(text []byte) error {
	c.groups = map[string][]any{}
	parts := []any{&c.name, &c.condition, &c.attributes, &c.want, &c.groups}
	return json.Unmarshal(text, &parts)
}

func growthBookCases(t *testing.T) []growthBookCase {
	t.Helper()
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), "github.com", "growthbook", "growthbook-golang@v0.7.0", "cases.json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the module github.com/growthbook/growthbook-golang v0.7.0 is not in the module cache: go mod download it outside this module")
	}
	require.NoError(t, err)
	var file struct {
		EvalCondition []growthBookCase `json:"evalCondition"`
	}
	require.NoError(t, json.Unmarshal(text, &file))
	return file.EvalCondition
}

// A growthBookTranslator writes conditions in our language. leaf tests one property.
type growthBookTranslator struct {
	leaf   func(path string, test any) jsonMap
	groups map[string][]any
	lacks  bool // our language cannot say it
}

func (t *growthBookTranslator) lack() jsonMap {
	t.lacks = true
	return jsonMap{}
}

func (t *growthBookTranslator) condition(c jsonMap) jsonMap {
	var parts []any
	for key, value := range c {
		switch key {
		case "$and":
			parts = append(parts, t.group("all", value))
		case "$or":
			parts = append(parts, t.group("any", value))
		case "$nor":
			parts = append(parts, jsonMap{"not": t.group("any", value)})
		case "$not":
			parts = append(parts, jsonMap{"not": t.condition(value.(jsonMap))})
		default:
			parts = append(parts, t.field(key, value))
		}
	}
	if len(parts) == 0 {
		return t.lack()
	}
	return jsonMap{"all": parts}
}

func (t *growthBookTranslator) group(operator string, value any) jsonMap {
	var parts []any
	for _, c := range value.([]any) {
		parts = append(parts, t.condition(c.(jsonMap)))
	}
	if len(parts) == 0 {
		return t.lack()
	}
	return jsonMap{operator: parts}
}

func (t *growthBookTranslator) field(path string, value any) jsonMap {
	tests, ok := value.(jsonMap)
	if !ok {
		return t.test(path, "$eq", value)
	}
	var parts []any
	for op, constant := range tests {
		parts = append(parts, t.test(path, op, constant))
	}
	if len(parts) == 0 {
		return t.lack()
	}
	return jsonMap{"all": parts}
}

// growthBookTests are the operators that have one of ours; the rest is written
// with several, or not at all.
var growthBookTests = map[string]string{
	"$eq": "eq", "$ne": "ne", "$in": "in", "$nin": "nin", "$gt": "gt", "$gte": "gte", "$lt": "lt", "$lte": "lte",
	"$regex": "matches", "$exists": "exists",
	"$veq": "semverEq", "$vgt": "semverGt", "$vgte": "semverGte", "$vlt": "semverLt", "$vlte": "semverLte",
}

func (t *growthBookTranslator) test(path, op string, constant any) jsonMap {
	ours := growthBookTests[op]
	switch {
	case constant == nil && (op == "$eq" || op == "$ne"):
		return t.leaf(path, jsonMap{"exists": op == "$ne"})
	case strings.HasPrefix(ours, "semver"):
		if text, ok := constant.(string); ok {
			constant = strings.TrimPrefix(text, "v")
		}
		return t.leaf(path, jsonMap{ours: constant})
	case ours != "":
		return t.leaf(path, jsonMap{ours: constant})
	default:
		return t.compound(path, op, constant)
	}
}

func (t *growthBookTranslator) compound(path, op string, constant any) jsonMap {
	switch op {
	case "$not":
		return jsonMap{"not": t.field(path, constant)}
	case "$vne":
		return jsonMap{"not": t.test(path, "$veq", constant)}
	case "$regexi":
		return t.test(path, "$regex", "(?i)"+constant.(string))
	case "$inGroup", "$notInGroup":
		group := t.groups[constant.(string)]
		if len(group) == 0 {
			return t.lack()
		}
		return t.test(path, map[string]string{"$inGroup": "$in", "$notInGroup": "$nin"}[op], group)
	case "$elemMatch":
		return t.someValue(path, constant)
	case "$all":
		var parts []any
		for _, value := range constant.([]any) {
			parts = append(parts, t.test(path, "$eq", value))
		}
		return jsonMap{"all": parts}
	}
	return t.lack()
}

// someValue tests one value among several. That some value passes is what our
// tests mean, but for those that ask all values.
func (t *growthBookTranslator) someValue(path string, constant any) jsonMap {
	tests := constant.(jsonMap)
	for op, value := range tests {
		switch {
		case len(tests) > 1 || op == "$ne" || op == "$nin" || op == "$not" || op == "$and" || op == "$or" || op == "$nor":
		case strings.HasPrefix(op, "$"):
			return t.test(path, op, value)
		default:
			return t.field(path+"."+op, value)
		}
	}
	return t.lack()
}

func (t *growthBookTranslator) rule(c growthBookCase) (syntax.Cond, bool) {
	rule := t.condition(c.condition)
	text, err := json.Marshal(rule)
	if err != nil || t.lacks {
		return nil, false
	}
	cond, err := syntax.ParseJSON(text, c.name)
	return cond, err == nil
}

// growthBookJudged is how many of the cases our language can write; the others are about
// the types and sizes of values, lists and maps as a whole, the order of texts,
// case-insensitive lists, and versions that are none.
const growthBookJudged = 417

// GrowthBook's own cases are an independent judge of what predicates mean, of
// traits and of a signal's properties, which differ in what is absent.
func TestPredicatesAgreeWithGrowthBook(t *testing.T) {
	cases := growthBookCases(t)
	t.Run("traits", func(t *testing.T) {
		judgeAsGrowthBook(t, cases, true, func(path string, test any) jsonMap {
			return jsonMap{"trait": jsonMap{path: test}}
		})
	})
	t.Run("properties", func(t *testing.T) {
		judgeAsGrowthBook(t, cases, false, func(path string, test any) jsonMap {
			return jsonMap{"count": jsonMap{"of": "identify", "where": jsonMap{path: test}}}
		})
	})
}

func judgeAsGrowthBook(t *testing.T, cases []growthBookCase, traits bool, leaf func(path string, test any) jsonMap) {
	t.Helper()
	written := 0
	otherwise := []string{}
	for _, c := range cases {
		cond, ok := (&growthBookTranslator{leaf: leaf, groups: c.groups}).rule(c)
		if !ok {
			continue
		}
		written++
		if c.satisfies(t, cond) != c.want {
			otherwise = append(otherwise, c.name)
		}
	}
	require.Equal(t, growthBookJudged, written)
	var want []string
	for _, d := range growthBookDifferences {
		if traits || !d.traitsOnly {
			want = append(want, strings.Split(strings.TrimSpace(d.cases), "\n")...)
		}
	}
	require.ElementsMatch(t, want, otherwise)
}

// satisfies reports whether an identify signal with c's attributes makes a
// visitor a member.
func (c growthBookCase) satisfies(t *testing.T, cond syntax.Cond) bool {
	t.Helper()
	m, err := signal.DecodeTyped("identify", fmt.Appendf(nil, `{"userId": "u", "traits": %s}`, c.attributes))
	require.NoError(t, err, c.name)
	rec, _ := (&visitor.Record{ID: "u"}).With(visitor.Limits{}, m.Signal(t0, time.Time{}, 0, 0))
	var res Result
	compileCond(t, cond, Options{}).Bind(rec).Evaluate(nil, t0.UnixMilli(), &res)
	return len(res.Members) == 1
}

// growthBookDifferences are the cases that we mean to judge otherwise, one a
// line, and why.
var growthBookDifferences = []struct {
	reason     string
	traitsOnly bool
	cases      string
}{
	{"Values compare as numbers when both spell one, and else as text, whatever their type; so matches looks at the text of numbers too, and a version can be a number.", false, `
comparing numbers and strings
$vgt - numeric attribute is not a version
$inGroup fails for improperly typed data
type mismatch - implicit 5 vs "5" attribute
type mismatch - $eq 5 vs "5" attribute
type mismatch - $ne 5 vs "5" attribute
type mismatch - $not 5 vs "5" attribute
type mismatch - implicit "5" vs 5 attribute
type mismatch - $eq "5" vs 5 attribute
type mismatch - $ne "5" vs 5 attribute
type mismatch - $not "5" vs 5 attribute
type mismatch - implicit 5 vs "5e0" attribute
type mismatch - $eq 5 vs "5e0" attribute
type mismatch - $ne 5 vs "5e0" attribute
type mismatch - $not 5 vs "5e0" attribute
type mismatch - implicit "true" vs true attribute
type mismatch - $eq "true" vs true attribute
type mismatch - $ne "true" vs true attribute
type mismatch - $not "true" vs true attribute
type mismatch - implicit true vs "true" attribute
type mismatch - $eq true vs "true" attribute
type mismatch - $ne true vs "true" attribute
type mismatch - $not true vs "true" attribute
type mismatch - implicit "false" vs false attribute
type mismatch - $eq "false" vs false attribute
type mismatch - $ne "false" vs false attribute
type mismatch - $not "false" vs false attribute
type mismatch - implicit false vs "false" attribute
type mismatch - $eq false vs "false" attribute
type mismatch - $ne false vs "false" attribute
type mismatch - $not false vs "false" attribute
type mismatch - $in [5] vs "5" attribute
type mismatch - $nin [5] vs "5" attribute
type mismatch - $in ["5"] vs 5 attribute
type mismatch - $nin ["5"] vs 5 attribute
type mismatch - $in ["true"] vs true attribute
type mismatch - $nin ["true"] vs true attribute
type mismatch - $in [true] vs "true" attribute
type mismatch - $nin [true] vs "true" attribute
type mismatch - $in [5] vs ["5"] attribute
type mismatch - $nin [5] vs ["5"] attribute
type mismatch - $in ["5"] vs [5] attribute
type mismatch - $nin ["5"] vs [5] attribute
type mismatch - $gte 5 vs "5" attribute
type mismatch - $not $gte 5 vs "5" attribute
type mismatch - $lte 5 vs "5" attribute
type mismatch - $not $lte 5 vs "5" attribute
type mismatch - $gt 5 vs "8" attribute
type mismatch - $regex vs 5 attribute
type mismatch - $regexi vs 5 attribute
type mismatch - $not $regex vs 5 attribute
type mismatch - $regex vs true attribute
type mismatch - $regexi vs true attribute
type mismatch - $not $regex vs true attribute
type mismatch - $elemMatch $eq 5 vs ["5"] attribute
type mismatch - $elemMatch $eq "5" vs [5] attribute
type mismatch - $elemMatch $gte 5 vs ["5"] attribute
type mismatch - $all [5] vs ["5"] attribute
type mismatch - $all ["5"] vs [5] attribute
type mismatch - $inGroup 2 vs ["2"] group
type mismatch - $notInGroup 2 vs ["2"] group
type mismatch - $notInGroup "3" vs [3] group`},
	{"A property with several values passes a test when one value does; ne, nin and the not of a test ask all.", false, `
type mismatch - implicit 5 vs [5] attribute
type mismatch - $eq 5 vs [5] attribute
type mismatch - $ne 5 vs [5] attribute
type mismatch - $not 5 vs [5] attribute
type mismatch - implicit "a" vs ["a"] attribute
type mismatch - $eq "a" vs ["a"] attribute
type mismatch - $ne "a" vs ["a"] attribute
type mismatch - $not "a" vs ["a"] attribute
type mismatch - $gte 5 vs [5] attribute
type mismatch - $not $gte 5 vs [5] attribute
type mismatch - $lte 5 vs [5] attribute
type mismatch - $not $lte 5 vs [5] attribute
type mismatch - $regex vs ["a"] attribute
type mismatch - $regexi vs ["a"] attribute
type mismatch - $not $regex vs ["a"] attribute`},
	{"Both of the above.", false, `
type mismatch - implicit 5 vs ["5"] attribute
type mismatch - $eq 5 vs ["5"] attribute
type mismatch - $ne 5 vs ["5"] attribute
type mismatch - $not 5 vs ["5"] attribute
type mismatch - implicit "5" vs [5] attribute
type mismatch - $eq "5" vs [5] attribute
type mismatch - $ne "5" vs [5] attribute
type mismatch - $not "5" vs [5] attribute`},
	{"Dates compare as instants: a date is its first instant, in UTC.", false, `
$gt/$lt ISO dates - datetime > its date`},
	{"Versions are those of semver.org: what is none passes no test.", false, `
version a.b.c.d.e.f > 1.2.3
version 1-2-3 == 1.2.3
version 1-2-3 == v1.2.3
version 1.2.3.4 == 1.2.3-4`},
	{"Paths lead through lists to all of their values, not to one by its number.", false, `
path through an array index`},
	{"An absent trait is unknown to every test but exists, and so is the not of it; null, [] and a map are absent.", true, `
$nin - array pass 2
a missing attribute is still compared as null, even under $not
$vne - absent attribute differs from a real version
type mismatch - $ne 0 vs null attribute
type mismatch - $not 0 vs null attribute
type mismatch - $ne "null" vs null attribute
type mismatch - $not "null" vs null attribute
type mismatch - $ne false vs null attribute
type mismatch - $not false vs null attribute
type mismatch - $ne 0 vs missing attribute
type mismatch - $not 0 vs missing attribute
type mismatch - $ne "null" vs missing attribute
type mismatch - $not "null" vs missing attribute
type mismatch - $ne false vs missing attribute
type mismatch - $not false vs missing attribute
type mismatch - $ne 0 vs [] attribute
type mismatch - $not 0 vs [] attribute
type mismatch - $ne "" vs [] attribute
type mismatch - $not "" vs [] attribute
type mismatch - $ne true vs [] attribute
type mismatch - $not true vs [] attribute
type mismatch - $ne true vs {"a": 1} attribute
type mismatch - $not true vs {"a": 1} attribute
type mismatch - $nin [0] vs null attribute
type mismatch - $nin ["null"] vs null attribute
type mismatch - $not $gte 0 vs null attribute
type mismatch - $not $lte 0 vs null attribute
type mismatch - $not $gte 0 vs missing attribute
type mismatch - $not $lte 0 vs missing attribute
type mismatch - $not $regex vs null attribute
type mismatch - $not $regex vs missing attribute
type mismatch - $not $regex vs {"a": 1} attribute
$nin - missing attribute passes`},
}
