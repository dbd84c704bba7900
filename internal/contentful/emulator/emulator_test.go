package emulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/emulator/faults"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
)

const storefront = "../../../examples/storefront/space.json"

func get(t *testing.T, client *http.Client, url, token string) (int, string) {
	t.Helper()
	return ask(t, client, http.MethodGet, url, token, "")
}

func ask(t *testing.T, client *http.Client, method, url, token, body string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

const entries = "/spaces/any/environments/master/entries?limit=1"

func TestEachAPIHasItsMountItsHostAndItsToken(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	for url, token := range map[string]string{s.CDA: "delivery", s.CPA: "preview", s.CMA: "management"} {
		status, body := get(t, http.DefaultClient, url+entries, token)
		require.Equal(t, 200, status, "%s: %s", url, body)
		status, body = get(t, http.DefaultClient, url+entries, "other")
		require.Equal(t, 401, status)
		require.Contains(t, body, "AccessTokenInvalid")
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+entries+"&access_token=delivery", http.NoBody)
	require.NoError(t, err)
	r.Host = "cdn.localhost"
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, 200, answer.StatusCode)
	require.NotEmpty(t, answer.Header.Get("X-Contentful-Request-Id"))
	status, body := get(t, http.DefaultClient, s.URL+"/elsewhere", "")
	require.Equal(t, 404, status)
	require.Contains(t, body, "UnknownRoute")
}

func TestHTTPAndHTTPSAreOnOnePortAndEachAPIOnOneOfItsOwn(t *testing.T) {
	export, err := os.ReadFile(storefront)
	require.NoError(t, err)
	e, err := emulator.New(emulator.Options{Export: strings.NewReader(string(export))})
	require.NoError(t, err)
	authority, err := emulator.NewAuthority(time.Now())
	require.NoError(t, err)
	endpoints, err := emulator.Listen("127.0.0.1:0", authority)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Serve(ctx, endpoints) }()

	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(authority.PEM))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	client := &http.Client{Transport: transport}
	for _, at := range endpoints {
		for _, scheme := range []string{"http", "https"} {
			path, token := entries, map[string]string{"cda": "delivery", "cpa": "preview", "": "delivery"}[at.API]
			switch at.API {
			case "":
				path = "/cda" + path
			case "cma", "upload":
				token = "management"
			}
			status, body := get(t, client, at.URL(scheme)+path, token)
			require.Equal(t, 200, status, "%s %s: %s", scheme, at.API, body)
		}
	}
	dial := &net.Dialer{}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial.DialContext(ctx, network, endpoints[0].Listener.Addr().String())
	}
	status, _ := get(t, client, "https://cdn.contentful.com"+entries, "delivery")
	require.Equal(t, 200, status, "for clients that know Contentful's hosts only")
	transport.CloseIdleConnections()
	stop()
	require.NoError(t, <-done)
	require.NoError(t, e.Close(t.Context()))
}

func TestWhatIsWrittenPersists(t *testing.T) {
	file := filepath.Join(t.TempDir(), "space.json")
	export, err := os.ReadFile(storefront)
	require.NoError(t, err)
	start := func() *emulator.Emulator {
		e, err := emulator.New(emulator.Options{Export: strings.NewReader(string(export)), Persist: file})
		require.NoError(t, err)
		return e
	}
	first := start()
	s := emulatortest.Start(t, emulator.Options{Export: strings.NewReader(string(export)), Persist: file})
	_ = first.Close(t.Context())
	status, body := ask(t, http.DefaultClient, http.MethodPut, s.CMA+"/spaces/any/environments/master/tags/new", "management", `{"name": "New"}`)
	require.Equal(t, 201, status, body)
	require.NoError(t, s.Close(t.Context()))

	again := start()
	defer func() { require.NoError(t, again.Close(t.Context())) }()
	env, ok := again.Store.Environment("any", "master")
	require.True(t, ok)
	tag, ok := env.Get("Tag", "new")
	require.True(t, ok)
	require.Equal(t, "New", tag.Body["name"])
	left, err := filepath.Glob(file + ".*")
	require.NoError(t, err)
	require.Empty(t, left, "no half-written file")

	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	_, err = emulator.New(emulator.Options{Persist: file})
	require.ErrorContains(t, err, "not a saved space")
}

func TestFaultsAreAskedForOverHTTP(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	add := func(f string) {
		t.Helper()
		status, body := ask(t, http.DefaultClient, http.MethodPost, s.URL+"/_emulator/faults", "", f)
		require.Equal(t, 200, status, body)
	}
	add(`{"kind": "status", "api": "cda", "match": "/entries", "times": 1, "status": 502}`)
	add(`{"kind": "rate-limit", "api": "cda", "skip": 1, "times": 1, "reset": 7}`)
	for _, want := range []int{502, 429, 200} {
		status, body := get(t, http.DefaultClient, s.CDA+entries, "delivery")
		require.Equal(t, want, status, body)
	}
	status, body := get(t, http.DefaultClient, s.URL+"/_emulator/faults", "")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"struck":1`)

	add(`{"kind": "truncate", "times": 1}`)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.CDA+entries+"&access_token=delivery", http.NoBody)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, err = io.ReadAll(answer.Body)
	require.NoError(t, answer.Body.Close())
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	add(`{"kind": "drop"}`)           // Go tries again once by itself
	_, err = http.DefaultClient.Do(r) //nolint:bodyclose // there is none
	require.Error(t, err)
	s.Faults.Clear()
	add(`{"kind": "too-large", "limitAbove": 50}`)
	status, body = get(t, http.DefaultClient, s.CDA+strings.Replace(entries, "limit=1", "limit=51", 1), "delivery")
	require.Equal(t, 400, status)
	require.Contains(t, body, "Response size too big")
	status, _ = get(t, http.DefaultClient, s.CDA+strings.Replace(entries, "limit=1", "limit=50", 1), "delivery")
	require.Equal(t, 200, status)
	for _, bad := range []string{`{"kind": "nope"}`, `{"kind": "drop", "match": "("}`, `{"unknown": 1}`} {
		status, _ = ask(t, http.DefaultClient, http.MethodPost, s.URL+"/_emulator/faults", "", bad)
		require.Equal(t, 400, status, bad)
	}
	add(`{"kind": "status"}`)
	status, _ = ask(t, http.DefaultClient, http.MethodOptions, s.CMA+entries, "", "")
	require.Equal(t, 204, status, "a browser may ask whether it may")
	status, body = ask(t, http.DefaultClient, http.MethodDelete, s.URL+"/_emulator/faults", "", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"faults": []}`, body)
}

func TestAnExpiredTokenIsOneThatIsNotKnown(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	sync := s.CDA + "/spaces/any/environments/master/sync?"
	_, body := get(t, http.DefaultClient, sync+"initial=true", "delivery")
	var page struct{ NextSyncURL string }
	require.NoError(t, json.Unmarshal([]byte(body), &page))
	_, token, _ := strings.Cut(page.NextSyncURL, "sync_token=")
	require.NotEmpty(t, token, body)
	require.NoError(t, s.Faults.Add(faults.Fault{Kind: faults.ExpiredToken, Times: 1}))
	status, body := get(t, http.DefaultClient, sync+"sync_token="+token, "delivery")
	require.Equal(t, 400, status, body)
	status, body = get(t, http.DefaultClient, sync+"sync_token="+token, "delivery")
	require.Equal(t, 200, status, body)
}

func TestARateIsCountedBySecond(t *testing.T) {
	clock := emulatortest.NewClock(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	s := emulatortest.Start(t, emulator.Options{Now: clock.Now})
	s.Faults.Limit("cda", 2)
	for _, want := range []int{200, 200, 429} {
		status, _ := get(t, http.DefaultClient, s.CDA+entries, "delivery")
		require.Equal(t, want, status)
	}
	status, _ := get(t, http.DefaultClient, s.CPA+entries, "preview")
	require.Equal(t, 200, status, "each API has its own rate")
	clock.Advance(time.Second)
	status, _ = get(t, http.DefaultClient, s.CDA+entries, "delivery")
	require.Equal(t, 200, status)
}

func TestAScheduledActionRunsWhenItIsDue(t *testing.T) {
	clock := emulatortest.NewClock(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	export, err := os.ReadFile(storefront)
	require.NoError(t, err)
	s := emulatortest.Start(t, emulator.Options{Export: strings.NewReader(string(export)), Now: clock.Now, Webhook: webhook.Options{}})
	env, _ := s.Store.Environment("any", "master")
	id := env.Published("Entry")[0].ID
	link := func(kind, id string) string {
		return `{"sys": {"type": "Link", "linkType": "` + kind + `", "id": "` + id + `"}}`
	}
	status, body := ask(t, http.DefaultClient, http.MethodPost, s.CMA+"/spaces/any/scheduled_actions", "management",
		`{"action": "unpublish", "entity": `+link("Entry", id)+`, "environment": `+link("Environment", "master")+`, "scheduledFor": {"datetime": "2026-06-01T01:00:00Z"}}`)
	require.Equal(t, 201, status, body)
	s.RunScheduled()
	e, _ := env.Get("Entry", id)
	require.False(t, e.Draft())
	clock.Advance(time.Hour)
	s.RunScheduled()
	e, _ = env.Get("Entry", id)
	require.True(t, e.Draft())
	status, body = get(t, http.DefaultClient, s.CMA+"/spaces/any/scheduled_actions?environment.sys.id=master&sys.status=succeeded", "management")
	require.Equal(t, 200, status)
	require.Contains(t, body, `"total":1`)
}
