package space_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// space returns the snapshot of an export with the given entries, each written
// as {"id", "type", "state", "fields": {field: value}}. The state is published
// unless it says draft or archived.
func spaceOf(t testing.TB, entries string) *content.Snapshot {
	t.Helper()
	var list []struct {
		ID, Type, State string
		Fields          map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(entries), &list))
	type object = map[string]any
	var exported []object
	for _, e := range list {
		sys := object{"id": e.ID, "type": "Entry", "version": 2, "contentType": object{"sys": object{"type": "Link", "linkType": "ContentType", "id": e.Type}}}
		switch e.State {
		case "draft":
		case "archived":
			sys["archivedVersion"] = 1
		default:
			sys["publishedVersion"] = 1
		}
		fields := object{}
		for name, value := range e.Fields {
			fields[name] = object{"en-US": value}
		}
		exported = append(exported, object{"sys": sys, "fields": fields})
	}
	raw, err := json.Marshal(object{"entries": exported, "locales": []object{{"code": "en-US", "default": true}}})
	require.NoError(t, err)
	snap, err := space.LoadExport(strings.NewReader(string(raw)))
	require.NoError(t, err)
	return snap
}

func none(string) bool { return false }

const europe = `{"any":[{"all":[{"type":"location","key":"continent","operator":"equal","value":"EU","count":"1","conditions":[]}]}]}`

func linkTo(id string) string { return `{"sys":{"type":"Link","linkType":"Entry","id":"` + id + `"}}` }

func TestExperiencesAreReadAsEditorsArrangedThem(t *testing.T) {
	p := space.LoadPersonalization(spaceOf(t, `[
		{"id": "hero", "type": "hero", "fields": {"nt_experiences": [`+linkTo("x2")+`,`+linkTo("x1")+`,`+linkTo("x3")+`,`+linkTo("x2")+`]}},
		{"id": "banner", "type": "banner", "fields": {"nt_experiences": [`+linkTo("x1")+`,`+linkTo("x2")+`]}},
		{"id": "hero-eu", "type": "hero"}, {"id": "hero-b", "type": "hero"},
		{"id": "a1", "type": "nt_audience", "fields": {"nt_name": "Europe", "nt_description": "Prices in euro", "nt_audience_id": "europe\u200b", "nt_rules": `+europe+`}},
		{"id": "x1", "type": "nt_experience", "fields": {
			"nt_name": "Euro", "nt_experience_id": "euro\ufeff", "nt_type": "nt_personalization\u200b", "nt_audience": `+linkTo("a1")+`, "nt_variants": [`+linkTo("hero-eu")+`],
			"nt_config": {"traffic": "0.9", "distribution": ["0.1", 0.9], "sticky": true, "primaryMetric": "", "components": [
				{"baseline": {"id": "hero\ufeff", "title": "Hero"}, "variants": [{"id": " hero-eu", "hidden": false}]},
				{"type": "EntryReplacement", "baseline": {"id": "banner"}, "variants": [{"id": "", "hidden": true}]},
				{"type": "InlineVariable", "key": "currency\u200c", "valueType": "String", "baseline": {"value": "USD"}, "variants": [{"value": "EUR"}]}]}}},
		{"id": "x2", "type": "nt_experience", "fields": {
			"nt_name": "Test", "nt_type": "nt_experiment", "nt_audience": null, "nt_variants": [`+linkTo("hero-b")+`],
			"nt_config": {"traffic": 1, "distribution": [0.2, 0.2, 0.6], "distributionType": "even-split",
				"scatteredDistribution": [{"index": 1, "start": 0, "end": 1}],
				"components": [{"baseline": {"id": "hero"}, "variants": [{"id": "hero-b"}, {"id": ""}]},
					{"baseline": {"id": "banner", "hidden": true}, "variants": []}]}}},
		{"id": "x3", "type": "nt_experience", "state": "draft", "fields": {"nt_name": "Later", "nt_type": "nt_experiment"}},
		{"id": "x4", "type": "nt_experience", "state": "archived", "fields": {"nt_name": "Once", "nt_type": "nt_experiment"}},
		{"id": "x5", "type": "nt_experience", "fields": {"nt_name": "Begun", "nt_type": "nt_personalization"}},
		{"id": "x6", "type": "nt_experience", "fields": {"nt_name": "Scattered", "nt_type": "nt_personalization",
			"nt_config": {"traffic": 0.5, "scatteredDistribution": [{"index": 0, "start": 0, "end": 0.2}, {"index": 1, "start": "0.2", "end": 1}]}}}
	]`), none)

	require.Equal(t, []content.Finding{{
		Entry: "x5", Field: "nt_config", Message: "has no traffic: nobody takes part; set traffic to 1 for all of the audience",
	}}, p.Findings)
	require.Equal(t, []experience.Experience{
		{
			ID: "euro", Entry: "x1", Name: "Euro", Audience: "europe", Traffic: 0.9, Sticky: true,
			Distribution: []experience.Range{{Index: 0, Start: 0, End: 0.1}, {Index: 1, Start: 0.1, End: 1}},
			Components: []experience.Component{
				{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-eu"}}},
				{Baseline: "banner", Variants: []experience.Variant{{Hidden: true}}},
			},
			Variables: []experience.Variable{{Key: "currency", Values: []json.RawMessage{[]byte(`"USD"`), []byte(`"EUR"`)}}},
		},
		{
			ID: "x2", Entry: "x2", Name: "Test", Kind: experience.Experiment, Traffic: 1,
			Distribution: []experience.Range{{Index: 0, Start: 0, End: 0.2}, {Index: 1, Start: 0.2, End: 0.4}, {Index: 2, Start: 0.4, End: 1}},
			Components: []experience.Component{
				{Baseline: "hero", Variants: []experience.Variant{{Entry: "hero-b"}, {Hidden: true}}},
				{Baseline: "banner", Hidden: true},
			},
		},
		{ID: "x5", Entry: "x5", Name: "Begun", Distribution: []experience.Range{{Index: 0, Start: 0, End: 0.5}, {Index: 1, Start: 0.5, End: 1}}},
		{
			ID: "x6", Entry: "x6", Name: "Scattered", Traffic: 0.5,
			Distribution: []experience.Range{{Index: 0, Start: 0, End: 0.2}, {Index: 1, Start: 0.2, End: 1}},
		},
	}, p.Experiences)
	require.Equal(t, map[string][]string{"hero": {"x2", "euro"}, "banner": {"euro", "x2"}}, p.Order)
	require.Equal(t, []syntax.Definition{{
		Key: "europe", Name: "Europe", SoWhat: "Prices in euro", Status: syntax.Active,
		When: p.Audiences[0].When, Pos: syntax.Pos{File: "nt_audience a1"},
	}}, p.Audiences)
	_, err := experience.NewCatalog(p.Experiences, p.Order)
	require.NoError(t, err)
}

// An experience that is not wholly understood is offered to nobody.
func TestExperiencesThatAreLeftOut(t *testing.T) {
	for name, tc := range map[string]struct{ fields, field, message string }{
		"audience refused":      {`"nt_type": "nt_experiment", "nt_audience": ` + linkTo("odd"), "nt_audience", "for audience odd, which cannot be used"},
		"audience missing":      {`"nt_type": "nt_experiment", "nt_audience": ` + linkTo("gone"), "nt_audience", "for audience gone, which does not exist"},
		"audience a draft":      {`"nt_type": "nt_experiment", "nt_audience": ` + linkTo("later"), "nt_audience", "for audience later, which is not published"},
		"audience is none":      {`"nt_type": "nt_experiment", "nt_audience": ` + linkTo("hero"), "nt_audience", "for audience hero, which is no audience"},
		"audience no link":      {`"nt_type": "nt_experiment", "nt_audience": "everybody"`, "nt_audience", "is not a link"},
		"no type":               {`"nt_config": {}`, "nt_type", `"" is neither`},
		"unknown type":          {`"nt_type": "nt_bandit"`, "nt_type", `"nt_bandit" is neither`},
		"config no object":      {`"nt_type": "nt_experiment", "nt_config": []`, "nt_config", "cannot unmarshal array"},
		"traffic no number":     {`"nt_type": "nt_experiment", "nt_config": {"traffic": "most"}`, "nt_config", `"most" is not a number`},
		"traffic in percent":    {`"nt_type": "nt_experiment", "nt_config": {"traffic": 90}`, "nt_config", "traffic: 90"},
		"sticky no boolean":     {`"nt_type": "nt_experiment", "nt_config": {"sticky": 3}`, "nt_config", "3 is neither true nor false"},
		"shares in percent":     {`"nt_type": "nt_experiment", "nt_config": {"distribution": [50, 50]}`, "nt_config", "distribution[0]: 50"},
		"shares of half":        {`"nt_type": "nt_experiment", "nt_config": {"distribution": [0.2, 0.3]}`, "nt_config", "sum to 0.5"},
		"unknown component":     {`"nt_type": "nt_experiment", "nt_config": {"components": [{"type": "Theme"}]}`, "nt_config", `components[0]: unknown type "Theme"`},
		"variable value absent": {`"nt_type": "nt_experiment", "nt_config": {"components": [{"type": "InlineVariable", "key": "k", "baseline": {"value": 1}, "variants": [{}]}]}`, "nt_config", `variable "k" has no value at index 1`},
		"variable without key":  {`"nt_type": "nt_experiment", "nt_config": {"components": [{"type": "InlineVariable", "baseline": {"value": 1}}]}`, "nt_config", "variables[0]: key missing"},
	} {
		t.Run(name, func(t *testing.T) {
			p := space.LoadPersonalization(spaceOf(t, `[
				{"id": "hero", "type": "hero", "fields": {"nt_experiences": [`+linkTo("x")+`]}},
				{"id": "odd", "type": "nt_audience", "fields": {"nt_rules": {"any": [{"all": [{"type": "weather"}]}]}}},
				{"id": "later", "type": "nt_audience", "state": "draft", "fields": {"nt_rules": `+europe+`}},
				{"id": "x", "type": "nt_experience", "fields": {`+tc.fields+`}}
			]`), none)
			require.Empty(t, p.Experiences)
			require.Empty(t, p.Order)
			found := findingsOf(p, "x")
			require.Len(t, found, 1)
			require.Equal(t, tc.field, found[0].Field)
			require.True(t, found[0].LeftOut)
			require.Contains(t, found[0].Message, tc.message)
			if tc.field != "nt_audience" {
				require.Equal(t, []string{"experience x (entry x): " + tc.field + ": " + found[0].Message}, p.LeftOut[""])
			}
			require.Contains(t, found[0].Message, "the experience is left out")
		})
	}
}

func findingsOf(p space.Personalization, entry string) (found []content.Finding) {
	for _, f := range p.Findings {
		if f.Entry == entry {
			found = append(found, f)
		}
	}
	return found
}

// What will surprise editors is said, and the experience offered all the same.
func TestDoubtfulExperiences(t *testing.T) {
	for name, tc := range map[string]struct{ config, entry, message string }{
		"not listed by its baseline": {
			`"distribution": [0, 1], "components": [{"baseline": {"id": "footer"}, "variants": [{"id": "hero"}]}]`,
			"x", "replaces entry footer, which does not list it in nt_experiences",
		},
		"listed by an entry it does not replace": {
			`"distribution": [0, 1]`, "hero", "experience x has no variants for this entry",
		},
		"no distribution": {
			`"components": [{"baseline": {"id": "hero"}, "variants": [{"id": "footer"}]}]`, "x", "has no distribution: one half gets the baseline",
		},
		"baseline missing": {
			`"distribution": [0, 1], "components": [{"baseline": {"id": "gone"}, "variants": [{"id": "footer"}]}]`,
			"x", "replaces entry gone, which does not exist",
		},
		"variant missing": {
			`"distribution": [0, 1], "components": [{"baseline": {"id": "hero"}, "variants": [{"id": "gone"}]}]`,
			"x", "variant 1 of entry hero is entry gone, which does not exist",
		},
		"variant not listed": {
			`"distribution": [0, 1], "components": [{"baseline": {"id": "hero"}, "variants": [{"id": "footer"}]}]`,
			"x", "does not list entry footer, variant 1 of entry hero",
		},
		"variants without a share": {
			`"distribution": [0.5, 0.5, 0], "components": [{"baseline": {"id": "hero"}, "variants": [{"id": "footer"}, {"id": "footer"}]}]`,
			"x", "entry hero has 2 variants, but the distribution stops at 1",
		},
		"one baseline twice": {
			`"distribution": [0, 1], "components": [{"baseline": {"id": "hero"}, "variants": [{"id": "footer"}]}, {"baseline": {"id": "hero"}, "variants": [{"id": ""}]}]`,
			"x", "components[1]: no baseline, or one that a component before it has",
		},
		"shares that adapt": {
			`"distribution": [0.5, 0.5], "distributionType": "bandit"`, "x", `distributionType "bandit" is not supported`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := space.LoadPersonalization(spaceOf(t, `[
				{"id": "footer", "type": "footer"},
				{"id": "hero", "type": "hero", "fields": {"nt_experiences": [`+linkTo("x")+`]}},
				{"id": "x", "type": "nt_experience", "fields": {"nt_type": "nt_personalization", "nt_config": {"traffic": 1, `+tc.config+`}}}
			]`), none)
			require.Len(t, p.Experiences, 1)
			var messages []string
			for _, f := range findingsOf(p, tc.entry) {
				messages = append(messages, f.Message)
			}
			require.Contains(t, strings.Join(messages, "\n"), tc.message)
			_, err := experience.NewCatalog(p.Experiences, p.Order)
			require.NoError(t, err)
		})
	}
}

func TestDoubledIDsAreUsedOnce(t *testing.T) {
	p := space.LoadPersonalization(spaceOf(t, `[
		{"id": "a1", "type": "nt_audience", "fields": {"nt_audience_id": "eu", "nt_rules": `+europe+`}},
		{"id": "a2", "type": "nt_audience", "fields": {"nt_audience_id": "eu", "nt_rules": `+europe+`}},
		{"id": "x1", "type": "nt_experience", "fields": {"nt_experience_id": "x", "nt_type": "nt_experiment", "nt_config": {"traffic": 1, "distribution": [1]}}},
		{"id": "x2", "type": "nt_experience", "fields": {"nt_experience_id": "x", "nt_type": "nt_experiment", "nt_config": {"traffic": 1, "distribution": [1]}}}
	]`), none)
	require.Len(t, p.Audiences, 1)
	require.Len(t, p.Experiences, 1)
	require.Equal(t, []content.Finding{
		{Entry: "a2", Field: "nt_audience_id", Message: `"eu" is the id of audience a1 too: this one is left out; give it its own`, LeftOut: true},
		{Entry: "x2", Field: "nt_experience_id", Message: `"x" is the id of experience x1 too: this one is left out; give it its own`, LeftOut: true},
	}, p.Findings)
}

// An audience that is configured as a segment may say anything or nothing.
func TestConfiguredAudiencesAreNotTranslated(t *testing.T) {
	snap := spaceOf(t, `[
		{"id": "a1", "type": "nt_audience", "fields": {"nt_audience_id": "high-intent", "nt_rules": {}}},
		{"id": "a2", "type": "nt_audience", "fields": {"nt_audience_id": "europe", "nt_rules": `+europe+`}},
		{"id": "x1", "type": "nt_experience", "fields": {"nt_type": "nt_personalization", "nt_audience": `+linkTo("a1")+`, "nt_config": {"traffic": 1, "distribution": [1]}}}
	]`)
	p := space.LoadPersonalization(snap, func(key string) bool { return key == "high-intent" })
	require.Empty(t, p.Findings)
	require.Equal(t, "high-intent", p.Experiences[0].Audience)
	require.Len(t, p.Audiences, 1)
	require.Equal(t, "europe", p.Audiences[0].Key)

	p = space.LoadPersonalization(snap, none)
	require.Empty(t, p.Experiences)
	require.Equal(t, "nt_rules", findingsOf(p, "a1")[0].Field)
}

// The public spaces are understood to the last rule.
func TestRealSpaces(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("set SEGUE_TEST_DATA to the directory of the public data sets")
	}
	for name, want := range map[string]struct{ audiences, experiences, slots int }{
		"easy-hr":           {15, 12, 7}, // of 14 experiences two are drafts
		"optimization-demo": {15, 17, 9},
		"blog":              {0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			snap, err := space.LoadExportFile(filepath.Join(data, "exports", name+".json"))
			require.NoError(t, err)
			p := space.LoadPersonalization(snap, none)
			for _, f := range p.Findings {
				require.Equal(t, content.Finding{
					Entry: "31ywFPATXKsR6quIjlU4t2", Field: "nt_config",
					Message: "replaces entry 4LIbcbuqUx6wtfJIvHnyON, which does not list it in nt_experiences: it comes after those that are listed",
				}, f)
			}
			require.Len(t, p.Audiences, want.audiences)
			require.Len(t, p.Experiences, want.experiences)
			cat, err := experience.NewCatalog(p.Experiences, p.Order)
			require.NoError(t, err)
			require.Len(t, cat.Slots(), want.slots)
		})
	}
}
