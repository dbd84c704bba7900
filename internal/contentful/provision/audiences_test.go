package provision_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/provision"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

const twoSegments = `
segment: high-intent
name: High intent
soWhat: Close the sale
when: {all: [{count: {of: Product Added, last: 2h, gte: 2}}, {context: {country: [DE, "no", "2026-01-01"]}}]}
---
segment: browser
name: Browser
soWhat: Inspire
when: {not: {count: {of: Order Completed}}}
---
segment: draft-only
name: Draft
soWhat: Nothing yet
status: draft
when: {count: {of: page}}
`

func segmentsOf(t *testing.T, src string) []syntax.Definition {
	t.Helper()
	definitions, err := syntax.Parse("segments.yaml", []byte(src))
	require.NoError(t, err)
	return definitions
}

// withModel is a space with the content model.
func withModel(t *testing.T) *contentful.CMA {
	t.Helper()
	cma := empty(t)
	plan, err := provision.Model(t.Context(), cma, nil)
	applied(t, plan, err)
	return cma
}

var push = provision.Audiences{Locale: "en-US"}

func TestSegmentsBecomeAudiencesOnce(t *testing.T) {
	cma := withModel(t)
	plan, err := push.Plan(t.Context(), cma, segmentsOf(t, twoSegments))
	require.Equal(t, []string{"create audience high-intent", "create audience browser"}, applied(t, plan, err))
	again, err := push.Plan(t.Context(), cma, segmentsOf(t, twoSegments))
	require.NoError(t, err)
	require.Empty(t, again)

	item, err := cma.Entries.Get(t.Context(), "high-intent")
	require.NoError(t, err)
	require.Equal(t, item.Sys.Version, item.Sys.PublishedVersion+1, "editors can choose it")
	var body struct {
		Fields map[string]map[string]json.RawMessage `json:"fields"`
	}
	require.NoError(t, item.Decode(&body))
	require.JSONEq(t, `"high-intent"`, string(body.Fields["nt_audience_id"]["en-US"]))
	require.Contains(t, string(body.Fields["nt_description"]["en-US"]), "Close the sale")
	require.JSONEq(t, `{"segue": {"segment": "high-intent"}}`, string(body.Fields["nt_metadata"]["en-US"]))
	var rules struct {
		Segue json.RawMessage `json:"segue"`
	}
	require.NoError(t, json.Unmarshal(body.Fields["nt_rules"]["en-US"], &rules))
	back, err := syntax.ParseJSON(rules.Segue, "back")
	require.NoError(t, err)
	require.Equal(t, syntax.Format(segmentsOf(t, twoSegments)[0].When), syntax.Format(back))
}

func TestAnEditedSegmentUpdatesItsAudience(t *testing.T) {
	cma := withModel(t)
	plan, err := push.Plan(t.Context(), cma, segmentsOf(t, twoSegments))
	applied(t, plan, err)
	edited := segmentsOf(t, twoSegments)
	edited[0].Name = "Very high intent"
	plan, err = push.Plan(t.Context(), cma, edited)
	require.NoError(t, err)
	require.Len(t, plan, 1)
	require.Equal(t, []string{`~ nt_name: "Very high intent" (was "High intent")`}, plan[0].Lines)
	require.Equal(t, []string{"update audience high-intent"}, applied(t, plan, nil))
}

func TestAudiencesOfOthersAreLeftAlone(t *testing.T) {
	cma := withModel(t)
	theirs := map[string]any{"fields": map[string]any{
		"nt_name": map[string]any{"en-US": "Theirs"}, "nt_rules": map[string]any{"en-US": map[string]any{"any": []any{}}},
		"nt_audience_id": map[string]any{"en-US": "high-intent"},
	}}
	item, err := cma.Entries.Upsert(t.Context(), "theirs", "nt_audience", 0, theirs)
	require.NoError(t, err)
	_, err = cma.Entries.Publish(t.Context(), "theirs", item.Sys.Version)
	require.NoError(t, err)
	plan, err := push.Plan(t.Context(), cma, segmentsOf(t, twoSegments))
	require.NoError(t, err)
	require.Equal(t, "keep", plan[0].Action)
	require.Contains(t, plan[0].Lines[0], "entry theirs is somebody else's audience")
	require.Equal(t, []string{"create audience browser"}, applied(t, plan, nil))

	retire := provision.Audiences{Locale: "en-US", Retire: true}
	plan, err = retire.Plan(t.Context(), cma, nil)
	require.Equal(t, []string{"retire audience browser"}, applied(t, plan, err))
	after, err := cma.Entries.Get(t.Context(), "theirs")
	require.NoError(t, err)
	require.Equal(t, 2, after.Sys.Version)

	// An entry of another content type has the key as its id.
	_, err = cma.Entries.Upsert(t.Context(), "taken", "hero", 0, map[string]any{"fields": map[string]any{}})
	require.NoError(t, err)
	taken := segmentsOf(t, twoSegments)[:1]
	taken[0].Key = "taken"
	_, err = push.Plan(t.Context(), cma, taken)
	require.ErrorContains(t, err, "not Segue's")
}

func TestRetiredSegmentsKeepTheirAudiencesUnlessToldOtherwise(t *testing.T) {
	cma := withModel(t)
	plan, err := push.Plan(t.Context(), cma, segmentsOf(t, twoSegments))
	applied(t, plan, err)
	one := segmentsOf(t, twoSegments)[:1]
	plan, err = push.Plan(t.Context(), cma, one)
	require.NoError(t, err)
	require.False(t, plan.Pending())
	require.Contains(t, plan[0].Lines[0], "--retire")

	retire := provision.Audiences{Locale: "en-US", Retire: true}
	plan, err = retire.Plan(t.Context(), cma, one)
	require.Equal(t, []string{"retire audience browser"}, applied(t, plan, err))
	item, err := cma.Entries.Get(t.Context(), "browser")
	require.NoError(t, err)
	require.NotZero(t, item.Sys.ArchivedVersion)
	require.Zero(t, item.Sys.PublishedVersion)
	plan, err = retire.Plan(t.Context(), cma, one)
	require.NoError(t, err)
	require.Empty(t, plan)
}
