package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/emulator/faults"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

func TestAnExportIsTakenAndApplied(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	space := s.URL + "/_emulator/space?space=any"
	status, export := get(t, http.DefaultClient, space, "")
	require.Equal(t, 200, status)
	env, _ := s.Store.Environment("any", "")
	before := s.Store.Seq()
	status, body := ask(t, http.DefaultClient, http.MethodPut, space, "", export)
	require.Equal(t, 204, status, body)
	require.Equal(t, before, s.Store.Seq(), "it was so already")

	e := env.Published(store.Entry)[0]
	changed := strings.ReplaceAll(export, `"id": "`+e.ID+`"`, `"id": "renamed"`)
	require.NotEqual(t, export, changed)
	status, body = ask(t, http.DefaultClient, http.MethodPut, space, "", changed)
	require.Equal(t, 204, status, body)
	_, ok := env.Get(store.Entry, e.ID)
	require.False(t, ok)
	renamed, ok := env.Get(store.Entry, "renamed")
	require.True(t, ok)
	require.False(t, renamed.Draft())

	status, body = ask(t, http.DefaultClient, http.MethodPut, space, "", `{"entries": [{}]}`)
	require.Equal(t, 422, status)
	require.Contains(t, body, "entries[0]")
	status, _ = get(t, http.DefaultClient, s.URL+"/_emulator/space?space=any&environment=none", "")
	require.Equal(t, 404, status)
	status, _ = ask(t, http.DefaultClient, http.MethodDelete, space, "", "")
	require.Equal(t, 405, status)
}

func TestClearingFaultsReleasesWebhooks(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	called := make(chan string, 2)
	receiver := receive(t, called)
	require.NoError(t, s.Store.Space("any").Update(func(tx *store.Tx) error {
		tx.Create(store.Entity{Kind: store.Webhook, ID: "h", Body: store.Object{"name": "H", "url": receiver, "topics": []any{"Entry.unpublish"}}})
		return nil
	}))
	require.NoError(t, s.Faults.Add(faults.Fault{Kind: faults.ReorderWebhook}))
	env, _ := s.Store.Environment("any", "")
	id := env.Published(store.Entry)[0].ID
	status, body := ask(t, http.DefaultClient, http.MethodDelete, s.CMA+"/spaces/any/environments/master/entries/"+id+"/published", "management", "")
	require.Equal(t, 200, status, body)
	s.Webhooks.Wait()
	require.Empty(t, called)
	status, _ = ask(t, http.DefaultClient, http.MethodDelete, s.URL+"/_emulator/faults", "", "")
	require.Equal(t, 200, status)
	require.Equal(t, "ContentManagement.Entry.unpublish", <-called)
}

// receive returns the URL of a server that hands on the topics of webhooks.
func receive(t *testing.T, topics chan<- string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		topics <- r.Header.Get("X-Contentful-Topic")
	}))
	t.Cleanup(s.Close)
	return s.URL
}
