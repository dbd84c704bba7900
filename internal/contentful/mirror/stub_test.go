package mirror_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A stub is as much of a space as a mirror asks for, in memory.
type stub struct {
	mu      sync.Mutex
	items   map[space.Ref]map[string]any // published
	history []map[string]any             // what a sync tells, in order
	types   []string
	lost    map[string]bool // ids that no sync tells of
	gone    int             // tokens before this are no longer good
	fault   func(r *http.Request) http.HandlerFunc
	asked   []string
}

func newStub() *stub {
	return &stub{items: map[space.Ref]map[string]any{}, types: []string{"page"}, lost: map[string]bool{}}
}

// stampOf writes an instant as Contentful does.
func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func linkTo(kind, id string) map[string]any {
	return map[string]any{"sys": map[string]any{"type": "Link", "linkType": kind, "id": id}}
}

// publish publishes an entry, and returns what the webhook says.
func (s *stub) publish(id, title string) []byte {
	return s.put(space.Ref{Kind: space.Entry, ID: id}, title)
}

func (s *stub) put(ref space.Ref, title string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := map[string]any{
		"sys": map[string]any{
			"id": ref.ID, "type": string(ref.Kind), "updatedAt": stampOf(time.Now()), "revision": len(s.history) + 1,
			"space": linkTo("Space", "sp1"), "environment": linkTo("Environment", "master"),
		},
		"fields": map[string]any{"title": map[string]any{"en": title}},
	}
	if ref.Kind == space.Entry {
		item["sys"].(map[string]any)["contentType"] = linkTo("ContentType", "page")
	}
	s.items[ref] = item
	s.tell(item)
	return encode(item)
}

// unpublish takes an entry away, and returns what the webhook says.
func (s *stub) unpublish(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.items, space.Ref{Kind: space.Entry, ID: id})
	item := map[string]any{"sys": map[string]any{
		"id": id, "type": "DeletedEntry", "deletedAt": stampOf(time.Now()), "updatedAt": stampOf(time.Now()), "revision": len(s.history) + 1,
		"space": linkTo("Space", "sp1"), "environment": linkTo("Environment", "master"),
	}}
	s.tell(item)
	return encode(item)
}

func (s *stub) tell(item map[string]any) {
	if id := item["sys"].(map[string]any)["id"].(string); s.lost[id] {
		item = map[string]any{"sys": map[string]any{"type": "Nothing", "id": id}}
	}
	s.history = append(s.history, item)
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

// titles returns what is published by id.
func (s *stub) titles() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for ref, item := range s.items {
		if ref.Kind == space.Entry {
			all[ref.ID] = item["fields"].(map[string]any)["title"].(map[string]any)["en"].(string)
		}
	}
	return all
}

// RoundTrip answers without a network, so that it works in a bubble of
// testing/synctest.
func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := httptest.NewRecorder()
	path := strings.TrimPrefix(r.URL.Path, "/spaces/sp1/environments/master/")
	s.asked = append(s.asked, path)
	if s.fault != nil {
		if answer := s.fault(r); answer != nil {
			answer(w, r)
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			return w.Result(), nil
		}
	}
	status, answer := s.answer(path, r)
	w.WriteHeader(status)
	_, _ = w.Write(encode(answer))
	return w.Result(), nil
}

// requests returns how often a path was asked for.
func (s *stub) requests(path string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.asked {
		if p == path {
			n++
		}
	}
	return n
}

func (s *stub) answer(path string, r *http.Request) (int, any) {
	query := r.URL.Query()
	switch path {
	case "content_types":
		var all []any
		for _, id := range s.types {
			all = append(all, map[string]any{"sys": map[string]any{"id": id}, "fields": []any{map[string]any{"id": "title", "type": "Symbol"}}})
		}
		return 200, list(all, query.Get("limit"))
	case "locales":
		return 200, list([]any{map[string]any{"code": "en", "default": true, "sys": map[string]any{"id": "l1"}}}, "")
	case "tags", "taxonomy/concepts":
		return 200, list(nil, "")
	case "sync":
		return s.sync(query.Get("sync_token"), query.Get("limit"))
	case "entries", "assets":
		kind := map[string]space.Kind{"entries": space.Entry, "assets": space.Asset}[path]
		return 200, list(s.some(kind, query.Get("sys.id"), query.Get("sys.updatedAt[gte]"), query.Get("order")), query.Get("limit"))
	}
	return 404, failure("NotFound", path)
}

func failure(id, message string) any {
	return map[string]any{"sys": map[string]any{"type": "Error", "id": id}, "message": message}
}

func list(all []any, limit string) any {
	total := len(all)
	if n, err := strconv.Atoi(limit); err == nil && n < len(all) {
		all = all[:n]
	}
	return map[string]any{"total": total, "items": all, "pages": map[string]any{}}
}

func updatedAt(item any) string {
	return item.(map[string]any)["sys"].(map[string]any)["updatedAt"].(string)
}

func (s *stub) some(kind space.Kind, id, since, order string) (all []any) {
	for _, ref := range slices.SortedFunc(maps.Keys(s.items), func(a, b space.Ref) int { return strings.Compare(a.ID, b.ID) }) {
		if item := s.items[ref]; ref.Kind == kind && (id == "" || id == ref.ID) && updatedAt(item) >= since {
			all = append(all, item)
		}
	}
	if order == "-sys.updatedAt" {
		slices.SortFunc(all, func(a, b any) int { return strings.Compare(updatedAt(b), updatedAt(a)) })
	}
	return all
}

// sync answers with pages: a token is where in the history, or among the items,
// to go on.
func (s *stub) sync(token, limit string) (int, any) {
	if token == "" {
		token = "all-0-" + limit + "-" + strconv.Itoa(len(s.history))
	}
	var skip, size, then int
	if n, _ := fmt.Sscanf(token, "all-%d-%d-%d", &skip, &size, &then); n == 3 {
		var all []any
		for _, kind := range []space.Kind{space.Entry, space.Asset} {
			all = append(all, s.some(kind, "", "", "")...)
		}
		page := all[min(skip, len(all)):min(skip+size, len(all))]
		if skip+size < len(all) {
			return 200, map[string]any{"items": page, "nextPageUrl": fmt.Sprintf("http://x/sync?sync_token=all-%d-%d-%d", skip+size, size, then)}
		}
		return 200, map[string]any{"items": page, "nextSyncUrl": "http://x/sync?sync_token=at-" + strconv.Itoa(then)}
	}
	from, err := strconv.Atoi(strings.TrimPrefix(token, "at-"))
	if err != nil || from < s.gone {
		return 400, failure("BadRequest", "the token is invalid")
	}
	return 200, map[string]any{"items": s.history[from:], "nextSyncUrl": "http://x/sync?sync_token=at-" + strconv.Itoa(len(s.history))}
}

// apiOf returns a client of what answers.
func apiOf(t require.TestingT, transport http.RoundTripper) *contentful.CDA {
	return patientAPI(t, transport, contentful.Retry{Attempts: 2, MaxWait: time.Second})
}

func patientAPI(t require.TestingT, transport http.RoundTripper, retry contentful.Retry) *contentful.CDA {
	api, err := contentful.NewCDA("token", contentful.Options{
		Space: "sp1", BaseURL: "http://stub", HTTP: &http.Client{Transport: transport, Timeout: 10 * time.Second},
		Retry: retry,
	})
	require.NoError(t, err)
	return api
}

// breaks makes the stub answer all requests, or those for a path, in another
// way; nil mends it.
func (s *stub) breaks(path string, answer http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer == nil {
		s.fault = nil
		return
	}
	s.fault = func(r *http.Request) http.HandlerFunc {
		if path == "" || strings.HasSuffix(r.URL.Path, "/"+path) {
			return answer
		}
		return nil
	}
}

// with answers with a status and a body.
func with(status int, body any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(encode(body))
	}
}

var _ http.RoundTripper = (*stub)(nil)
