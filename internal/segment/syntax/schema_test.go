package syntax

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// fileSchema returns the schema of documents, and that of a condition alone.
func fileSchema(t testing.TB) (file, condition *jsonschema.Schema) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("segment.json", doc))
	file, err = c.Compile("segment.json")
	require.NoError(t, err, "the schema is none of draft 2020-12")
	condition, err = c.Compile("segment.json#/$defs/condition")
	require.NoError(t, err)
	return file, condition
}

// instances returns the documents of src as an editor sees them, without empty
// ones. YAML that nobody can read gives ok = false.
func instances(src string) (docs []any, ok bool) {
	decoder := yaml.NewDecoder(strings.NewReader(src))
	for {
		var doc yaml.Node
		switch err := decoder.Decode(&doc); {
		case err != nil:
			return docs, err.Error() == "EOF"
		case doc.Content[0].Tag != "!!null":
			docs = append(docs, instance(doc.Content[0]))
		}
	}
}

// instance is n by the core schema of YAML 1.2, which knows no dates.
func instance(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			m[n.Content[i].Value] = instance(n.Content[i+1])
		}
		return m
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			list = append(list, instance(item))
		}
		return list
	}
	switch n.Tag {
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		return json.Number(n.Value)
	case "!!null":
		return nil
	default:
		return n.Value
	}
}

// The schema as printed; read its changes as a user's editor does.
func TestSchemaAsPrinted(t *testing.T) {
	const file = "testdata/schema.json"
	if *update {
		require.NoError(t, os.WriteFile(file, Schema(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(Schema()))
}

// What the reader accepts, the schema accepts.

func TestSchemaAcceptsExamples(t *testing.T) {
	schema, _ := fileSchema(t)
	files, err := filepath.Glob("../../../examples/*/segments/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		docs, ok := instances(string(src))
		require.True(t, ok)
		require.NotEmpty(t, docs)
		for _, doc := range docs {
			require.NoError(t, schema.Validate(doc), file)
		}
	}
}

func TestSchemaAcceptsWhatCanBeWritten(t *testing.T) {
	_, schema := fileSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		text := Format(genCond(3).Draw(t, "condition"))
		docs, ok := instances(text)
		if !ok || len(docs) != 1 {
			t.Fatalf("not one document: %s", text)
		}
		if err := schema.Validate(docs[0]); err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
	})
}

// unseen says which mistakes no schema can see, by what the reader says of them.
var unseen = []string{
	// Keys that are given twice, and YAML that is JSON or nearly.
	"is already given in line", "is already defined at", "is the same property as in line",
	"not valid JSON", "anchors (&", "aliases (*", "tags (!",
	// Values that do not go together.
	"no value of", "no gap is at most", "first such signal is one", "leave it out with mode: once",
	"bounds of between are reversed", "can never be: make ofLast greater", "two numbers or two dates, not one of each",
	// How numbers are written, how large they are, and languages within text.
	"is not a plain decimal number", "is too large a number", "a duration is at most 100 years",
	"is not a regular expression in RE2 syntax",
	"a line begins with the time", "the time is followed by an event",
}

// isUnseen reports whether no schema can see any mistake of err.
func isUnseen(err error) bool {
	mistakes, _ := errors.AsType[Errors](err)
	return !slices.ContainsFunc(mistakes, func(e *Error) bool {
		return !slices.ContainsFunc(unseen, func(reason string) bool { return strings.Contains(e.Msg, reason) })
	})
}

func readCond(src string) error     { _, err := ParseCond("rule", []byte(src)); return err }
func readCondJSON(src string) error { _, err := ParseJSON([]byte(src), "rule"); return err }
func readFile(src string) error     { _, err := Parse("in.yaml", []byte(src)); return err }

func TestSchemaSeesMistakes(t *testing.T) {
	file, condition := fileSchema(t)
	for _, dir := range []struct {
		name   string
		schema *jsonschema.Schema
		read   func(src string) error
	}{{"rules", condition, readCond}, {"json", condition, readCondJSON}, {"files", file, readFile}} {
		files, err := filepath.Glob(filepath.Join("testdata", dir.name, "*.txt"))
		require.NoError(t, err)
		for _, name := range files {
			_, cases := readGoldens(t, name)
			for _, c := range cases {
				docs, readable := instances(c.src)
				if !readable || len(docs) == 0 || c.name == "mistakes in lines of examples" {
					continue
				}
				requireSameJudgement(t, dir.schema, dir.read, c.src, docs)
			}
		}
	}
}

// requireSameJudgement requires that schema accepts what read accepts, and
// refuses what read refuses unless that cannot be seen.
func requireSameJudgement(t *testing.T, schema *jsonschema.Schema, read func(string) error, src string, docs []any) {
	t.Helper()
	var refused error
	for _, doc := range docs {
		refused = errors.Join(refused, schema.Validate(doc))
	}
	switch mistake := read(src); {
	case mistake == nil:
		require.NoError(t, refused, src)
	case !isUnseen(mistake):
		require.Error(t, refused, "%s%v", src, mistake)
	}
}

// places are where maps of each form stand that are no operator's; operators
// stand in a condition.
var places = map[string]string{
	"segment": "%s", "cost": inSegment("cost: %s"), "example": inSegment("examples: [%s]"), "allowance": inSegment("allow: [%s]"),
	"match":              "absence: {of: a, for: 1d, without: %s}",
	"firstStep":          "sequence: {steps: [%s]}",
	"step":               "sequence: {steps: [{of: a}, %s]}",
	"weight":             "score: {of: [%s], halfLife: 1d, gte: 1}",
	"weightOf":           "score: {of: [%s], halfLife: 1d, gte: 1}",
	"window":             "sequence: {steps: [{of: a}], completed: %s}",
	"howManyComparison":  "session: {pages: %s}",
	"durationComparison": "session: {duration: %s}",
	"tests":              "trait: {plan: %s}",
}

func inSegment(entry string) string {
	return "{segment: a, name: A, soWhat: x, when: {segment: b}, " + entry + "}"
}

func placeOf(t *testing.T, f form) string {
	t.Helper()
	if place, ok := places[f.name]; ok {
		return place
	}
	i := slices.IndexFunc(operators, func(o Operator) bool { return o.value == f.name })
	require.GreaterOrEqual(t, i, 0, "no place for the form %s", f.name)
	return operators[i].Key + ": %s"
}

// good are values that each definition accepts.
var good = map[string]string{
	"text": "x", "filled": "x", "anyText": "0s page", "pattern": "^x", "segmentKey": "a", "zone": "Europe/Berlin", "listKey": "a", "property": "x", "properties": "[x, y]",
	"events": "[page, x]", "predicate": "{plan: pro}", "tests": "{gte: 3}", "attributes": "{device: mobile}",
	"scalar": "x", "scalars": "[x, 1]", "ordered": "5", "range": "[1, 2]", "version": "1.2.3",
	"number": "5", "notNegative": "5", "howMany": "5", "percentage": "5", "repeats": "5", "priority": "5", "days": "5", "periods": "5",
	"duration": "1d", "positive": "1d", "ago": "[1d, 2d]", "boolean": "true", "mark": "true",
	"status": "draft", "scope": "page", "anchor": "first", "absenceMode": "once", "week": "current", "period": "week", "sessionWindow": "any",
	"condition": "{segment: b}", "examples": "[{name: x, at: 1d, member: true}]", "allowances": "[{code: SG101, reason: x}]", "cost": "{hoursPerMonth: 5}",
	"steps": "[{of: a}]", "weights": "[{event: page, weight: 1}]", "without": "{of: a}", "withouts": "[{of: a}, b]",
	"window": "{last: 1d}", "howManyComparison": "{gte: 5}", "durationComparison": "{gte: 1d}",
}

// with returns the least map of f that has the given key.
func (f form) with(name, value string) string {
	given := map[string]string{}
	for _, k := range f.keys {
		if k.required {
			given[k.name] = good[k.value]
		}
	}
	given[name] = value
	for _, l := range f.limits {
		if l.least > 0 && !slices.ContainsFunc(l.keys, func(k string) bool { return given[k] != "" }) {
			i := slices.IndexFunc(f.keys, func(k key) bool { return k.name == l.keys[0] })
			given[l.keys[0]] = good[f.keys[i].value]
		}
	}
	var entries []string
	for _, k := range slices.Sorted(maps.Keys(given)) {
		entries = append(entries, k+": "+given[k])
	}
	return "{" + strings.Join(entries, ", ") + "}"
}

// forEachForm calls f with each form, a place for its maps, and how these are
// judged there.
func forEachForm(t *testing.T, f func(form form, place string, schema *jsonschema.Schema, read func(string) error)) {
	t.Helper()
	file, condition := fileSchema(t)
	for _, form := range append(forms, segmentForm) {
		place, schema, read := placeOf(t, form), condition, readCond
		if form.name == "segment" || strings.HasPrefix(place, "{segment") {
			schema, read = file, readFile
		}
		f(form, place, schema, read)
	}
}

func one(t *testing.T, src string) []any {
	t.Helper()
	docs, ok := instances(src)
	require.True(t, ok && len(docs) == 1, src)
	return docs
}

// Every key of a form is read: a good value is accepted and a bad one refused,
// by the reader as by the schema.
func TestReaderAndSchemaTakeTheSameKeys(t *testing.T) {
	every := map[string]bool{"notes": true}
	for _, f := range append(forms, segmentForm) {
		for _, k := range f.keys {
			every[k.name] = true
		}
	}
	forEachForm(t, func(f form, place string, schema *jsonschema.Schema, read func(string) error) {
		for _, k := range f.keys {
			src := fmt.Sprintf(place, f.with(k.name, good[k.value]))
			require.NoError(t, read(src), src)
			require.NoError(t, schema.Validate(one(t, src)[0]), src)
			src = fmt.Sprintf(place, f.with(k.name, "[[]]"))
			require.Error(t, read(src), "%s: nobody reads %s", src, k.name)
			require.Error(t, schema.Validate(one(t, src)[0]), src)
		}
		for name := range every {
			if !f.takes(name) && (f.name != "weight" || name != "of") {
				src := fmt.Sprintf(place, f.with(name, "x"))
				require.Error(t, read(src), src)
				require.Error(t, schema.Validate(one(t, src)[0]), src)
			}
		}
	})
}

// probes are values of every kind, at the edges of what somewhere is accepted.
var probes = []string{
	`""`, `" "`, "x", "page", `"page:"`, `"page: "`, "5", "-1", "0", "1.5", "100.5", "1001", "36501", "1000001", "1000000001", "true", "false",
	"null", "[]", "[x]", "[a, b]", "[a, 1]", "[null]", "[[a]]", "[[a], {of: b}]", "[{of: a}, b]", "[{of: a, x: b}]", "{}", "{of: page}", "{of: page, gte: 1}",
	"{plan: pro}", "{plan: [a, b]}", "{plan: []}", "{plan: {}}", "{plan: {gte: 1}}", "{plan: {is: 1}}", "{properties.: 1}", `{" ": 1}`, "{gte: 1}", "{gte: 1d}", "{last: 1d}",
	"{last: 1d, today: true}", "7d", "0s", "1d2h", "2h1d", "1M", "[1d, 2d]", "[1d, 2d, 3d]", "[1, 2]", "2026-01-31", "2026-01-31T09:00:00Z", "31.01.2026",
	"1.2.3", "v1.2.3", "1.2.3-rc.01", "current", "any", "page", "last", "once", "draft", "{segment: a}", "{segment: a, not: {segment: b}}", "[{segment: a}]",
}

func TestReaderAndSchemaTakeTheSameValues(t *testing.T) {
	tried := map[key]bool{} // many forms share the keys of windows and comparisons
	forEachForm(t, func(f form, place string, schema *jsonschema.Schema, read func(string) error) {
		for _, k := range f.keys {
			for _, probe := range probes {
				if !tried[k] {
					src := fmt.Sprintf(place, f.with(k.name, probe)) + "\n"
					requireSameJudgement(t, schema, read, src, one(t, src))
				}
			}
			tried[k] = true
		}
	})
}

func TestReaderAndSchemaTakeTheSameOperators(t *testing.T) {
	_, schema := fileSchema(t)
	for _, o := range operators {
		for _, probe := range probes {
			src := o.Key + ": " + probe + "\n"
			requireSameJudgement(t, schema, readCond, src, one(t, src))
		}
	}
}

// The shape of an operator, which people read, names the keys that it takes.
func TestShapesNameTheKeys(t *testing.T) {
	for _, o := range operators {
		i := slices.IndexFunc(forms, func(f form) bool { return f.name == o.value })
		if i < 0 {
			continue
		}
		for _, k := range forms[i].keys {
			want := k.name + ":"
			switch {
			case slices.Contains(windowKeys, k.name):
				want = "WINDOW"
			case slices.Contains(compareKeys, k.name):
				want = "COMPARE"
			}
			require.Contains(t, o.Shape, want, o.Key)
		}
	}
}
