package acceptance

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/signature"
	"github.com/segue-dev/segue/internal/testkit"
)

// servers are what files of tests may ask for, by the environment variable that
// tells where it is. Each file has its own.
var servers = map[string]func(t *testing.T) string{
	"SIGNATURES_URL":  signatures,
	"READING_URL":     reading,
	"COMPOSITION_URL": composition,
	"EDITING":         editing,
	"STAND_IN":        standIn,
	"STOREFRONT_URL":  storefront,
	"PERSONALIZATION": personalization,
	"EDGE_NODES":      edgeNodes,
	"CHROMIUM":        browser,
	"ANALYTICS":       analytics,
	"SHOPS":           shops,
	"OFREP":           flags,
	"MIGRATION_URL":   migration,
	"BUSY":            busy,
}

// storefront is Segue itself, as a process that serves the storefront example.
func storefront(t *testing.T) string { return testkit.Example(t, "storefront").URL }

// edgeNodes are two of Segue, before and after the key of snapshots is exchanged,
// as JSON.
func edgeNodes(t *testing.T) string {
	const old, fresh = "b2xkIGtleSBvZiBhIHRlc3QsIG5vdCBhIHNlY3JldC4=", "bmV3IGtleSBvZiBhIHRlc3QsIG5vdCBhIHNlY3JldC4="
	node := func(keys string) string {
		return testkit.Example(t, "storefront", "--set", "edge.pages=/ page:home", "--set", "edge.budget=5s", "--set", "snapshot.keys="+keys).URL
	}
	nodes, err := json.Marshal(map[string]string{"before": node(old), "after": node(fresh + "," + old)})
	require.NoError(t, err)
	return string(nodes)
}

// browser returns the path of Chromium.
func browser(t *testing.T) string { return testkit.Command(t, "chromium") }

// serve answers with h until the test ends.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// A described request is one told in JSON: it can be what HTTP would not let
// through as it is.
type described struct {
	Secret    string            `json:"secret"`
	Method    string            `json:"method"`
	Path      string            `json:"path"`
	Headers   map[string]string `json:"headers"`
	Body      string            `json:"body"`
	Timestamp int64             `json:"timestamp"` // ms; of Sign, and the clock of Verify
	Context   signature.Context `json:"context"`
}

func (d described) request() signature.Request {
	r := signature.Request{Method: d.Method, Path: d.Path, Header: http.Header{}, Body: []byte(d.Body)}
	for name, value := range d.Headers {
		r.Header.Set(name, value)
	}
	return r
}

// signatures signs and verifies requests described to it under /sign and
// /verify, and verifies what comes with the header Segue-Test-Secret as it came,
// under that secret.
func signatures(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign", func(w http.ResponseWriter, r *http.Request) {
		d := read(t, r)
		headers, err := signature.Sign(d.Secret, d.request(), d.Context, time.UnixMilli(d.Timestamp))
		answer := map[string]string{}
		for name := range headers {
			answer[name] = headers.Get(name)
		}
		reply(t, w, answer, err)
	})
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, r *http.Request) {
		d := read(t, r)
		reply(t, w, map[string]string{}, verify(d.Secret, d.request(), time.UnixMilli(d.Timestamp)))
	})
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secret := r.Header.Get("Segue-Test-Secret")
		if secret == "" {
			mux.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read %s: %v", r.RequestURI, err)
		}
		reply(t, w, map[string]string{}, verify(secret, signature.Received(r, body), time.Now()))
	}))
}

func verify(secret string, r signature.Request, now time.Time) error {
	v, err := signature.NewVerifier([]string{secret}, 0)
	if err != nil {
		return err
	}
	return v.Verify(r, now)
}

func read(t *testing.T, r *http.Request) (d described) {
	if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
		t.Errorf("%s: %v", r.URL, err)
	}
	return d
}

// reply answers with answer, or 403 and the reason why not.
func reply(t *testing.T, w http.ResponseWriter, answer map[string]string, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		t.Error(err)
	}
}
