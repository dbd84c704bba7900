package mirror_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/mirror"
)

func TestOutages(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"items": [{"sys": {"id": "a", "ty`))
	}
	limited := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Contentful-RateLimit-Reset", "1")
		with(429, failure("RateLimitExceeded", "slow down"))(w, r)
	}
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		reason string
	}{
		"5xx":            {with(503, failure("ServerError", "no")), "ServerError"},
		"429":            {limited, "RateLimitExceeded"},
		"truncated":      {cut, "Unavailable"},
		"no answer":      {hang, "Unavailable"},
		"token revoked":  {with(401, failure("AccessTokenInvalid", "no")), "AccessTokenInvalid"},
		"empty":          {with(200, map[string]any{}), "Unavailable"},
		"something else": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, "Unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.publish("a", "1")
				r := start(t, s, "", false)
				s.breaks("", tc.answer)
				after(5 * time.Minute)
				require.Equal(t, map[string]string{"a": "1"}, r.titles(), "what there is is served")
				require.NoError(t, r.Check(t.Context()))
				require.ErrorContains(t, r.Fresh(t.Context()), "the content is as it was at")
				require.Contains(t, r.Status().Describe(), "last error: "+tc.reason)
				require.Equal(t, mirror.Applied, r.apply("Entry.publish", s.publish("a", "2")), "and webhooks go on")
				require.Equal(t, map[string]string{"a": "2"}, r.titles())

				s.publish("b", "1")
				s.breaks("", nil)
				after(poll + 25*time.Second)
				require.Equal(t, s.titles(), r.titles(), "fresh within the bound")
				require.NoError(t, r.Fresh(t.Context()))
			})
		})
	}
}

// Requests that fail now and then hold a change up by no more than is promised,
// with a client that is as patient as that of a server.
func TestFailuresNowAndThenHoldUpLittle(t *testing.T) {
	for failures, most := range []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond, 3 * time.Second, 4 * time.Second} {
		t.Run(strconv.Itoa(failures), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.publish("a", "1")
				api := patientAPI(t, s, contentful.Retry{Attempts: 3, MaxWait: 10 * time.Second})
				r := startOn(t, api, "", false)
				left := failures
				s.fault = func(*http.Request) http.HandlerFunc {
					if left == 0 {
						return nil
					}
					left--
					return with(502, "the proxy on the way lost its connection")
				}
				<-r.Changed()
				s.publish("a", "2")
				start := time.Now()
				<-r.Changed()
				require.LessOrEqual(t, time.Since(start), poll+most)
				require.Equal(t, s.titles(), r.titles())
			})
		})
	}
}

func TestAStartWithoutContentful(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		s.breaks("", with(503, failure("ServerError", "no")))
		dir := t.TempDir()
		r := start(t, s, dir, false)
		after(time.Minute)
		require.Nil(t, r.Content())
		require.ErrorContains(t, r.Check(t.Context()), "has never been read, and there is no copy on disk")
		require.ErrorContains(t, r.Fresh(t.Context()), "has never been read, and there is no copy on disk")
		require.Contains(t, r.Status().Describe(), "none yet; last error: ServerError")
		require.Equal(t, mirror.Noted, r.apply("Entry.publish", s.publish("a", "1")))
		s.breaks("", nil)
		after(poll)
		require.Equal(t, s.titles(), r.titles(), "it comes when Contentful does")
		require.NoError(t, r.Check(t.Context()))
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", s.publish("c", "just before the end")))
		s.breaks("", with(503, failure("ServerError", "no")))
		r.stop()

		s.publish("b", "while nothing ran")
		time.Sleep(time.Hour)
		again := start(t, s, dir, false)
		require.Equal(t, map[string]string{"a": "1", "c": "just before the end"}, again.titles(), "the copy on disk is served at once")
		require.Regexp(t, `2 entries, 0 assets, as of 1h0m\d*s ago, from disk`, again.Status().Describe())
		s.breaks("", nil)
		after(poll)
		require.Equal(t, s.titles(), again.titles())
	})
}

func TestACopyOfSomethingElseIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		dir := t.TempDir()
		start(t, s, dir, false).stop()
		file := filepath.Join(dir, "sp1-master.mirror")
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		for name, text := range map[string]string{
			"another form":  "segue-mirror-0\n" + string(raw[15:]),
			"nothing":       "",
			"cut short":     string(raw[:20]),
			"not complete":  string(raw[:len(raw)-30]),
			"another space": string(raw[:15]) + string(raw[15:60]) + "x" + string(raw[61:]),
		} {
			require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
			r := start(t, s, dir, false)
			require.Equal(t, s.titles(), r.titles(), name)
			r.stop()
		}
	})
}
