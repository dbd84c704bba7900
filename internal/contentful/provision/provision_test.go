package provision_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/provision"
	"github.com/segue-dev/segue/internal/fault"
)

const storefront = "../../../examples/storefront/space.json"

// manage returns a client of a space at base.
func manage(t *testing.T, base string) *contentful.CMA {
	t.Helper()
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{
		Space: "sp1", BaseURL: base, HTTP: &http.Client{Transport: unhurried{}},
	})
	require.NoError(t, err)
	return cma
}

// unhurried tells clients of no rate limit worth waiting for.
type unhurried struct{}

func (unhurried) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		resp.Header.Set("X-Contentful-Ratelimit-Second-Limit", "10000")
	}
	return resp, err
}

// empty is a space with one content type of somebody's.
func empty(t *testing.T) *contentful.CMA {
	t.Helper()
	cma := manage(t, emulatortest.Start(t, emulator.Options{}).CMA)
	writeType(t, cma, "hero", `{"name": "Hero", "displayField": "title", "fields": [{"id": "title", "name": "Title", "type": "Symbol", "required": true, "localized": true, "validations": [{"size": {"max": 40}}]}]}`)
	return cma
}

func writeType(t *testing.T, cma *contentful.CMA, id, body string) {
	t.Helper()
	item, err := cma.ContentTypes.Upsert(t.Context(), id, "", 0, json.RawMessage(body))
	require.NoError(t, err)
	_, err = cma.ContentTypes.Publish(t.Context(), id, item.Sys.Version)
	require.NoError(t, err)
}

// applied applies a plan and returns its changes, one a line.
func applied(t *testing.T, plan provision.Plan, err error) []string {
	t.Helper()
	require.NoError(t, err)
	lines := []string{}
	require.NoError(t, plan.Apply(t.Context(), func(c provision.Change) {
		lines = append(lines, c.Action+" "+c.Kind+" "+c.ID)
		require.NotEmpty(t, c.Lines, c)
	}))
	return lines
}

func decoded(t *testing.T, item contentful.Item, err error) map[string]any {
	t.Helper()
	require.NoError(t, err)
	var body map[string]any
	require.NoError(t, item.Decode(&body))
	return body
}

// ids returns the values of a key in a list of objects.
func ids(list any, key string) (ids []string) {
	for _, o := range list.([]any) {
		ids = append(ids, o.(map[string]any)[key].(string))
	}
	return ids
}

func TestTheModelIsInstalledOnce(t *testing.T) {
	cma := empty(t)
	plan, err := provision.Model(t.Context(), cma, []string{"hero"})
	require.Equal(t, []string{
		"create content type nt_audience", "create editor interface nt_audience",
		"create content type nt_experience", "create editor interface nt_experience",
		"create content type nt_mergetag", "create editor interface nt_mergetag",
		"update content type hero", "update editor interface hero",
	}, applied(t, plan, err))

	again, err := provision.Model(t.Context(), cma, []string{"hero"})
	require.NoError(t, err)
	require.Empty(t, again, "a second run changes nothing")

	item, err := cma.ContentTypes.Get(t.Context(), "hero")
	hero := decoded(t, item, err)
	require.Equal(t, []string{"title", "nt_experiences"}, ids(hero["fields"], "id"))
	require.Contains(t, string(item.Raw), `"max":40`, "what was there stays")
	require.Equal(t, item.Sys.Version, item.Sys.PublishedVersion+1, "it is published")
	item, err = cma.EditorInterfaces.Get(t.Context(), "nt_experience")
	require.Contains(t, ids(decoded(t, item, err)["controls"], "widgetId"), "entryLinksEditor")
}

// republish gives the content types of an export the editor interfaces that it
// lacks.
func republish(t *testing.T, cma *contentful.CMA) {
	t.Helper()
	for item, err := range cma.ContentTypes.All(t.Context(), nil) {
		require.NoError(t, err)
		_, err = cma.ContentTypes.Publish(t.Context(), item.Sys.ID, item.Sys.Version)
		require.NoError(t, err)
	}
}

func TestASpaceOfTheProductNeedsNothing(t *testing.T) {
	cma := manage(t, emulatortest.StartWith(t, storefront).CMA)
	republish(t, cma)
	plan, err := provision.Model(t.Context(), cma, []string{"hero"})
	for _, line := range applied(t, plan, err) {
		require.Contains(t, line, "editor interface", "the content types are there")
	}
}

func TestRealSpacesOfTheProductNeedNothing(t *testing.T) {
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory with exports")
	}
	for name, types := range map[string][]string{"easy-hr": {"hero", "cta", "banner"}, "optimization-demo": {"content", "nestedContent"}} {
		s := emulatortest.StartWith(t, filepath.Join(dir, "exports", name+".json"))
		plan, err := provision.Model(t.Context(), manage(t, s.CMA), types)
		require.NoError(t, err)
		require.Empty(t, plan, name)
	}
}

func TestWhatIsTooNarrowIsWidened(t *testing.T) {
	cma := empty(t)
	writeType(t, cma, "nt_audience", `{"name": "Mine", "displayField": "nt_name", "fields": [
		{"id": "nt_name", "name": "Title", "type": "Symbol", "required": false, "validations": []},
		{"id": "mine", "name": "Mine", "type": "Symbol"}]}`)
	writeType(t, cma, "nt_experience", `{"name": "Mine too", "displayField": "nt_name", "fields": [
		{"id": "nt_name", "name": "Name", "type": "Symbol"},
		{"id": "nt_type", "name": "Type", "type": "Symbol", "validations": [{"in": ["nt_experiment", "mine"]}]},
		{"id": "nt_audience", "name": "Audience", "type": "Link", "linkType": "Entry", "validations": [{"linkContentType": ["hero"]}]}]}`)
	plan, err := provision.Model(t.Context(), cma, nil)
	require.NoError(t, err)
	var lines []string
	for _, c := range plan {
		lines = append(lines, c.Lines...)
	}
	require.Contains(t, lines, "~ field nt_type: allows nt_personalization too")
	require.Contains(t, lines, "~ field nt_audience: allows nt_audience too")
	require.Contains(t, lines, "+ field nt_rules (Object, required)")
	applied(t, plan, err)
	item, err := cma.ContentTypes.Get(t.Context(), "nt_audience")
	body := decoded(t, item, err)
	require.Equal(t, "Mine", body["name"])
	require.Equal(t, []string{"nt_name", "mine", "nt_description", "nt_rules", "nt_audience_id", "nt_metadata"}, ids(body["fields"], "id"))
	require.Equal(t, false, body["fields"].([]any)[0].(map[string]any)["required"])
}

func TestWhatCannotBeIsSaid(t *testing.T) {
	cma := empty(t)
	_, err := provision.Model(t.Context(), cma, []string{"heroo"})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, `no content type "heroo" in the space; there are hero`)
	writeType(t, cma, "nt_audience", `{"name": "N", "displayField": "nt_name", "fields": [{"id": "nt_name", "name": "N", "type": "Symbol"}, {"id": "nt_rules", "name": "R", "type": "Text"}]}`)
	_, err = provision.Model(t.Context(), cma, nil)
	require.ErrorContains(t, err, "content type nt_audience: field nt_rules is of type Text and must be Object")
}

// between puts a proxy before a space, which may answer itself.
func between(t *testing.T, base string, answer func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	target, err := url.Parse(base)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func fail(w http.ResponseWriter, status int, id string) bool {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`{"sys":{"type":"Error","id":"` + id + `"}}`))
	return true
}

func TestConflictsWithEditorsAreTriedAgain(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	direct := manage(t, s.CMA)
	republish(t, direct)
	var edits atomic.Int32
	cma := manage(t, between(t, s.CMA, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/content_types/hero") && edits.Add(1) == 1 {
			edited(r.Context(), t, direct)
		}
		return false
	}))
	removeField(t, direct, "hero", "nt_experiences")
	plan, err := provision.Model(t.Context(), cma, []string{"hero"})
	require.Contains(t, applied(t, plan, err), "update content type hero")
	require.Equal(t, int32(2), edits.Load())
	item, err := direct.ContentTypes.Get(t.Context(), "hero")
	body := decoded(t, item, err)
	require.Equal(t, "Renamed meanwhile", body["name"], "the editor's change is not lost")
	require.Contains(t, ids(body["fields"], "id"), "nt_experiences")
}

// edited renames the hero, as an editor would.
func edited(ctx context.Context, t *testing.T, cma *contentful.CMA) {
	item, err := cma.ContentTypes.Get(ctx, "hero")
	if err != nil {
		t.Error(err)
		return
	}
	var body map[string]any
	if err := item.Decode(&body); err != nil {
		t.Error(err)
	}
	body["name"] = "Renamed meanwhile"
	if _, err := cma.ContentTypes.Upsert(ctx, "hero", "", item.Sys.Version, body); err != nil {
		t.Error(err)
	}
}

// removeField takes a field away, in the two steps that Contentful wants.
func removeField(t *testing.T, cma *contentful.CMA, id, field string) {
	t.Helper()
	for _, edit := range []func([]any) []any{
		func(fields []any) []any {
			for _, f := range fields {
				if f.(map[string]any)["id"] == field {
					f.(map[string]any)["omitted"] = true
				}
			}
			return fields
		},
		func(fields []any) []any {
			return slices.DeleteFunc(fields, func(f any) bool { return f.(map[string]any)["id"] == field })
		},
	} {
		item, err := cma.ContentTypes.Get(t.Context(), id)
		body := decoded(t, item, err)
		body["fields"] = edit(body["fields"].([]any))
		item, err = cma.ContentTypes.Upsert(t.Context(), id, "", item.Sys.Version, body)
		require.NoError(t, err)
		_, err = cma.ContentTypes.Publish(t.Context(), id, item.Sys.Version)
		require.NoError(t, err)
	}
}

func TestMissingRightsAreNamed(t *testing.T) {
	s := emulatortest.Start(t, emulator.Options{})
	cma := manage(t, between(t, s.CMA, func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPut && fail(w, http.StatusForbidden, "AccessDenied")
	}))
	plan, err := provision.Model(t.Context(), cma, nil)
	require.NoError(t, err)
	err = plan.Apply(t.Context(), func(provision.Change) {})
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, "needs a role")
	require.ErrorContains(t, err, "content type nt_audience")
}

func TestTheWebhookIsInstalledOnce(t *testing.T) {
	cma := empty(t)
	secret := strings.Repeat("s3cr", 16)
	w := provision.Webhook{URL: "https://segue.test/webhooks/contentful", Secret: secret}
	plan, err := w.Plan(t.Context(), cma)
	require.Equal(t, []string{"create webhook segue", "create signing secret of the space"}, applied(t, plan, err))
	again, err := w.Plan(t.Context(), cma)
	require.NoError(t, err)
	require.Empty(t, again)

	item, err := cma.Webhooks.Get(t.Context(), "segue")
	body := decoded(t, item, err)
	body["topics"] = append(body["topics"].([]any), "Task.*")
	body["active"] = false
	body["headers"] = []any{map[string]any{"key": "X-Mine", "value": "1"}}
	_, err = cma.Webhooks.Upsert(t.Context(), "segue", "", item.Sys.Version, body)
	require.NoError(t, err)
	w.URL, w.Secret, w.Preview = "https://other.test/webhooks/contentful", strings.Repeat("n3w_", 16), true
	plan, err = w.Plan(t.Context(), cma)
	require.Equal(t, []string{"update webhook segue", "update signing secret of the space"}, applied(t, plan, err))
	item, err = cma.Webhooks.Get(t.Context(), "segue")
	body = decoded(t, item, err)
	require.Equal(t, w.URL, body["url"])
	require.Equal(t, true, body["active"])
	require.Subset(t, plan[0].Lines, []string{"~ url: " + w.URL + " (was https://segue.test/webhooks/contentful)", "~ active again"})
	require.Contains(t, body["topics"], "Task.*", "what people added stays")
	require.Contains(t, body["topics"], "Entry.auto_save")
	require.Contains(t, string(item.Raw), "X-Mine")
	for _, c := range plan {
		require.NotContains(t, strings.Join(c.Lines, " "), secret[:8], "no secret is told")
	}
}
