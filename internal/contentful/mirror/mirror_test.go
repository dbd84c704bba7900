package mirror_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/mirror"
	"github.com/segue-dev/segue/internal/contentful/space"
)

const poll = 30 * time.Second

// A running is a mirror under test.
type running struct {
	t *testing.T
	*mirror.Mirror
	stub *stub
	stop func()
}

// start runs a mirror of a stub, and waits until it rests.
func start(t *testing.T, s *stub, dir string, preview bool) *running {
	t.Helper()
	r := startWith(t, s, dir, preview)
	r.stub = s
	return r
}

// startWith runs a mirror of whatever answers.
func startWith(t *testing.T, transport http.RoundTripper, dir string, preview bool) *running {
	t.Helper()
	return startOn(t, apiOf(t, transport), dir, preview)
}

func startOn(t *testing.T, api *contentful.CDA, dir string, preview bool) *running {
	t.Helper()
	m := mirror.Open(mirror.Options{
		Space: "sp1", Environment: "master", API: api, Poll: poll, Dir: dir, Preview: preview,
		Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	r := &running{t, m, nil, func() {
		cancel()
		require.NoError(t, <-done)
		done <- nil
	}}
	t.Cleanup(r.stop)
	synctest.Wait()
	return r
}

// titles returns the titles of all entries that the mirror has.
func (r *running) titles() map[string]string {
	return titlesOf(r.t, r.Mirror)
}

func titlesOf(t require.TestingT, m *mirror.Mirror) map[string]string {
	all := map[string]string{}
	c := m.Content()
	if c == nil {
		return nil
	}
	for e := range c.Entries("") {
		raw, _ := e.Field("title", "")
		var title string
		require.NoError(t, json.Unmarshal(raw, &title))
		all[e.ID] = title
	}
	return all
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (r *running) apply(topic string, body []byte) mirror.Outcome {
	r.t.Helper()
	outcome, err := r.Apply("ContentManagement."+topic, body)
	require.NoError(r.t, err)
	return outcome
}

func TestAMirrorFollowsTheSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		for i := range 250 {
			s.publish("e"+string(rune('a'+i%26))+string(rune('a'+i/26)), "first")
		}
		s.put(space.Ref{Kind: space.Asset, ID: "a1"}, "picture")
		r := start(t, s, "", false)
		require.Equal(t, s.titles(), r.titles())
		require.Equal(t, 1, r.Status().Assets)
		<-r.Changed()

		s.publish("eaa", "second")
		s.unpublish("eba")
		s.publish("new", "first")
		require.Equal(t, "first", r.titles()["eaa"])
		after(poll)
		require.Equal(t, s.titles(), r.titles(), "without a webhook, within the interval")
		<-r.Changed()
		after(10 * poll)
		require.Empty(t, r.Changed(), "and nothing more has changed")
	})
}

func TestAWebhookIsVisibleAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		r := start(t, s, "", false)
		after(time.Second)
		first := s.publish("a", "2")
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", first))
		require.Equal(t, map[string]string{"a": "2"}, r.titles())
		require.Equal(t, mirror.Old, r.apply("Entry.publish", first), "twice")
		after(time.Second)
		require.Zero(t, r.Status().Pending, "the delta has confirmed it")

		gone := s.unpublish("a")
		time.Sleep(time.Millisecond)
		again := s.publish("a", "3")
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", again))
		require.Equal(t, mirror.Old, r.apply("Entry.unpublish", gone), "late")
		require.Equal(t, mirror.Old, r.apply("Entry.publish", first), "replayed")
		require.Equal(t, map[string]string{"a": "3"}, r.titles())
		time.Sleep(time.Millisecond)
		require.Equal(t, mirror.Applied, r.apply("Entry.unpublish", s.unpublish("a")))
		require.Empty(t, r.titles())
		after(time.Hour)
		require.Empty(t, r.titles())
		require.InDelta(t, 12, s.requests("content_types"), 1, "read at its interval")
	})
}

func TestWebhooksOfNoConcern(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		r := start(t, s, "", false)
		body := func(change func(sys map[string]any)) []byte {
			var item map[string]any
			require.NoError(t, json.Unmarshal(s.publish("a", "1"), &item))
			item["fields"] = map[string]any{"title": map[string]any{"en": "other"}}
			change(item["sys"].(map[string]any))
			return encode(item)
		}
		nothing := func(map[string]any) {}
		for name, tc := range map[string]struct {
			topic string
			body  []byte
			want  mirror.Outcome
		}{
			"another space":       {"Entry.publish", body(func(sys map[string]any) { sys["space"] = linkTo("Space", "sp2") }), mirror.Ignored},
			"another environment": {"Entry.publish", body(func(sys map[string]any) { sys["environment"] = linkTo("Environment", "staging") }), mirror.Noted},
			"the future":          {"Entry.publish", body(func(sys map[string]any) { sys["updatedAt"] = stampOf(time.Now().Add(time.Hour)) }), mirror.Noted},
			"no instant":          {"Entry.publish", body(func(sys map[string]any) { delete(sys, "updatedAt") }), mirror.Noted},
			"a draft":             {"Entry.auto_save", body(nothing), mirror.Ignored},
			"archived":            {"Entry.archive", body(nothing), mirror.Ignored},
			"a task":              {"Task.create", body(nothing), mirror.Ignored},
			"another alias":       {"EnvironmentAlias.save", []byte(`{"sys": {"id": "other"}}`), mirror.Ignored},
			"a release":           {"Release.execute", []byte(`{"sys": {"id": "r"}}`), mirror.Noted},
		} {
			require.Equal(t, tc.want, r.apply(tc.topic, tc.body), name)
			require.NotEqual(t, "other", r.titles()["a"], name)
		}
		for topic, text := range map[string]string{
			"ContentManagement.Entry.publish": `{"sys": {"id": "a"`,
			"Entry":                           `{}`,
			"ContentManagement.Asset.publish": `{"sys": {}}`,
		} {
			outcome, err := r.Apply(topic, []byte(text))
			require.Equal(t, mirror.Refused, outcome)
			require.Error(t, err)
		}
		unusable := body(func(sys map[string]any) { delete(sys, "contentType") })
		_, err := r.Apply("ContentManagement.Entry.publish", unusable)
		require.ErrorContains(t, err, "sys.contentType: missing")
	})
}

func TestWhatContentfulDoesNotConfirmIsUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "true")
		s.publish("b", "true")
		r := start(t, s, t.TempDir(), false)
		other := newStub()
		after(time.Second)
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", other.publish("a", "forged")))
		require.Equal(t, mirror.Applied, r.apply("Entry.unpublish", other.unpublish("b")))
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", other.publish("c", "forged")))
		after(70 * time.Second)
		require.Equal(t, s.titles(), r.titles())
		require.Zero(t, r.Status().Pending)
		after(time.Second)
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", s.publish("c", "real")), "what is real is believed again")
	})
}

func TestWhatASyncLosesIsLookedUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		s.publish("b", "1")
		r := start(t, s, "", false)
		after(time.Second)
		s.lost["a"], s.lost["b"], s.lost["c"] = true, true, true
		require.Equal(t, mirror.Applied, r.apply("Entry.publish", s.publish("a", "2")))
		require.Equal(t, mirror.Applied, r.apply("Entry.unpublish", s.unpublish("b")))
		after(poll)
		require.Zero(t, r.Status().Pending)
		require.Equal(t, map[string]string{"a": "2"}, r.titles())

		s.publish("c", "no webhook tells of it, and no sync")
		after(11 * time.Minute)
		require.Equal(t, s.titles(), r.titles(), "counts tell")
		s.publish("a", "3")
		after(11 * time.Minute)
		require.Equal(t, s.titles(), r.titles(), "and so does what changed last")
	})
}

func TestAnExpiredTokenIsASyncAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		s.publish("b", "1")
		dir := t.TempDir()
		r := start(t, s, dir, false)
		after(time.Second)
		s.publish("a", "2")
		s.unpublish("b")
		s.gone = 100
		r.apply("Release.execute", []byte(`{}`))
		after(time.Second)
		require.Equal(t, s.titles(), r.titles())
		r.stop()
		files, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, files, 1, "the copy it replaced is gone")
	})
}

func TestAnAliasThatLeadsElsewhereIsReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		r := start(t, s, "", false)
		s.mu.Lock()
		s.items[space.Ref{Kind: space.Entry, ID: "a"}]["fields"] = map[string]any{"title": map[string]any{"en": "of the other environment"}}
		s.mu.Unlock()
		after(time.Second)
		require.Equal(t, mirror.Noted, r.apply("EnvironmentAlias.save", []byte(`{"sys": {"id": "master", "type": "EnvironmentAlias"}}`)))
		after(time.Second)
		require.Equal(t, s.titles(), r.titles())
	})
}

// No webhook tells that an alias leads elsewhere, to content that is older and
// as much: the environment that items are named after tells, or else that what
// changed last is not there any more.
func TestAnAliasThatWasSwitchedBackSilentlyIsNoticed(t *testing.T) {
	for name, environment := range map[string]string{"items name the environment": "before", "items name the alias": "master"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.publish("a", "as it was before")
				before := s.history[0]
				before["sys"].(map[string]any)["environment"] = linkTo("Environment", environment)
				after(time.Minute)
				s.publish("a", "released")
				dir := t.TempDir()
				start(t, s, dir, false).stop()
				r := start(t, s, dir, false)
				require.Equal(t, "released", r.titles()["a"])
				s.mu.Lock()
				s.items[space.Ref{Kind: space.Entry, ID: "a"}] = before
				s.mu.Unlock()
				after(11 * time.Minute)
				require.Equal(t, s.titles(), r.titles())
				read := s.requests("sync")
				after(time.Hour)
				require.Less(t, s.requests("sync")-read, 125, "and it is read anew only once")
			})
		})
	}
}

// What comes of another environment is not mixed with what is held of one.
func TestADeltaOfAnotherEnvironmentIsReadAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "of the first")
		s.publish("b", "of the first")
		r := start(t, s, "", false)
		after(time.Second)
		s.publish("a", "of the second")
		s.mu.Lock()
		s.history[2]["sys"].(map[string]any)["environment"] = linkTo("Environment", "second")
		delete(s.items, space.Ref{Kind: space.Entry, ID: "b"})
		s.mu.Unlock()
		after(poll)
		require.Equal(t, s.titles(), r.titles())
	})
}

func TestAChangedModelIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.types = nil
		s.publish("a", "1")
		r := start(t, s, "", false)
		require.NotEmpty(t, r.Content().Findings())
		before := r.Content().Revision()
		s.types = []string{"page"}
		after(time.Second)
		require.Equal(t, mirror.Noted, r.apply("ContentType.publish", []byte(`{"sys": {"id": "page"}}`)))
		after(time.Second)
		require.Empty(t, r.Content().Findings())
		require.NotEqual(t, before, r.Content().Revision())
	})
}

func TestPagesThatAreTooBigAreAskedForInHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		for i := range 30 {
			s.publish(string(rune('a'+i)), "1")
		}
		tooBig := with(400, failure("BadRequest", "Response size too big. Maximum allowed response size: 7340032B."))
		s.fault = func(r *http.Request) http.HandlerFunc {
			if l := r.URL.Query().Get("limit"); l == "100" || l == "50" {
				return tooBig
			}
			return nil
		}
		r := start(t, s, "", false)
		after(time.Second)
		require.Equal(t, s.titles(), r.titles())
	})
}

func TestPreviewsFollowWhatEditorsDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.publish("a", "1")
		s.publish("b", "1")
		r := start(t, s, t.TempDir(), true)
		require.Equal(t, s.titles(), r.titles())
		require.Zero(t, s.requests("sync"), "the preview API has none")
		after(time.Second)
		s.publish("a", "2")
		after(poll)
		require.Equal(t, s.titles(), r.titles(), "within the interval")
		require.Equal(t, mirror.Applied, r.apply("Entry.auto_save", s.publish("a", "3")), "or at once")
		require.Equal(t, "3", r.titles()["a"])
		require.Equal(t, mirror.Noted, r.apply("Entry.unpublish", s.unpublish("nothing")), "it is a draft again")
		s.unpublish("b")
		after(90 * time.Second)
		require.Equal(t, s.titles(), r.titles(), "counts tell of deletions")
		s.publish("c", "1")
		after(poll)
		require.Equal(t, mirror.Applied, r.apply("Entry.delete", s.unpublish("c")))
		require.Equal(t, []string{"a"}, slices.Collect(maps.Keys(r.titles())))
	})
}
