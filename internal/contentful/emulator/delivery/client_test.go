package delivery_test

import (
	"context"
	"iter"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// client returns our own client of an API.
func client(t *testing.T, token string, api *delivery.API) *contentful.CDA {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	open := contentful.NewCDA
	if token == "preview" {
		open = contentful.NewCPA
	}
	c, err := open(token, contentful.Options{Space: "s", BaseURL: server.URL, HTTP: server.Client(), Retry: contentful.Retry{
		Attempts: 1, Sleep: func(context.Context, time.Duration) error { return nil },
	}})
	require.NoError(t, err)
	return c
}

// drained returns the ids of what an iterator yields.
func drained(t *testing.T, items iter.Seq2[contentful.Item, error]) []string {
	t.Helper()
	var list []string
	for item, err := range items {
		require.NoError(t, err)
		list = append(list, item.Sys.ID)
	}
	return list
}

func TestOurClientReadsItAll(t *testing.T) {
	st := newStand(t, delivery.Options{})
	cda, cpa := client(t, "delivery", st.cda), client(t, "preview", st.cpa)
	ordered := url.Values{"order": {"sys.id"}, "limit": {"2"}}

	require.Equal(t, []string{"about", "hero", "home"}, drained(t, cda.Entries.All(t.Context(), ordered)))
	require.Equal(t, []string{"about", "hero", "home"}, drained(t, cda.Entries.Cursor(t.Context(), ordered)))
	require.Equal(t, []string{"about", "draft", "hero", "home"}, drained(t, cpa.Entries.Cursor(t.Context(), ordered)))
	require.Equal(t, []string{"logo", "photo"}, drained(t, cda.Assets.All(t.Context(), ordered)))
	require.Equal(t, []string{"page"}, drained(t, cda.ContentTypes.All(t.Context(), nil)))
	require.Equal(t, []string{"sale"}, drained(t, cda.Tags.All(t.Context(), nil)))
	require.Equal(t, []string{"footwear", "shoes", "sneakers"}, drained(t, cda.Concepts.Cursor(t.Context(), ordered)))
	require.ElementsMatch(t, []string{"locale-en", "locale-de", "locale-fr"}, drained(t, cda.Locales.All(t.Context(), nil)))
	n, err := cda.Entries.Count(t.Context(), url.Values{"content_type": {"page"}})
	require.NoError(t, err)
	require.Equal(t, 3, n)

	item, err := cda.Entries.Get(t.Context(), "home")
	require.NoError(t, err)
	require.Equal(t, 3, item.Sys.Revision)
	_, err = cda.Entries.Get(t.Context(), "draft")
	require.ErrorIs(t, err, contentful.NotFound)
	_, err = cda.Entries.List(t.Context(), url.Values{"fields.title": {"x"}})
	require.ErrorIs(t, err, contentful.BadRequest)
	_, err = client(t, "wrong", st.cda).Entries.List(t.Context(), nil)
	require.ErrorIs(t, err, contentful.AccessTokenInvalid)
}

func TestOurClientSyncs(t *testing.T) {
	st := newStand(t, delivery.Options{})
	cda := client(t, "delivery", st.cda)
	page, err := cda.Sync.Initial(t.Context(), 3)
	require.NoError(t, err)
	require.True(t, page.More)
	require.Len(t, page.Items, 3)
	page, err = cda.Sync.Next(t.Context(), page.Token)
	require.NoError(t, err)
	require.False(t, page.More)
	require.Len(t, page.Items, 2)
	st.change(t, store.Entry, "hero", func(tx *store.Tx, e *store.Entity) { tx.Unpublish(e) })
	page, err = cda.Sync.Next(t.Context(), page.Token)
	require.NoError(t, err)
	require.Equal(t, "DeletedEntry", page.Items[0].Sys.Type)
	require.Equal(t, "hero", page.Items[0].Sys.ID)
	st.cda.ExpireSync()
	_, err = cda.Sync.Next(t.Context(), page.Token)
	require.ErrorIs(t, err, contentful.BadRequest)
}

func TestOurClientHalvesPagesThatAreTooBig(t *testing.T) {
	st := newStand(t, delivery.Options{MaxBytes: 1800})
	cda := client(t, "delivery", st.cda)
	query := url.Values{"order": {"sys.id"}, "include": {"0"}}
	require.Equal(t, []string{"about", "hero", "home"}, drained(t, cda.Entries.All(t.Context(), query)))
	require.Equal(t, []string{"about", "hero", "home"}, drained(t, cda.Entries.Cursor(t.Context(), query)))
	_, err := cda.Sync.Initial(t.Context(), 0)
	require.True(t, contentful.TooBig(err))
}
