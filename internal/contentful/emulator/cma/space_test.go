package cma_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// ids are those of the items of a list.
func ids(list map[string]any) []string {
	var all []string
	items, _ := list["items"].([]any)
	for _, item := range items {
		id, _ := at(item, "sys", "id").(string)
		all = append(all, id)
	}
	return all
}

func TestOnlyManagementTokensAreGood(t *testing.T) {
	c, _, _ := open(t)
	c.token = "delivery"
	c.fails(401, "AccessTokenInvalid", "GET", "entries", "")
	c.token = "management"
	a := c.do("GET", "entries", "")
	require.Equal(t, "10", a.header.Get("X-Contentful-Ratelimit-Second-Limit"))
	require.NotEmpty(t, a.header.Get("X-Contentful-Request-Id"))
	c.fails(404, "UnknownRoute", "GET", "nothing", "")
	c.fails(404, "UnknownRoute", "PATCH", "/spaces/s/roles", "")
	c.fails(404, "NotFound", "GET", "/spaces/s/environments/none/entries", "")
	require.Equal(t, []string{"home"}, ids(c.ok(200, "GET", "/spaces/s/entries", "")), "without an environment it is master")
	require.Equal(t, "s", at(c.ok(200, "GET", "/spaces/s/", ""), "sys", "id"))
	c.ok(200, "GET", "/users/me", "")
	require.Equal(t, []string{"s"}, ids(c.ok(200, "GET", "/spaces", "")))
}

func TestListsAreQueried(t *testing.T) {
	c, _, _ := open(t)
	require.Equal(t, []string{"page"}, ids(c.ok(200, "GET", "content_types?sys.id[in]=page,none", "")))
	require.Equal(t, []string{"home"}, ids(c.ok(200, "GET", "entries?content_type=page&fields.slug=home", "")))
	c.fails(400, "InvalidQuery", "GET", "entries?nope=1", "")
	page := c.ok(200, "GET", "content_types?limit=1&skip=1&order=sys.id", "")
	require.Equal(t, []string{"page"}, ids(page))
	require.EqualValues(t, 2, page["total"])
	require.EqualValues(t, 1, page["skip"])
	require.NotEmpty(t, at(c.ok(200, "GET", "content_types?limit=1&cursor=true", ""), "pages", "next"))
	require.Equal(t, []string{"home"}, ids(c.ok(200, "GET", "public/entries", "")))
}

func TestListsShowWhatWasWrittenSince(t *testing.T) {
	c, _, _ := open(t)
	first := func(path string) any {
		items, _ := c.ok(200, "GET", path, "")["items"].([]any)
		return items[0]
	}
	require.EqualValues(t, 2, at(first("entries?order=sys.id"), "sys", "version"))
	c.ok(200, "PUT", "entries/home", `{"fields": {"title": {"en-US": "New"}}}`, version("2")...)
	require.Equal(t, "New", at(first("entries?order=sys.id"), "fields", "title", "en-US"))
	require.Equal(t, "Home", at(first("public/entries?order=sys.id"), "fields", "title", "en-US"))
	require.Equal(t, "New", at(first("entries?sys.id=home"), "fields", "title", "en-US"))
	c.ok(201, "POST", "locales", `{"name": "French", "code": "fr", "optional": true}`)
	require.Equal(t, "changed", at(first("entries?order=sys.id"), "sys", "fieldStatus", "*", "en-US"))
	require.NotNil(t, at(first("entries?order=sys.id"), "sys", "fieldStatus", "*", "fr"), "the state in a new locale is shown")
}

func TestLocales(t *testing.T) {
	c, _, _ := open(t)
	made := c.ok(201, "POST", "locales", `{"name": "French", "code": "fr", "fallbackCode": "de"}`)
	require.Equal(t, false, made["default"])
	require.Equal(t, "s", at(made, "sys", "space", "sys", "id"))
	c.fails(422, "ValidationFailed", "POST", "locales", `{"name": "French", "code": "fr"}`)
	c.fails(422, "ValidationFailed", "POST", "locales", `{"name": "Danish", "code": "da", "fallbackCode": "none"}`)
	c.fails(422, "ValidationFailed", "POST", "locales", `{"code": "da"}`)
	c.fails(400, "BadRequest", "DELETE", "locales/l1", "")
	c.fails(400, "BadRequest", "DELETE", "locales/l2", "")
	id, _ := at(made, "sys", "id").(string)
	renamed := c.ok(200, "PUT", "locales/"+id, `{"name": "Français", "fallbackCode": null}`, version("1")...)
	require.Equal(t, "fr", renamed["code"])
	c.ok(204, "DELETE", "locales/l2", "")
}

func TestTags(t *testing.T) {
	c, _, _ := open(t)
	require.Equal(t, "private", at(c.ok(201, "PUT", "tags/a", `{"name": "A"}`), "sys", "visibility"))
	require.Equal(t, "public", at(c.ok(201, "PUT", "tags/b", `{"name": "B"}`, "X-Contentful-Tag-Visibility", "public"), "sys", "visibility"))
	c.fails(422, "ValidationFailed", "PUT", "tags/c", `{"name": "C"}`, "X-Contentful-Tag-Visibility", "secret")
	c.fails(422, "ValidationFailed", "PUT", "tags/c", `{"name": "A"}`)
	c.fails(422, "ActionPreconditionsFailed", "DELETE", "tags/sea", "")
	c.ok(204, "DELETE", "tags/a", "")
}

func TestEnvironmentsAndAliases(t *testing.T) {
	c, s, _ := open(t)
	made := c.ok(201, "PUT", "/spaces/s/environments/next", `{"name": "Next"}`, "X-Contentful-Source-Environment", "master")
	require.Equal(t, "ready", at(made, "sys", "status", "sys", "id"))
	c.fails(404, "NotFound", "PUT", "/spaces/s/environments/other", `{}`, "X-Contentful-Source-Environment", "none")
	c.ok(200, "PUT", "/spaces/s/environments/next", `{"name": "Renamed"}`, version("1")...)
	c.ok(200, "PUT", "/spaces/s/environments/next/entries/home", `{"fields": {"title": {"en-US": "Next"}}}`, version("2")...)
	require.Equal(t, "Home", at(c.ok(200, "GET", "entries/home", ""), "fields", "title", "en-US"))

	alias := `{"environment": {"sys": {"type": "Link", "linkType": "Environment", "id": "next"}}}`
	c.ok(201, "PUT", "/spaces/s/environment_aliases/live", alias)
	c.fails(422, "ValidationFailed", "PUT", "/spaces/s/environment_aliases/dead", strings.Replace(alias, "next", "none", 1))
	require.Equal(t, "Next", at(c.ok(200, "GET", "/spaces/s/environments/live/entries/home", ""), "fields", "title", "en-US"))
	require.Equal(t, "next", at(c.ok(200, "GET", "/spaces/s/environments/live", ""), "sys", "id"))
	c.fails(400, "BadRequest", "DELETE", "/spaces/s/environments/next", "")
	c.ok(200, "PUT", "/spaces/s/environment_aliases/live", strings.Replace(alias, "next", "master", 1), version("1")...)
	c.ok(204, "DELETE", "/spaces/s/environments/next", "")
	require.ElementsMatch(t, []string{"master"}, ids(c.ok(200, "GET", "/spaces/s/environments", "")))
	_, ok := s.Environment("s", "next")
	require.False(t, ok)
}

func TestWebhooksKeepTheirSecrets(t *testing.T) {
	c, s, _ := open(t)
	path := "/spaces/s/webhook_definitions"
	for _, bad := range []string{`{}`, `{"name": "a", "url": "http://x", "topics": []}`, `{"name": "a", "url": "x", "topics": ["*.*"]}`, `{"name": "a", "url": "http://x", "topics": ["publish"]}`} {
		c.fails(422, "ValidationFailed", "POST", path, bad)
	}
	hook := `{"name": "a", "url": "http://x", "topics": ["Entry.*"], "httpBasicUsername": "u", "httpBasicPassword": "p", "headers": [{"key": "K", "value": "v", "secret": true}]}`
	made := c.ok(201, "PUT", path+"/h", hook)
	require.NotContains(t, encoded(made), `"p"`)
	require.NotContains(t, encoded(made), `"v"`)
	c.ok(200, "PUT", path+"/h", `{"name": "b", "url": "http://x", "topics": ["Entry.*"], "httpBasicUsername": "u", "headers": [{"key": "K", "secret": true}]}`, version("1")...)
	kept, _ := s.Space("s").Get(store.Webhook, "h")
	require.Equal(t, "p", kept.Body["httpBasicPassword"])
	require.Contains(t, encoded(kept.Body), `"value":"v"`)
	require.NotContains(t, encoded(c.ok(200, "GET", path, "")), `"v"`)
	c.ok(200, "PUT", path+"/h", `{"name": "b", "url": "http://x", "topics": ["Entry.*"]}`, version("2")...)
	kept, _ = s.Space("s").Get(store.Webhook, "h")
	require.NotContains(t, encoded(kept.Body), `"v"`, "headers that are left out are gone")

	c.fails(404, "NotFound", "GET", "/spaces/s/webhook_settings/signing_secret", "")
	c.fails(422, "ValidationFailed", "PUT", "/spaces/s/webhook_settings/signing_secret", `{"value": "short"}`)
	secret := strings.Repeat("0123456789abcdef", 4)
	require.Equal(t, "cdef", c.ok(200, "PUT", "/spaces/s/webhook_settings/signing_secret", `{"value": "`+secret+`"}`)["redactedValue"])
	c.ok(204, "DELETE", "/spaces/s/webhook_settings/signing_secret", "")
	c.ok(200, "GET", "/spaces/s/webhooks/h/calls", "")
	c.ok(200, "GET", "/spaces/s/webhooks/h/health", "")
	c.ok(204, "DELETE", path+"/h", "")
}

func encoded(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func TestUploadsBecomeFiles(t *testing.T) {
	c, _, api := open(t)
	var picture bytes.Buffer
	require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 3, 2))))
	upload := c.ok(201, "POST", "/spaces/s/uploads", picture.String())
	id, _ := at(upload, "sys", "id").(string)
	c.ok(201, "PUT", "assets/logo", `{"fields": {"file": {"en-US": {"contentType": "image/png", "fileName": "a b.png", "uploadFrom": {"sys": {"type": "Link", "linkType": "Upload", "id": "`+id+`"}}},
		"de": {"contentType": "image/png", "fileName": "b.png", "upload": "https://elsewhere.test/b.png"}}}}`)
	c.ok(204, "PUT", "assets/logo/files/en-US/process", "", version("1")...)
	c.ok(204, "PUT", "assets/logo/files/de/process", "", version("2")...)
	c.fails(422, "ValidationFailed", "PUT", "assets/logo/files/fr/process", "", version("3")...)
	file := at(c.ok(200, "GET", "assets/logo", ""), "fields", "file")
	require.Equal(t, "//elsewhere.test/b.png", at(file, "de", "url"))
	require.Equal(t, map[string]any{"width": 3.0, "height": 2.0}, at(file, "en-US", "details", "image"))
	url, _ := at(file, "en-US", "url").(string)
	path, ok := strings.CutPrefix(url, "//files.test")
	require.True(t, ok)
	w := httptest.NewRecorder()
	api.ServeAsset(w, httptest.NewRequest(http.MethodGet, path, nil))
	require.Equal(t, picture.Bytes(), w.Body.Bytes())
	require.Equal(t, "image/png", w.Header().Get("Content-Type"))
	w = httptest.NewRecorder()
	api.ServeAsset(w, httptest.NewRequest(http.MethodGet, "/_assets/s/master/logo/none/a.png", nil))
	require.Equal(t, 404, w.Code)
}

func TestBulkActionsDoAllOrNothing(t *testing.T) {
	c, _, _ := open(t)
	for _, id := range []string{"a", "b"} {
		c.ok(201, "PUT", "entries/"+id, `{"fields": {"title": {"en-US": "T"}}}`, ofPage, "page")
	}
	c.ok(201, "PUT", "entries/bad", `{"fields": {}}`, ofPage, "page")
	item := func(id, version string) string {
		return `{"sys": {"type": "Link", "linkType": "Entry", "id": "` + id + `", "version": ` + version + `}}`
	}
	do := func(verb, items string) map[string]any {
		return c.ok(201, "POST", "bulk_actions/"+verb, `{"entities": {"items": [`+items+`]}}`)
	}
	failed := do("publish", item("a", "1")+","+item("bad", "1")+","+item("none", "1"))
	require.Equal(t, "failed", at(failed, "sys", "status"))
	require.Len(t, at(failed, "error", "details", "errors"), 2)
	require.Nil(t, at(c.ok(200, "GET", "entries/a", ""), "sys", "publishedVersion"))
	require.Equal(t, "succeeded", at(do("validate", item("a", "1")), "sys", "status"))
	require.Equal(t, "succeeded", at(do("publish", item("a", "1")+","+item("b", "1")), "sys", "status"))
	require.EqualValues(t, 1, at(c.ok(200, "GET", "entries/b", ""), "sys", "publishedVersion"))
	done := c.ok(201, "POST", "bulk_actions", `{"action": "unpublish", "entities": [{"entity": `+item("a", "2")+`}]}`)
	id, _ := at(done, "sys", "id").(string)
	require.Equal(t, "succeeded", at(c.ok(200, "GET", "bulk_actions/"+id, ""), "sys", "status"))
	c.fails(422, "ValidationFailed", "POST", "bulk_actions/publish", `{"entities": {"items": []}}`)
}

func TestTaxonomy(t *testing.T) {
	c, _, _ := open(t)
	path := "/organizations/o/taxonomy/concepts"
	link := func(id string) string {
		return `{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "` + id + `"}}`
	}
	c.ok(201, "PUT", path+"/a", `{"prefLabel": {"en-US": "A"}}`)
	c.ok(201, "PUT", path+"/b", `{"prefLabel": {"en-US": "B"}, "broader": [`+link("a")+`]}`)
	c.ok(201, "PUT", path+"/c", `{"prefLabel": {"en-US": "C"}, "broader": [`+link("b")+`]}`)
	c.fails(422, "ValidationFailed", "POST", path, `{}`)
	require.Equal(t, []string{"b", "a"}, ids(c.ok(200, "GET", path+"/c/ancestors", "")))
	require.Equal(t, []string{"b", "c"}, ids(c.ok(200, "GET", path+"/a/descendants", "")))
	require.NotNil(t, c.ok(200, "GET", path+"?limit=2", "")["pages"])
	c.ok(200, "PATCH", path+"/a", `[{"op": "add", "path": "/prefLabel/de", "value": "Ah"}]`, version("1")...)
	c.fails(409, "VersionMismatch", "PATCH", path+"/a", `[]`, version("1")...)
	c.ok(201, "POST", "/organizations/o/taxonomy/concept-schemes", `{"prefLabel": {"en-US": "S"}, "concepts": [`+link("a")+`]}`)
	require.EqualValues(t, 3, c.ok(200, "GET", path+"/total", "")["total"])
	c.ok(204, "DELETE", path+"/c", "", version("1")...)
}

func TestAnAppGetsATokenForAJWTOfItsKeyOnly(t *testing.T) {
	c, _, _ := open(t)
	app, _ := at(c.ok(201, "POST", "/organizations/o/app_definitions", `{"name": "App"}`), "sys", "id").(string)
	c.ok(201, "PUT", "app_installations/"+app, `{"parameters": {}}`)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	c.ok(201, "POST", "/organizations/o/app_definitions/"+app+"/keys", `{"jwk": {"kid": "k", "x5c": ["`+base64.StdEncoding.EncodeToString(der)+`"]}}`)
	c.fails(422, "ValidationFailed", "POST", "/organizations/o/app_definitions/"+app+"/keys", `{"generate": false}`)

	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	jwt := func(by *rsa.PrivateKey, alg, iss string, exp time.Time) string {
		part := func(v any) string { return base64.RawURLEncoding.EncodeToString([]byte(encoded(v))) }
		unsigned := part(map[string]string{"alg": alg}) + "." + part(map[string]any{"iss": iss, "exp": exp.Unix()})
		digest := sha256.Sum256([]byte(unsigned))
		sig, err := rsa.SignPKCS1v15(rand.Reader, by, crypto.SHA256, digest[:])
		require.NoError(t, err)
		return unsigned + "." + base64.RawURLEncoding.EncodeToString(sig)
	}
	soon := now.Add(5 * time.Minute)
	path := "app_installations/" + app + "/access_tokens"
	for _, bad := range []string{
		"management", jwt(other, "RS256", app, soon), jwt(key, "none", app, soon), jwt(key, "RS256", "other", soon),
		jwt(key, "RS256", app, now.Add(-time.Second)), jwt(key, "RS256", app, now.Add(time.Hour)),
	} {
		c.token = bad
		c.fails(401, "AccessTokenInvalid", "POST", path, "")
	}
	c.token = jwt(key, "RS256", app, soon)
	c.token, _ = c.ok(201, "POST", path, "")["token"].(string)
	require.Equal(t, []string{"home"}, ids(c.ok(200, "GET", "entries", "")))
}
