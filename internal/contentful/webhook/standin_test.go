package webhook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/provision"
	"github.com/segue-dev/segue/internal/contentful/webhook"
)

func TestAnInstalledWebhookTellsOfAPublish(t *testing.T) {
	m := &mirror{outcome: webhook.Applied}
	r, err := webhook.New(webhook.Options{Secrets: []string{secret}}, m)
	require.NoError(t, err)
	outcomes := make(chan string, 1)
	segue := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		outcome, err := r.Receive(req, body)
		if err != nil {
			t.Error(err)
		}
		outcomes <- outcome
	}))
	defer segue.Close()
	space := emulatortest.StartWith(t, "../../../examples/storefront/space.json")
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", BaseURL: space.CMA})
	require.NoError(t, err)
	plan, err := provision.Webhook{URL: segue.URL + "/webhooks/contentful", Secret: secret}.Plan(t.Context(), cma)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context(), func(provision.Change) {}))

	entry, err := cma.Entries.Get(t.Context(), "home-hero")
	require.NoError(t, err)
	entry, err = cma.Entries.Upsert(t.Context(), "home-hero", "", entry.Sys.Version, entry)
	require.NoError(t, err)
	_, err = cma.Entries.Publish(t.Context(), "home-hero", entry.Sys.Version)
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, <-outcomes)
	require.Contains(t, m.told[0], "ContentManagement.Entry.publish {")
}
