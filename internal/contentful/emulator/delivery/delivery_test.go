package delivery_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

func TestIncludesReachAsFarAsAskedFor(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for depth, want := range map[string][]string{
		"0": {}, "1": {"about", "hero"}, "2": {"about", "hero"}, "10": {"about", "hero"},
	} {
		p := read(t, get(t, st.cda, environment+"/entries?sys.id=home&include="+depth))
		require.Equal(t, want, ids(p.Includes.Entry), depth)
	}
	p := read(t, get(t, st.cda, environment+"/entries?sys.id=hero&include=1"))
	require.Equal(t, []string{"about"}, ids(p.Includes.Entry))
	require.Empty(t, p.Errors)
	p = read(t, get(t, st.cda, environment+"/entries?sys.id=hero&include=3"))
	require.Equal(t, []string{"about", "home"}, ids(p.Includes.Entry), "hero itself is an item")
	require.Equal(t, []string{"logo"}, ids(p.Includes.Asset))
	require.Len(t, p.Errors, 3)

	p = read(t, get(t, st.cda, environment+"/entries?include=10"))
	require.Empty(t, p.Includes.Entry, "all entries are items")
	p = read(t, get(t, st.cda, environment+"/entries?sys.id=home&locale=fr"))
	require.Equal(t, []string{"photo"}, ids(p.Includes.Asset), "of the locale's own value")
	p = read(t, get(t, st.cda, environment+"/entries?sys.id=home&locale=*"))
	require.Equal(t, []string{"logo", "photo"}, ids(p.Includes.Asset), "of all locales")
	p = read(t, get(t, st.cda, environment+"/entries?sys.id=home&content_type=page&select=fields.title"))
	require.Empty(t, p.Includes.Entry, "of what is selected")
}

func TestLinksToOtherSpacesAreFollowedWithATokenForThem(t *testing.T) {
	st := newStand(t, delivery.Options{})
	token := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	target := environment + "/entries?sys.id=home&select=fields.partner&content_type=page"
	p := read(t, get(t, st.cda, target, "X-Contentful-Resource-Resolution", token(`{"spaces": {"other": "delivery"}}`)))
	require.Equal(t, []string{"hero"}, ids(p.Includes.Entry))
	require.Empty(t, p.Errors)
	for _, header := range []string{"", "x", token(`{"spaces": {"other": "wrong"}}`), token(`{"spaces": {"another": "delivery"}}`)} {
		p = read(t, get(t, st.cda, target, "X-Contentful-Resource-Resolution", header))
		require.Empty(t, p.Includes.Entry)
		require.Equal(t, "ResourceLink", p.Errors[0].Details["type"])
	}
}

func TestDraftsAreForThePreviewOnly(t *testing.T) {
	st := newStand(t, delivery.Options{})
	require.Equal(t, []string{"about", "draft", "hero", "home"}, ids(read(t, ask(t, st.cpa, "preview", environment+"/entries?order=sys.id")).Items), "not what is archived")
	require.Equal(t, []string{"about", "hero", "home"}, ids(read(t, get(t, st.cda, environment+"/entries?order=sys.id")).Items))

	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) {
		tx.Save(e, store.Object{"fields": store.Object{"title": store.Object{"en": "New"}}})
	})
	title := func(api http.Handler, token string) string {
		return string(read(t, ask(t, api, token, environment+"/entries?sys.id=about&content_type=page&select=fields.title")).Items[0].Fields["title"])
	}
	require.Equal(t, `"New"`, title(st.cpa, "preview"))
	require.Equal(t, `"About us"`, title(st.cda, "delivery"))
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Publish(e) })
	require.Equal(t, `"New"`, title(st.cda, "delivery"))
	st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	require.Equal(t, []string{"hero", "home"}, ids(read(t, get(t, st.cda, environment+"/entries?order=sys.id")).Items))
}

func TestTimelinesAreForThePreviewOnly(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for _, params := range []string{"release[lte]=r", "timestamp[lte]=2030-01-01T00:00:00Z"} {
		require.Len(t, read(t, ask(t, st.cpa, "preview", environment+"/timeline/entries?limit=1&"+params)).Items, 1)
		require.Equal(t, http.StatusOK, ask(t, st.cpa, "preview", environment+"/timeline/entries/draft?"+params).Code)
		require.Equal(t, http.StatusOK, ask(t, st.cpa, "preview", environment+"/timeline/assets/logo?"+params).Code)
	}
	require.Equal(t, "BadRequest", failed(t, ask(t, st.cpa, "preview", environment+"/timeline/entries"), http.StatusBadRequest))
	require.Equal(t, "BadRequest", failed(t, ask(t, st.cpa, "preview", environment+"/timeline/entries?timestamp[lte]=soon"), http.StatusBadRequest))
}

func TestSourceMapsAreForThePreviewOnly(t *testing.T) {
	st := newStand(t, delivery.Options{})
	params := "?includeContentSourceMaps="
	require.Equal(t, "InvalidQuery", failed(t, get(t, st.cda, environment+"/entries"+params+"true"), http.StatusBadRequest))
	require.Equal(t, "BadRequest", failed(t, ask(t, st.cpa, "preview", environment+"/entries"+params+"x"), http.StatusBadRequest))
	require.NotContains(t, ask(t, st.cpa, "preview", environment+"/entries"+params+"false").Body.String(), "ontentSourceMaps")
	require.Contains(t, ask(t, st.cpa, "preview", environment+"/timeline/entries/home"+params+"true&release[lte]=r").Body.String(), "contentSourceMapsLookup")
}

func TestLocalesArePublishedOneByOne(t *testing.T) {
	st := newStand(t, delivery.Options{})
	const header = "X-Contentful-Locale-Based-Publishing"
	st.change(t, store.Entry, "draft", func(tx *store.Tx, e *store.Entity) { tx.PublishIn(e, []string{"de"}) })
	lists := func(locale, value string) []string {
		return ids(read(t, get(t, st.cda, environment+"/entries?order=sys.id&locale="+locale, header, value)).Items)
	}
	require.Equal(t, []string{"about", "draft", "hero", "home"}, lists("en", "false"))
	require.Equal(t, []string{"about", "hero", "home"}, lists("en", "true"))
	require.Equal(t, []string{"about", "draft", "hero", "home"}, lists("de", "true"))
	require.Equal(t, []string{"about", "draft", "hero", "home"}, lists("*", "true"))
	require.Equal(t, "NotFound", failed(t, get(t, st.cda, environment+"/entries/draft", header, "true"), http.StatusNotFound))
	require.Equal(t, http.StatusOK, get(t, st.cda, environment+"/entries/draft?locale=de", header, "true").Code)
	errors := read(t, get(t, st.cda, environment+"/entries?sys.id=home", header, "true")).Errors
	require.Len(t, errors, 3, "a link to it leads nowhere in that locale")
	require.Len(t, read(t, get(t, st.cda, environment+"/entries?sys.id=home&locale=de", header, "true")).Errors, 2)
}

func TestConceptsAboveAndBelow(t *testing.T) {
	st := newStand(t, delivery.Options{})
	list := func(path string) []string {
		p := read(t, get(t, st.cda, environment+"/taxonomy/concepts"+path))
		require.NotNil(t, p.Pages)
		return ids(p.Items)
	}
	require.Equal(t, []string{"footwear", "shoes", "sneakers"}, list("?order=sys.id"))
	require.Equal(t, []string{"footwear", "shoes"}, list("/sneakers/ancestors?order=sys.id"))
	require.Equal(t, []string{"shoes", "sneakers"}, list("/footwear/descendants?order=sys.id"))
	require.Empty(t, list("/footwear/ancestors"))
	require.Equal(t, []string{"home"}, ids(read(t, get(t, st.cda, environment+"/entries?metadata.concepts[descendants][in]=footwear")).Items))
	require.Empty(t, read(t, get(t, st.cda, environment+"/entries?metadata.concepts.sys.id[in]=footwear")).Items)
}

func TestEnvironmentsAndAliasesHaveTheirOwn(t *testing.T) {
	st := newStand(t, delivery.Options{})
	_, ok := st.store.Clone("s", "master", "next", nil)
	require.True(t, ok)
	next, ok := st.store.Environment("s", "next")
	require.True(t, ok)
	require.NoError(t, next.Update(func(tx *store.Tx) error {
		e, _ := tx.Get(store.Entry, "hero")
		tx.Unpublish(e)
		return nil
	}))
	require.Equal(t, http.StatusOK, get(t, st.cda, environment+"/entries/hero").Code)
	require.Equal(t, http.StatusNotFound, get(t, st.cda, "/spaces/s/environments/next/entries/hero").Code)

	alias := func(target string) {
		body := store.Object{"environment": store.Link{LinkType: "Environment", ID: target}.Object()}
		require.NoError(t, st.store.Space("s").Update(func(tx *store.Tx) error {
			if e, ok := tx.Get(store.Alias, "live"); ok {
				tx.Save(e, body)
				return nil
			}
			tx.Create(store.Entity{Kind: store.Alias, ID: "live", Body: body})
			return nil
		}))
	}
	live := "/spaces/s/environments/live/entries?content_type=page&sys.id=hero"
	alias("master")
	require.Equal(t, []string{"hero"}, ids(read(t, get(t, st.cda, live)).Items))
	alias("next")
	require.Empty(t, read(t, get(t, st.cda, live)).Items, "the alias has been switched")
}

func TestReadersSeeEachEditWhole(t *testing.T) {
	st := newStand(t, delivery.Options{})
	write := func(n int) {
		title := store.Object{"en": strconv.Itoa(n), "de": strconv.Itoa(n)}
		st.change(t, store.Entry, "about", func(tx *store.Tx, e *store.Entity) {
			tx.Publish(tx.Save(e, store.Object{"fields": store.Object{"title": title}}))
		})
	}
	write(0)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := 0
			for last < 50 {
				list := read(t, get(t, st.cda, environment+"/entries?locale=*"))
				about := list.Items[slices.IndexFunc(list.Items, func(i item) bool { return i.Sys.ID == "about" })]
				var title struct{ En, De string }
				if err := json.Unmarshal(about.Fields["title"], &title); err != nil || title.En != title.De {
					t.Errorf("half an edit: %v %v", title, err)
				}
				now, _ := strconv.Atoi(title.En)
				if now < last {
					t.Errorf("%d after %d", now, last)
				}
				last = now
			}
		})
	}
	for n := range 50 {
		write(n + 1)
	}
	readers.Wait()
}
