package ninetailed_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/httpapi/openapitest"
)

var update = flag.Bool("update", false, "write what the API answers to testdata")

func TestTheWireTypesAreDescribed(t *testing.T) {
	openapitest.CheckTypes(t, openapitest.Load(t, httpapi.OpenAPI), ninetailed.WireTypes, nil)
}

// What the browser SDK 7.26 sends with a page view, as captured.
const browserPage = `{"channel":"web","context":{"library":{"name":"Ninetailed React Analytics SDK","version":"7.26.0"},` +
	`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",` +
	`"campaign":{"source":"g"},"locale":"en-US","page":{"path":"/home","query":{"utm_source":"g"},"referrer":"https://google.com/",` +
	`"search":"?utm_source=g","url":"https://shop.example/home?utm_source=g"},"gdpr":{"isConsentGiven":true}},` +
	`"messageId":"720f27c0-0001","originalTimestamp":"2026-11-23T11:59:50.000Z","timestamp":"2026-11-23T11:59:50.000Z","sentAt":"2026-11-23T11:59:50.000Z",` +
	`"type":"page","properties":{"title":"Home","category":"landing","url":"https://shop.example/home?utm_source=g","path":"/home","hash":"",` +
	`"search":"?utm_source=g","width":1024,"height":768,"referrer":"https://google.com/","query":{"utm_source":"g"}}}`

// TestAnswersAreAsCaptured holds a story of one visitor to the answers that were
// looked through, and each to its description.
func TestAnswersAreAsCaptured(t *testing.T) {
	r := newRig(t, func(o *ninetailed.Options) { o.Environments = []string{"main"} })
	doc := openapitest.Load(t, httpapi.OpenAPI)
	located := `{"events":[` + browserPage + `],"options":{"features":["ip-enrichment","location"]}}`
	var got bytes.Buffer
	for _, step := range []struct {
		name, method, path, body string
		header                   map[string]string
		pause                    time.Duration // before it
	}{
		{"create", "POST", env + "/profiles?locale=de", located, map[string]string{"Content-Type": "text/plain", "CF-IPCountry": "DE", "CF-IPCity": "Berlin"}, 0},
		{"update", "POST", env + "/profiles/new-1", events(
			event("track", "m2", time.Minute, `,"event":"Product Added","properties":{"product_id":"p1"}`),
			event("identify", "m1", 30*time.Second, `,"userId":"","traits":{"firstName":"Ana","plan":{"tier":2,"paid":true}}`),
		), map[string]string{"Content-Type": "text/plain"}, time.Minute},
		{"sticky", "POST", env + "/profiles/new-1", events(
			event("component", "m3", 2*time.Minute, `,"componentId":"hero-cart","experienceId":"Cart","variantIndex":1`),
		), nil, time.Minute},
		{"get in a new session, the segment over", "GET", env + "/profiles/new-1?locale=en", "", nil, 2 * time.Hour},
		{"preflight in a new session", "POST", env + "/profiles/new-1?type=preflight", events(event("page", "m4", 2*time.Hour+2*time.Minute, `,"properties":{"path":"/again","url":"https://shop.example/again"}`)), nil, 0},
		{"get, unchanged", "GET", env + "/profiles/new-1", "", nil, 0},
		{"batch", "POST", env + "/events", events(
			event("identify", "b1", 0, `,"anonymousId":"user-1","userId":"","traits":{"plan":"pro"}`),
			event("track", "b2", 0, `,"anonymousId":"user-2","event":"Product Added"`),
			event("track", "b3", 0, `,"anonymousId":"user-2"`),
		), nil, 0},
		{"import", "POST", env + "/import/events", events(
			event("track", "i1", -1000*time.Hour, `,"anonymousId":"user-3","event":"Order Completed"`), event("nonsense", "i2", 0, `,"anonymousId":"user-3"`),
		), nil, 0},
		{"insights", "POST", "/v1/organizations/org1/environments/main/events", `[{"profile":{"id":"user-3"},"events":[` + event("component", "v1", 0, `,"componentId":"hero","experienceId":"allHoldout","variantIndex":0,"viewId":"x","viewDurationMs":0`) + `]}]`, nil, 0},
		{"no such profile", "GET", env + "/profiles/nobody", "", nil, 0},
		{"no such environment", "GET", "/v2/organizations/org1/environments/other/profiles/new-1", "", nil, 0},
		{"no JSON", "POST", env + "/profiles", "nonsense", nil, 0},
		{"no events", "POST", env + "/profiles", `{"events":[],"options":{}}`, nil, 0},
		{"no good event", "POST", env + "/profiles", `{"events":[{"type":"track"}]}`, nil, 0},
		{"no such type", "POST", env + "/profiles?type=postflight", located, nil, 0},
		{"erase", "DELETE", env + "/profiles/new-1", "", nil, 0},
		{"get what is erased", "GET", env + "/profiles/new-1", "", nil, 0},
	} {
		r.now = r.now.Add(step.pause)
		res := r.do(step.method, step.path, step.body, step.header)
		require.Equal(t, "*", res.Header().Get("Access-Control-Allow-Origin"))
		described, _, _ := bytes.Cut([]byte(step.path), []byte("?"))
		openapitest.CheckAnswer(t, doc, step.method, string(described), res.Code, res.Header().Get("Content-Type"), res.Body.Bytes())
		fmt.Fprintf(&got, "# %s\n%d\n", step.name, res.Code)
		if res.Body.Len() > 0 {
			require.NoError(t, json.Indent(&got, bytes.TrimSpace(res.Body.Bytes()), "", "  "))
			got.WriteString("\n\n")
		}
	}
	golden := filepath.Join("testdata", "wire.golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, got.Bytes(), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}
