package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Over HTTP, what a page reports as seen of a sticky experience stays.
func TestWhatWasSeenStays(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	segments := write("s.yaml", "segment: awake\nname: Awake\nsoWhat: x\nwhen: { context: { mood: awake } }\n")
	experiences := write("e.yaml", "id: e1\nsegment: awake\nsticky: true\nvariables: { theme: [light, dark] }\n")
	for name, seen := range map[string]string{
		"component": `{"type": "component", "componentId": "theme", "componentType": "Variable", "experienceId": "e1", "variantIndex": 1}`,
		"event":     `{"type": "track", "event": "Experience Viewed", "properties": {"experienceId": "e1", "variantIndex": 1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, exampleConfig(t, "storefront", "content=", "segments="+segments, "experiences="+experiences))
			ask := func(more string) map[string]any {
				status, answer := r.call("POST", r.public+"/v1/resolve", `{"visitor": "v"`+more+`}`)
				require.Equal(t, 200, status, "%v", answer)
				return answer
			}
			require.Nil(t, ask("")["variables"])
			require.NotNil(t, ask(`, "context": {"mood": "awake"}`)["variables"])
			require.Nil(t, ask("")["variables"], "resolving is not seeing")
			kept := ask(`, "signals": [` + seen + `]`)
			require.Equal(t, "dark", kept["variables"].(map[string]any)["theme"].(map[string]any)["value"])
			require.Equal(t, map[string]any{"id": "e1", "variant": 1.0, "segment": "awake", "reason": "sticky", "sticky": true}, kept["experiences"].([]any)[0])
			require.Empty(t, kept["segments"])
			require.NotNil(t, ask("")["variables"])
		})
	}
}
