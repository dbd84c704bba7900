package cma_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/cma"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// FuzzNoBodyBreaksTheAPI sends bodies to what reads them: the answer is never
// that the mistake is ours.
func FuzzNoBodyBreaksTheAPI(f *testing.F) {
	requests := []struct{ method, path string }{
		{"PUT", "entries/x"},
		{"PATCH", "entries/home"},
		{"PUT", "entries/home/published"},
		{"PUT", "assets/x"},
		{"PUT", "content_types/x"},
		{"PUT", "content_types/page"},
		{"POST", "locales"},
		{"PUT", "tags/x"},
		{"POST", "bulk_actions"},
		{"POST", "releases"},
		{"POST", "/spaces/s/scheduled_actions"},
		{"POST", "/spaces/s/webhook_definitions"},
		{"PUT", "/spaces/s/environment_aliases/x"},
		{"PUT", "/organizations/o/taxonomy/concepts/x"},
		{"POST", "/organizations/o/app_definitions"},
	}
	for i, body := range []string{
		`{"fields": {"title": {"en-US": "a"}, "body": {"en-US": {"nodeType": "document", "content": [{"data": {"target": 1}}]}}}}`,
		`[{"op": "add", "path": "/fields/title/en-US", "value": 1}, {"op": "move", "from": "/fields", "path": "/fields/a"}]`,
		`{"add": {"fields": {"*": ["de", 1]}}}`, `{"fields": {"file": {"en-US": {}}}}`, `{"name": "X", "fields": [1, {"id": "a"}, null]}`,
		`{"name": "X", "fields": null}`, `{"name": "L", "code": "l", "fallbackCode": 1}`, `{"name": 1}`, `{"entities": [null, {"entity": 1}], "action": "publish"}`,
		`{"title": "R", "entities": {"items": 1}}`, `{"scheduledFor": {"datetime": "2030-01-01T00:00:00Z"}, "action": "publish", "entity": {"sys": {"id": "home"}}}`,
		`{"name": "W", "url": "http://x", "topics": [1], "headers": [1]}`, `{"environment": []}`, `{"prefLabel": {"en": 1}, "broader": [1]}`, `null`,
	} {
		f.Add(uint8(i), body)
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		s, err := store.Load(strings.NewReader(site), store.Options{})
		require.NoError(t, err)
		api := cma.New(s, cma.Options{Token: "management"})
		request := requests[int(which)%len(requests)]
		path := request.path
		if !strings.HasPrefix(path, "/") {
			path = "/spaces/s/environments/master/" + path
		}
		r := httptest.NewRequest(request.method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer management")
		r.Header.Set(ofPage, "page")
		if strings.HasPrefix(request.path, "entries/home") || request.path == "content_types/page" {
			r.Header.Set("X-Contentful-Version", "2")
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		require.Less(t, w.Code, http.StatusInternalServerError, "%s %s: %s", request.method, path, w.Body)
		api.RunScheduled()
	})
}
