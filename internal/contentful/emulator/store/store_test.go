package store_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

const small = `{
  "locales": [
    {"sys": {"id": "l1", "version": 1}, "code": "en-US", "name": "English", "default": true, "fallbackCode": null},
    {"sys": {"id": "l2", "version": 1}, "code": "de", "name": "Deutsch", "default": false, "fallbackCode": "en-US"}
  ],
  "contentTypes": [{"sys": {"id": "page", "version": 4, "publishedVersion": 3, "publishedCounter": 2}, "name": "Page", "fields": []}],
  "editorInterfaces": [{"sys": {"id": "default", "version": 2, "contentType": {"sys": {"id": "page"}}}, "controls": []}],
  "entries": [
    {"sys": {"id": "home", "version": 8, "publishedVersion": 7, "publishedCounter": 3, "contentType": {"sys": {"id": "page"}},
             "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-04T00:00:00Z",
             "firstPublishedAt": "2026-01-02T00:00:00Z", "publishedAt": "2026-01-03T00:00:00Z"},
     "fields": {"title": {"en-US": "Home", "de": "Start"}, "order": {"en-US": 12345678901234567890}}},
    {"sys": {"id": "idea", "version": 1, "contentType": {"sys": {"id": "page"}}, "createdAt": "2026-01-02T00:00:00Z"}, "fields": {}}
  ],
  "assets": [{"sys": {"id": "logo", "revision": 5, "publishedVersion": 9, "createdAt": "2026-02-01T00:00:00Z", "updatedAt": "2026-02-02T00:00:00Z"}, "fields": {}}],
  "webhooks": [{"sys": {"id": "hook"}, "name": "Hook"}], "roles": [{"name": "Editor"}], "components": [{"new": "kind"}]
}`

// open returns the environment master of a store with the small export, whose
// clock shows an hour more at each look.
func open(t *testing.T) (*store.Store, *store.Scope) {
	t.Helper()
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	s, err := store.Load(strings.NewReader(small), store.Options{Now: func() time.Time { now = now.Add(time.Hour); return now }})
	require.NoError(t, err)
	env, ok := s.Environment("any", "master")
	require.True(t, ok)
	return s, env
}

func get(t *testing.T, env *store.Scope, kind store.Kind, id string) *store.Entity {
	t.Helper()
	e, ok := env.Get(kind, id)
	require.True(t, ok, "%s %s", kind, id)
	return e
}

func update(t *testing.T, env *store.Scope, kind store.Kind, id string, f func(*store.Tx, *store.Entity)) *store.Entity {
	t.Helper()
	require.NoError(t, env.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(kind, id)
		require.True(t, ok)
		f(tx, e)
		return nil
	}))
	e, _ := env.Get(kind, id)
	return e
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

func fields(titles string) store.Object {
	var o store.Object
	if err := store.Decode([]byte(`{"fields": {"title": `+titles+`}}`), &o); err != nil {
		panic(err)
	}
	return o
}

func TestAnExportIsShownAsBothAPIsShowIt(t *testing.T) {
	_, env := open(t)
	home := get(t, env, store.Entry, "home")
	require.JSONEq(t, `{
	  "sys": {"id": "home", "type": "Entry", "revision": 3, "publishedVersion": 7,
	    "createdAt": "2026-01-02T00:00:00.000Z", "updatedAt": "2026-01-03T00:00:00.000Z",
	    "space": {"sys": {"type": "Link", "linkType": "Space", "id": "any"}},
	    "environment": {"sys": {"type": "Link", "linkType": "Environment", "id": "master"}},
	    "contentType": {"sys": {"type": "Link", "linkType": "ContentType", "id": "page"}}},
	  "metadata": {"tags": [], "concepts": []},
	  "fields": {"title": {"en-US": "Home", "de": "Start"}, "order": {"en-US": 12345678901234567890}}}`,
		asJSON(t, env.Delivered(home)))
	require.Contains(t, asJSON(t, env.Delivered(home)), "12345678901234567890", "a number is not altered")

	managed := env.Managed(home)["sys"].(store.Object)
	require.Equal(t, json.Number("8"), managed["version"])
	require.Equal(t, "2026-01-04T00:00:00.000Z", managed["updatedAt"])
	require.Equal(t, store.Object{"*": store.Object{"en-US": "published", "de": "published"}}, managed["fieldStatus"])
	require.Equal(t, "crn:contentful:::content:spaces/any/environments/master/entries/home", managed["urn"])

	idea := get(t, env, store.Entry, "idea")
	require.Nil(t, env.Delivered(idea), "a draft is not delivered")
	require.Equal(t, json.Number("0"), env.Previewed(idea)["sys"].(store.Object)["revision"])

	logo := get(t, env, store.Asset, "logo")
	require.Equal(t, 10, logo.Version, "an item of the delivery API has the version after the published one")
	require.Equal(t, json.Number("5"), env.Delivered(logo)["sys"].(store.Object)["revision"])
	require.Equal(t, "page", get(t, env, store.EditorInterface, "page").ID)
	require.Equal(t, "en-US", env.DefaultLocale())
	require.Len(t, env.Published(store.Entry), 1)
}

func TestWhatIsNoExportIsSaid(t *testing.T) {
	for in, want := range map[string]string{
		`[]`: "not a space export", `{}`: "none of its lists has an item",
		`{"entries": {}}`: "entries: not a list of objects", `{"entries": [{"sys": {"id": "a"}}]}`: "entries[0]: sys.contentType: missing",
		`{"assets": [{"fields": {}}]}`: "assets[0]: sys.id: missing",
	} {
		_, err := store.Load(strings.NewReader(in), store.Options{})
		require.ErrorContains(t, err, want, in)
	}
}

func TestADraftDoesNotShowUntilPublished(t *testing.T) {
	s, env := open(t)
	start := s.Seq()
	e := update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.Save(e, fields(`{"en-US": "New"}`)) })
	require.Equal(t, 9, e.Version)
	require.True(t, e.Changed())
	require.Contains(t, asJSON(t, env.Delivered(e)), "Home")
	require.Contains(t, asJSON(t, env.Previewed(e)), "New")
	require.Equal(t, store.Object{"en-US": "changed", "de": "changed"}, env.Managed(e)["sys"].(store.Object)["fieldStatus"].(store.Object)["*"])
	require.Equal(t, start, s.Seq(), "sync does not tell of drafts")

	e = update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	require.Equal(t, 10, e.Version)
	require.Equal(t, 9, e.Published.Version)
	require.Equal(t, 4, e.Published.Revision)
	require.False(t, e.Changed())
	require.Contains(t, asJSON(t, env.Delivered(e)), "New")
	require.Len(t, e.History, 2)
	changes, ok := env.Changes(start)
	require.True(t, ok)
	require.Len(t, changes, 1)
	require.True(t, changes[0].Deleted.IsZero())
}

func TestSyncTellsOfEachEntityOnceAndInOrder(t *testing.T) {
	s, env := open(t)
	start := s.Seq()
	update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	update(t, env, store.Asset, "logo", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	middle := s.Seq()
	update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.Delete(e) })
	update(t, env, store.Entry, "idea", func(tx *store.Tx, e *store.Entity) { tx.Delete(e) })

	changes, ok := env.Changes(start)
	require.True(t, ok)
	require.Len(t, changes, 2, "the deleted draft was never told of")
	require.Equal(t, "logo", changes[0].Entity.ID)
	require.Equal(t, "home", changes[1].Entity.ID)
	require.False(t, changes[1].Deleted.IsZero())
	require.Contains(t, asJSON(t, env.Deleted(changes[1].Entity, changes[1].Deleted)), `"type":"DeletedEntry"`)
	after, _ := env.Changes(middle)
	require.Len(t, after, 1)
	_, ok = env.Changes(s.Seq() + 1)
	require.False(t, ok, "the future is not known")
}

func TestLocalesArePublishedOneByOne(t *testing.T) {
	_, env := open(t)
	update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) {
		tx.PublishIn(tx.Save(e, fields(`{"en-US": "New", "de": "Neu"}`)), []string{"de"})
	})
	e := get(t, env, store.Entry, "home")
	require.JSONEq(t, `{"title": {"en-US": "Home", "de": "Neu"}, "order": {"en-US": 12345678901234567890}}`, asJSON(t, store.Fields(e.Published.Body)))

	e = update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.UnpublishIn(e, []string{"de"}) })
	require.False(t, e.Published.InLocale("de"))
	require.Equal(t, "draft", env.Managed(e)["sys"].(store.Object)["fieldStatus"].(store.Object)["*"].(store.Object)["de"])
	e = update(t, env, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.UnpublishIn(e, []string{"en-US"}) })
	require.True(t, e.Draft(), "without a locale it is not published")
}

func TestPublishingAContentTypeBumpsItsEditorInterface(t *testing.T) {
	_, env := open(t)
	update(t, env, store.ContentType, "page", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	require.Equal(t, 3, get(t, env, store.EditorInterface, "page").Version)
	require.NoError(t, env.Update(func(tx *store.Tx) error {
		tx.Publish(tx.Create(store.Entity{Kind: store.ContentType, ID: "new", Body: store.Object{"name": "New"}}))
		return nil
	}))
	require.Equal(t, 1, get(t, env, store.EditorInterface, "new").Version)
}

func TestAFailedUpdateChangesNothing(t *testing.T) {
	_, env := open(t)
	err := env.Update(func(tx *store.Tx) error {
		home, _ := tx.Get(store.Entry, "home")
		tx.Delete(home)
		return errors.New("no")
	})
	require.EqualError(t, err, "no")
	get(t, env, store.Entry, "home")
}

func TestSpacesAndEnvironmentsAreApart(t *testing.T) {
	s, env := open(t)
	_, ok := s.Environment("any", "staging")
	require.False(t, ok, "an environment must be created")
	_, ok = s.Clone("any", "master", "staging", store.Object{"name": "Staging"})
	require.True(t, ok)
	staging, ok := s.Environment("any", "staging")
	require.True(t, ok)
	other, _ := s.Environment("other", "")
	update(t, staging, store.Entry, "home", func(tx *store.Tx, e *store.Entity) { tx.Delete(e) })
	get(t, env, store.Entry, "home")
	get(t, other, store.Entry, "home")

	require.NoError(t, s.Space("any").Update(func(tx *store.Tx) error {
		tx.Create(store.Entity{Kind: store.Alias, ID: "live", Body: store.Object{"environment": store.Link{LinkType: "Environment", ID: "staging"}.Object()}})
		return nil
	}))
	live, ok := s.Environment("any", "live")
	require.True(t, ok)
	_, ok = live.Get(store.Entry, "home")
	require.False(t, ok, "the alias leads to staging")
	require.Equal(t, "live", live.Managed(get(t, live, store.Asset, "logo"))["sys"].(store.Object)["environment"].(store.Object)["sys"].(store.Object)["id"])
	require.True(t, s.Drop("any", "staging"))
}

func TestTheStorefrontLoads(t *testing.T) {
	f, err := os.Open("../../../../examples/storefront/space.json")
	require.NoError(t, err)
	defer f.Close()
	s, err := store.Load(f, store.Options{})
	require.NoError(t, err)
	env, _ := s.Environment("kettle-and-crane", "master")
	require.NotEmpty(t, env.Published(store.Entry))
}
