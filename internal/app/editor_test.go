package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/emulator/faults"
)

// An edited space is the storefront's, served, with an editor who works through
// the management API, and with signed webhooks.
type edited struct {
	*running
	cms *emulatortest.Server
	cma *contentful.CMA
}

// edit starts all that; sets are settings of the server.
func edit(t *testing.T, environment string, prepare func(cma *contentful.CMA), sets ...string) edited {
	t.Helper()
	secret := strings.Repeat("s3cret", 11)[:64]
	cms := emulatortest.StartWith(t, "../../examples/storefront/space.json")
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", BaseURL: cms.CMA})
	require.NoError(t, err)
	prepare(cma)
	r := run(t, exampleConfig(t, "storefront", append([]string{
		"content=contentful://sp1/" + environment, "contentful.deliveryToken=delivery", "contentful.deliveryURL=" + cms.CDA,
		"contentful.poll=1h", "contentful.cache=" + t.TempDir(), "contentful.webhookSecrets=" + secret,
	}, sets...)...))
	waitFor(t, "the space is read", r.shows(`"id":"home-hero"`))
	require.NoError(t, cma.WebhookSettings.Sign(t.Context(), secret))
	_, err = cma.Webhooks.Upsert(t.Context(), "segue", "", 0, map[string]any{
		"name": "segue", "url": r.public + "/webhooks/contentful", "topics": []string{"Entry.publish", "Entry.unpublish", "EnvironmentAlias.*"},
	})
	require.NoError(t, err)
	return edited{r, cms, cma}
}

func asItIs(*contentful.CMA) {}

// headline publishes an entry with another headline.
func headline(t *testing.T, cma *contentful.CMA, id, text string) {
	t.Helper()
	entry, err := cma.Entries.Get(t.Context(), id)
	require.NoError(t, err)
	var body struct {
		Fields map[string]any `json:"fields"`
	}
	require.NoError(t, entry.Decode(&body))
	body.Fields["headline"] = map[string]any{"en-US": text}
	entry, err = cma.Entries.Upsert(t.Context(), id, "", entry.Sys.Version, body)
	require.NoError(t, err)
	_, err = cma.Entries.Publish(t.Context(), id, entry.Sys.Version)
	require.NoError(t, err)
}

// An editor publishes through the management API, whose webhooks are signed.
func TestAnEditorsPath(t *testing.T) {
	e := edit(t, "master", asItIs)
	headline(t, e.cma, "home-hero", "Published by an editor")
	start := time.Now()
	waitFor(t, "the webhook is enough", e.shows("Published by an editor"))
	t.Logf("published to page: %v", time.Since(start).Round(time.Millisecond))

	buy := `, "signals": [{"type": "track", "event": "Product Added"}, {"type": "track", "event": "Cart Viewed"}, {"type": "track", "event": "Checkout Started"}]`
	_, body := e.page(buy)
	require.Contains(t, body, `"entry":"hero-finish-order"`)
	hero, err := e.cma.Entries.Get(t.Context(), "hero-finish-order")
	require.NoError(t, err)
	_, err = e.cma.Entries.Unpublish(t.Context(), "hero-finish-order", hero.Sys.Version)
	require.NoError(t, err)
	waitFor(t, "the variant that is gone gives way to the baseline", func() bool {
		status, body := e.page("")
		return status == http.StatusOK && strings.Contains(body, "Published by an editor") && !strings.Contains(body, `"entry":"hero-finish-order"`)
	})
}

// webhooks reports whether the server has counted a webhook of an entry that
// came out so.
func (e edited) webhooks(outcome string) func() bool {
	return func() bool {
		_, metrics := e.call("GET", e.admin+"/metrics", "")
		return strings.Contains(metrics["text"].(string), `segue_webhooks_total{outcome="`+outcome+`",topic="entry"}`)
	}
}

func TestWebhooksThatComeTwiceOrLate(t *testing.T) {
	e := edit(t, "master", asItIs)
	require.NoError(t, e.cms.Faults.Add(faults.Fault{Kind: faults.DuplicateWebhook, Match: "Entry.publish", Times: 1}))
	headline(t, e.cma, "home-hero", "Told twice")
	waitFor(t, "it is shown", e.shows("Told twice"))
	waitFor(t, "the second is recognised", e.webhooks("duplicate"))

	require.NoError(t, e.cms.Faults.Add(faults.Fault{Kind: faults.ReorderWebhook, Match: "Entry.publish", Times: 1}))
	headline(t, e.cma, "home-hero", "Told late")
	headline(t, e.cma, "home-hero", "Told first")
	waitFor(t, "the late one is recognised", e.webhooks("old"))
	_, body := e.page("")
	require.Contains(t, body, "Told first")
	require.NotContains(t, body, "Told late")
}

func TestAWebhookThatIsLost(t *testing.T) {
	e := edit(t, "master", asItIs, "contentful.poll=1s")
	require.NoError(t, e.cms.Faults.Add(faults.Fault{Kind: faults.LoseWebhook}))
	headline(t, e.cma, "home-hero", "Told by nobody")
	waitFor(t, "polling finds it", e.shows("Told by nobody"))
}

func TestAnAliasIsSwitched(t *testing.T) {
	lead := func(cma *contentful.CMA, to string, version int) {
		link := map[string]any{"sys": map[string]any{"type": "Link", "linkType": "Environment", "id": to}}
		_, err := cma.Aliases.Upsert(t.Context(), "live", "", version, map[string]any{"environment": link})
		require.NoError(t, err)
	}
	e := edit(t, "live", func(cma *contentful.CMA) {
		_, err := cma.Environments.Upsert(t.Context(), "next", "", 0, map[string]any{"name": "next"})
		require.NoError(t, err)
		lead(cma, "master", 0)
	})
	next, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "sp1", Environment: "next", BaseURL: e.cms.CMA})
	require.NoError(t, err)
	headline(t, next, "home-hero", "Of the next environment")
	headline(t, e.cma, "home-hero", "Of this environment")
	waitFor(t, "the alias leads to master", e.shows("Of this environment"))
	alias, err := e.cma.Aliases.Get(t.Context(), "live")
	require.NoError(t, err)
	lead(e.cma, "next", alias.Sys.Version)
	waitFor(t, "the alias leads to next", e.shows("Of the next environment"))
}

// Whatever goes wrong, and however much is logged, tokens and secrets are told
// to nobody, even if what answers says them.
func TestTokensAreToldToNobody(t *testing.T) {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, `{"sys": {"type": "Error", "id": "AccessTokenInvalid"}, "message": "`+r.Header.Get("Authorization")+` is unknown"}`, http.StatusUnauthorized)
	}))
	defer echo.Close()
	confidential := map[string]string{
		"contentful.deliveryToken": "delivery-0123456789", "contentful.previewToken": "preview-0123456789", "contentful.managementToken": "management-0123456789",
		"contentful.webhookSecrets": strings.Repeat("s3cret", 11)[:64], "contentful.previewKey": "key-0123456789abcdef",
	}
	down := "http://127.0.0.1:1"
	for name, address := range map[string]string{"refused": echo.URL, "out of reach": down} {
		t.Run(name, func(t *testing.T) {
			sets := []string{
				"content=contentful://sp1/master", "contentful.poll=1s", "contentful.previewPoll=1s", "contentful.cache=" + t.TempDir(),
				"contentful.deliveryURL=" + address, "contentful.previewURL=" + address,
			}
			for key, value := range confidential {
				sets = append(sets, key+"="+value)
			}
			r := run(t, exampleConfig(t, "storefront", sets...))
			var told strings.Builder
			tell := func(method, url, body string) {
				_, answer := r.call(method, url, body)
				_, _ = fmt.Fprintln(&told, answer)
			}
			waitFor(t, "it is tried more than once", func() bool { return strings.Count(r.log.String(), "there is no copy on disk") > 1 })
			tell("GET", r.public+"/readyz?verbose", "")
			tell("GET", r.admin+"/metrics", "")
			tell("POST", r.public+"/v1/resolve", `{"visitor": "v", "page": "page:home"}`)
			tell("POST", r.public+"/webhooks/contentful", `{}`)
			require.NoError(t, r.end())
			all := r.log.String() + told.String()
			require.Contains(t, all, "there is no copy on disk")
			for key, value := range confidential {
				require.NotContains(t, all, value, key)
				require.NotContains(t, all, url.QueryEscape(value), key)
			}
		})
	}
}
