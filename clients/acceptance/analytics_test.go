package acceptance

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

// analytics starts Segue with the rules of testdata/analytics and a store of its
// own. It returns, as JSON, the address of Segue, and the one at which POST
// /kill ends it as a power cut would and POST /restart starts it again.
func analytics(t *testing.T) string { return serveAnalytics(t) }

// busy is analytics of a Segue that is overloaded easily.
func busy(t *testing.T) string { return serveAnalytics(t, "ingest.inFlight=1MiB", "ingest.wait=1ms") }

func serveAnalytics(t *testing.T, settings ...string) string {
	t.Helper()
	args := []string{"--config", "testdata/analytics/segue.yaml", "--set", "store=pebble:" + t.TempDir(), "--set", "deadLetters="}
	for _, s := range settings {
		args = append(args, "--set", s)
	}
	s := testkit.Serve(t, args...)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /kill", func(http.ResponseWriter, *http.Request) { s.Kill() })
	mux.HandleFunc("POST /restart", func(http.ResponseWriter, *http.Request) { s.Restart(t) })
	raw, err := json.Marshal(map[string]string{"url": s.URL, "control": serve(t, mux)})
	require.NoError(t, err)
	return string(raw)
}
