package config

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
)

const goodSegment = `
segment: KEY
name: A name
soWhat: What they get
when: { never: { of: Order Completed } }
`

func segment(key string) string { return "segment: " + key + goodSegment[len("\nsegment: KEY"):] }

func TestSegmentsOfADirectoryInOrderOfPath(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"b.yaml": segment("second"), "a/x.yml": segment("first") + "---\n" + segment("first-too"),
		"readme.txt": "not YAML: [", ".hidden.yaml": "[", ".git/x.yaml": "[",
	})
	defs, err := Segments(dir)
	require.NoError(t, err)
	var keys []string
	for _, d := range defs {
		keys = append(keys, d.Key)
	}
	require.Equal(t, []string{"first", "first-too", "second"}, keys)

	defs, err = Segments(dir + "/b.yaml")
	require.NoError(t, err)
	require.Len(t, defs, 1, "one file")

	defs, err = Segments("")
	require.NoError(t, err)
	require.Empty(t, defs)
}

func TestAllMistakesOfAllSegmentsAtOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"a.yaml": segment("a") + "colour: red\n",
		"b.yaml": "segment: b\nname: B\nsoWhat: w\nwhen: { count: { of: x, last: 3x } }\n",
	})
	_, err := Segments(dir)
	require.ErrorContains(t, err, "a.yaml:5:1: ")
	require.ErrorContains(t, err, "b.yaml:4:31: ")
	_, err = Segments(dir + "/nowhere")
	require.ErrorContains(t, err, "segments: "+dir+"/nowhere does not exist")
}

func TestExperiences(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.yaml": `
id: first
segment: buyers
distribution: [0.2, 0.4, 0.4]
components:
  - baseline: hero
    variants: [hero-a, hidden]
variables:
  headline: ["Hello", {text: "You again"}]
---
id: second
kind: experiment
traffic: 0.5
sticky: true
components: [{baseline: hero, variants: [hero-b]}]
`})
	all, order, err := Experiences(dir)
	require.NoError(t, err)
	require.Equal(t, map[string][]string{"hero": {"first", "second"}}, order)
	require.Equal(t, experience.Experience{
		ID: "first", Audience: "buyers", Traffic: 1,
		Distribution: []experience.Range{{Index: 0, Start: 0, End: 0.2}, {Index: 1, Start: 0.2, End: 0.6000000000000001}, {Index: 2, Start: 0.6000000000000001, End: 1}},
		Components:   []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-a"}, {Hidden: true}}}},
		Variables:    []experience.Variable{{Key: "headline", Values: []json.RawMessage{json.RawMessage(`"Hello"`), json.RawMessage(`{"text":"You again"}`)}}},
	}, all[0])
	require.Equal(t, experience.Experience{
		ID: "second", Kind: experience.Experiment, Traffic: 0.5, Sticky: true,
		Distribution: []experience.Range{{Index: 0}, {Index: 1, End: 1}},
		Components:   []experience.Component{{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-b"}}}},
	}, all[1])
}

func TestMistakesInExperiences(t *testing.T) {
	const good = "id: e\ncomponents: [{baseline: hero, variants: [hero-b]}]\n"
	for name, tc := range map[string]struct{ src, want string }{
		"no id":             {"components: [{baseline: hero, variants: [b]}]\n", "e.yaml:1:1: id: missing"},
		"unknown key":       {good + "segmnt: x\n", `e.yaml:3:1: unknown key "segmnt"; did you mean "segment"?`},
		"unknown inner key": {"id: e\ncomponents:\n  - baseline: hero\n    variant: [b]\n", `e.yaml:4:5: unknown key "variant"; did you mean "variants"?`},
		"wrong type":        {good + "traffic: all\n", "e.yaml:3: "},
		"traffic":           {good + "traffic: 2\n", "traffic: 2 is not a share"},
		"shares":            {good + "distribution: [0.5, 0.2]\n", "shares sum to 0.7"},
		"number of shares":  {good + "distribution: [1]\n", "distribution: give 2 shares"},
		"no shares":         {"id: e\ncomponents: [{baseline: hero, variants: [b, c]}]\n", "distribution: give 3 shares"},
		"kind":              {good + "kind: test\n", `kind: "test" is neither`},
		"nothing to show":   {"id: e\n", "an experience needs components or variables"},
		"key of a value":    {"id: e\nvariables: {v: [1, {2: 3}]}\n", "variables.v: keys of a value must be text"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{"e.yaml": tc.src})
			_, _, err := Experiences(dir)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestMapping(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"good.yaml": "format: csv\nvisitor: v\ntime: {column: t, unit: ms}\nevent: {column: e, map: {view: Product Viewed}}\nproperties: {product_id: i}\nmessageId: [t, v]\n",
		"key.yaml":  "visitor: v\ntime: {colum: t}\n",
		"bad.yaml":  "visitor: v\n",
		"none.yaml": "",
	})
	m, err := Mapping(dir + "/good.yaml")
	require.NoError(t, err)
	require.Equal(t, "v", m.Visitor)
	require.Equal(t, "Product Viewed", m.Event.Map["view"])

	_, err = Mapping(dir + "/key.yaml")
	require.ErrorContains(t, err, `key.yaml:2:8: unknown key "colum"; did you mean "column"?`)
	_, err = Mapping(dir + "/bad.yaml")
	require.ErrorContains(t, err, "bad.yaml: ")
	require.ErrorContains(t, err, "time.column: missing")
	_, err = Mapping(dir + "/none.yaml")
	require.ErrorContains(t, err, "a mapping is one document, not 0")
}
