package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

// experience is one for everybody, in the form of files of experiences, which is
// YAML and so JSON too.
type experience struct {
	ID           string            `json:"id"`
	Segment      string            `json:"segment,omitempty"`
	Traffic      float64           `json:"traffic"`
	Distribution []float64         `json:"distribution"`
	Sticky       bool              `json:"sticky,omitempty"`
	Components   []component       `json:"components"`
	Variables    map[string][2]any `json:"variables,omitempty"`
}

type component struct {
	Baseline string   `json:"baseline"`
	Variants []string `json:"variants"`
}

// arranged are of every traffic and share that the SDK's own evaluator should
// judge, besides those that its browser client is to show.
func arranged() []experience {
	third := 1.0 / 3
	all := []experience{
		{ID: "sticky-hero", Traffic: 1, Distribution: []float64{0, 1}, Sticky: true, Components: []component{{"home-hero", []string{"hero-refills"}}}},
		{ID: "hidden-guide", Traffic: 1, Distribution: []float64{0, 1}, Components: []component{{"home-guide", []string{"hidden"}}}},
		{ID: "flags", Traffic: 1, Distribution: []float64{0, 1}, Components: []component{}, Variables: map[string][2]any{
			"headline": {"Welcome", "Back again"}, "limits": {map[string]any{}, map[string]any{"items": 5}}, "enabled": {false, true}, "count": {1, 2},
		}},
	}
	for id, e := range map[string]experience{
		"half":        {Traffic: 1, Distribution: []float64{.5, .5}},
		"abc":         {Traffic: 1, Distribution: []float64{third, third, third}},
		"holdout":     {Traffic: .9, Distribution: []float64{.1, .9}},
		"few":         {Traffic: .05, Distribution: []float64{0, 1}},
		"nobody":      {Traffic: 0, Distribution: []float64{0, 1}},
		"uneven":      {Traffic: .7, Distribution: []float64{.2, .3, .1, .4}},
		"5kuc9KgA9q9": {Traffic: .5, Distribution: []float64{.25, .25, .25, .25}},
	} {
		e.ID, e.Components = id, []component{{"baseline-" + id, []string{id + "-1", id + "-2", id + "-3"}[:len(e.Distribution)-1]}}
		all = append(all, e)
	}
	return all
}

// personalization is the storefront with experiences besides its own. It returns
// JSON: where it is, and the experiences.
func personalization(t *testing.T) string {
	t.Helper()
	all := arranged()
	var file []byte
	for _, e := range all {
		one, err := json.Marshal(e)
		require.NoError(t, err)
		file = append(append(append(file, "---\n"...), one...), '\n')
	}
	path := filepath.Join(t.TempDir(), "experiences.yaml")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	server := testkit.Example(t, "storefront", "--set", "experiences="+path)
	told, err := json.Marshal(map[string]any{"url": server.URL, "experiences": all})
	require.NoError(t, err)
	return string(told)
}
