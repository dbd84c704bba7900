package mirror_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/mirror"
)

// follow runs a mirror of a stand-in until the test ends, which is there when it
// returns. It asks for changes at intervals of poll only.
func follow(t *testing.T, s *emulatortest.Server, environment string, poll time.Duration) *mirror.Mirror {
	t.Helper()
	api, err := contentful.NewCDA(emulatortest.Delivery, contentful.Options{Space: "sp1", Environment: environment, BaseURL: s.CDA})
	require.NoError(t, err)
	m := mirror.Open(mirror.Options{Space: "sp1", Environment: environment, API: api, Poll: poll, Log: slog.New(slog.DiscardHandler)})
	done := make(chan error, 1)
	go func() { done <- m.Run(t.Context()) }()
	t.Cleanup(func() { require.NoError(t, <-done) })
	<-m.Changed()
	return m
}

// The stand-in tells by a webhook that an alias leads elsewhere, as Contentful
// does, and the mirror of the alias goes there and back.
func TestAnAliasOfTheStandIn(t *testing.T) {
	s := standIn(t)
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", BaseURL: s.CMA})
	require.NoError(t, err)
	_, err = cma.Environments.Upsert(t.Context(), "next", "", 0, map[string]any{"name": "next"})
	require.NoError(t, err)
	alias := func(version int, target string) int {
		item, err := cma.Aliases.Upsert(t.Context(), "live", "", version, map[string]any{"environment": linkTo("Environment", target)})
		require.NoError(t, err)
		return item.Sys.Version
	}
	version := alias(0, "master")
	next, _ := s.Store.Environment("sp1", "next")
	require.NoError(t, next.Update(func(tx *store.Tx) error {
		e, _ := tx.Get(store.Entry, "page7")
		tx.Publish(tx.Save(e, store.Object{"fields": store.Object{"title": store.Object{"en-US": "of the next"}}}))
		return nil
	}))

	m := follow(t, s, "live", 24*time.Hour)
	require.Equal(t, "first", titlesOf(t, m)["page7"])
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = m.Apply(r.Header.Get("X-Contentful-Topic"), body)
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer hook.Close()
	_, err = cma.Webhooks.Upsert(t.Context(), "segue", "", 0, map[string]any{"name": "Segue", "url": hook.URL, "topics": []string{"*.*"}, "headers": []any{}})
	require.NoError(t, err)
	for _, to := range []struct{ environment, title string }{{"next", "of the next"}, {"master", "first"}} {
		version = alias(version, to.environment)
		require.Eventually(t, func() bool { return titlesOf(t, m)["page7"] == to.title }, 10*time.Second, 5*time.Millisecond, to.environment)
		require.Len(t, titlesOf(t, m), 30)
	}
}

// A variant that is published in some locales only is not offered in the others,
// though the delivery API says nothing of it but the values it has.
func TestLocalesOfTheStandInArePublishedOneByOne(t *testing.T) {
	s := standIn(t)
	scope, _ := s.Store.Environment("sp1", "master")
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		for code, fallback := range map[string]any{"de": nil, "de-AT": "de"} {
			tx.Create(store.Entity{Kind: store.Locale, ID: code, Body: store.Object{
				"code": code, "name": code, "fallbackCode": fallback, "contentDeliveryApi": true, "contentManagementApi": true,
			}})
		}
		fields := []any{store.Object{"id": "title", "type": "Symbol", "localized": true}, store.Object{"id": "price", "type": "Integer"}}
		tx.Publish(tx.Create(store.Entity{Kind: store.ContentType, ID: "offer", Body: store.Object{"name": "Offer", "fields": fields}}))
		body := store.Object{"fields": store.Object{
			"title": store.Object{"en-US": "Not yet", "de": "Schon jetzt"}, "price": store.Object{"en-US": json.Number("7")},
		}}
		tx.PublishIn(tx.Create(store.Entity{Kind: store.Entry, ID: "offer", ContentType: "offer", Body: body}), []string{"de"})
		return nil
	}))
	m := follow(t, s, "master", 10*time.Millisecond)
	offered := func() (in []string) {
		for _, locale := range m.Content().Locales() {
			if m.Content().Publishable("offer", locale) {
				in = append(in, locale)
			}
		}
		return in
	}
	require.Equal(t, []string{"de", "de-AT"}, offered())
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		e, _ := tx.Get(store.Entry, "offer")
		tx.PublishIn(e, []string{"en-US"})
		return nil
	}))
	require.Eventually(t, func() bool { return len(offered()) == 3 }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		e, _ := tx.Get(store.Entry, "offer")
		tx.UnpublishIn(e, []string{"de"})
		return nil
	}))
	require.Eventually(t, func() bool { return len(offered()) == 1 }, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, []string{"en-US"}, offered())
}
