package purge_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/purge"
)

// A receiver remembers what it is sent.
type receiver struct {
	*httptest.Server
	got    []*http.Request
	bodies []string
	status int
	answer string
}

func receive(t *testing.T) *receiver {
	r := &receiver{status: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.got, r.bodies = append(r.got, req), append(r.bodies, string(body))
		if r.status/100 == 3 {
			w.Header().Set("Location", "http://169.254.169.254/")
		}
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.answer)
	}))
	t.Cleanup(r.Close)
	return r
}

var (
	home = permutation.Place{Page: "home", Locale: "en-US"}
	// two are a page that was asked for by its slug, and one that was not asked
	// for by any name that is known.
	two = []purge.Drop{
		{Permutation: permutation.Permutation{Place: permutation.Place{Page: "about", Locale: "de"}, Key: "k2"}},
		{Permutation: permutation.Permutation{Place: home, Key: "k1"}, Names: []permutation.Ref{{Page: "page:/"}, {Page: "page:/", Locale: "en-US"}}},
	}
	then = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestVarnishIsToldByTags(t *testing.T) {
	r := receive(t)
	v, err := purge.Varnish(r.URL)
	require.NoError(t, err)
	require.NoError(t, v.Purge(t.Context(), two, then))
	require.Equal(t, "PURGE", r.got[0].Method)
	require.Equal(t, "v-about.de.k2 v-home.en-US.k1", r.got[0].Header.Get("xkey-purge"))
}

func TestNginxIsToldByEveryNameOfAPage(t *testing.T) {
	r := receive(t)
	r.status = 404 // it does not hold them
	n, err := purge.Nginx(r.URL + "/_segue/purge/")
	require.NoError(t, err)
	require.NoError(t, n.Purge(t.Context(), two, then))
	var paths []string
	for _, req := range r.got {
		require.Equal(t, "PURGE", req.Method)
		paths = append(paths, req.RequestURI)
	}
	require.Equal(t, []string{
		"/_segue/purge/about/k2", "/_segue/purge/page:%2F/k1", "/_segue/purge/page:%2F/k1?locale=en-US",
		"/_segue/purge/home/k1", "/_segue/purge/home/k1?locale=en-US",
	}, paths)
}

func TestFastlyIsToldByItsAPI(t *testing.T) {
	r := receive(t)
	f, err := purge.Fastly(r.URL, "SU1Z0isxPaozGVKXdv0eY", "the-token")
	require.NoError(t, err)
	require.NoError(t, f.Purge(t.Context(), two, then))
	require.Equal(t, "POST", r.got[0].Method)
	require.Equal(t, "/service/SU1Z0isxPaozGVKXdv0eY/purge", r.got[0].URL.Path)
	require.Equal(t, "the-token", r.got[0].Header.Get("Fastly-Key"))
	require.Equal(t, "v-about.de.k2 v-home.en-US.k1", r.got[0].Header.Get("Surrogate-Key"))
}

func TestCloudflareIsToldByItsAPI(t *testing.T) {
	r := receive(t)
	r.answer = `{"success": true, "errors": []}`
	c, err := purge.Cloudflare(r.URL, "023e105f4ecef8ad9ca31a8372d0c353", "the-token")
	require.NoError(t, err)
	require.NoError(t, c.Purge(t.Context(), two, then))
	require.Equal(t, "/zones/023e105f4ecef8ad9ca31a8372d0c353/purge_cache", r.got[0].URL.Path)
	require.Equal(t, "Bearer the-token", r.got[0].Header.Get("Authorization"))
	require.JSONEq(t, `{"tags": ["v-about.de.k2", "v-home.en-US.k1"]}`, r.bodies[0])
	r.answer = `{"success": false, "errors": [{"code": 1}]}`
	require.Error(t, c.Purge(t.Context(), two, then))
}

func TestWebhooksAreStandardOnes(t *testing.T) {
	r := receive(t)
	w, err := purge.Webhook(r.URL+"/hooks?for=segue", secret)
	require.NoError(t, err)
	require.NoError(t, w.Purge(t.Context(), two, then))
	require.NoError(t, w.Purge(t.Context(), two, then))
	require.NoError(t, w.Purge(t.Context(), two[:1], then))
	require.Equal(t, "/hooks?for=segue", r.got[0].RequestURI)
	require.JSONEq(t, `{"type": "pages.changed", "timestamp": "2026-11-25T12:00:00Z", "data": {
		"tags": ["v-about.de.k2", "v-home.en-US.k1"],
		"pages": [{"page": "about", "names": [], "locale": "de", "keys": ["k2"]}, {"page": "home", "names": ["page:/"], "locale": "en-US", "keys": ["k1"]}]}}`, r.bodies[0])

	header := r.got[0].Header
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	require.NoError(t, err)
	mac := hmac.New(sha256.New, key)
	_, _ = io.WriteString(mac, header.Get("webhook-id")+"."+header.Get("webhook-timestamp")+"."+r.bodies[0])
	require.Equal(t, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)), header.Get("webhook-signature"))
	require.Equal(t, header.Get("webhook-id"), r.got[1].Header.Get("webhook-id"), "the same news again")
	require.NotEqual(t, header.Get("webhook-id"), r.got[2].Header.Get("webhook-id"))
}

// TestNothingSecretIsInErrors is about addresses, tokens and answers, and that
// nothing but what is configured is asked.
func TestNothingSecretIsInErrors(t *testing.T) {
	r := receive(t)
	r.answer = "the-token"
	gone := receive(t)
	gone.Close()
	for _, base := range []string{r.URL, gone.URL} {
		targets := []purge.Target{}
		add := func(target purge.Target, err error) {
			require.NoError(t, err)
			targets = append(targets, target)
		}
		add(purge.Varnish(base + "/the-token"))
		add(purge.Nginx(base + "/the-token"))
		add(purge.Fastly(base, "s", "the-token"))
		add(purge.Cloudflare(base, "z", "the-token"))
		add(purge.Webhook(base+"/the-token?key=the-token", secret))
		for _, target := range targets {
			for _, status := range []int{500, 401, 405, 302, 307} {
				r.status = status
				asked := len(r.got)
				err := target.Purge(t.Context(), two, then)
				require.Error(t, err, "%s %d", target.Name(), status)
				require.LessOrEqual(t, len(r.got), asked+1)
				for _, text := range []string{err.Error(), target.Name()} {
					require.NotContains(t, text, "the-token")
					require.NotContains(t, text, secret)
				}
			}
		}
	}
}

func TestAddressesAndSecretsAreChecked(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:80", "ftp://x", "http://", "http://user@host", "::"} {
		_, err := purge.Varnish(address)
		require.ErrorContains(t, err, "varnish: it must be a URL", address)
	}
	for _, bad := range []string{"", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_***", "whsec_c2hvcnQ="} {
		_, err := purge.Webhook("http://host", bad)
		require.ErrorContains(t, err, "a webhook secret is whsec_", bad)
	}
}
