package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
	"github.com/segue-dev/segue/internal/contentful/signature"
)

// A receiver is who the webhooks call.
type receiver struct {
	url    string
	mu     sync.Mutex
	calls  []received
	answer func(n int) int // status of the n-th call
}

type received struct {
	path   string
	method string
	header http.Header
	raw    []byte
	valid  error // of the signature
}

const secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func listen(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{answer: func(int) int { return http.StatusOK }}
	verifier, err := signature.NewVerifier([]string{secret}, 0)
	require.NoError(t, err)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		raw, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, received{req.RequestURI, req.Method, req.Header, raw, verifier.Verify(signature.Received(req, raw), time.Now())})
		w.WriteHeader(r.answer(len(r.calls)))
	}))
	t.Cleanup(s.Close)
	r.url = s.URL
	return r
}

func (r *receiver) topics() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var topics []string
	for _, c := range r.calls {
		topics = append(topics, strings.TrimPrefix(c.header.Get("X-Contentful-Topic"), "ContentManagement."))
	}
	return topics
}

// setup returns a sender that tells of a space, which has the webhooks given as
// JSON, in which URL stands for the receiver.
func setup(t *testing.T, r *receiver, o webhook.Options, hooks ...string) (*webhook.Sender, *store.Scope) {
	t.Helper()
	if o.Sleep == nil {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	sender := webhook.New(o)
	s := store.New(store.Options{OnCommit: sender.Notify})
	t.Cleanup(func() { sender.Close(t.Context()) })
	require.NoError(t, s.Space("s").Update(func(tx *store.Tx) error {
		for i, hook := range hooks {
			var body store.Object
			require.NoError(t, store.Decode([]byte(strings.ReplaceAll(hook, "URL", r.url)), &body))
			tx.Create(store.Entity{Kind: store.Webhook, ID: "h" + string(rune('0'+i)), Body: body})
		}
		return nil
	}))
	env, ok := s.Environment("s", "master")
	require.True(t, ok)
	return sender, env
}

// lifecycle makes an entry, publishes, unpublishes and deletes it.
func lifecycle(t *testing.T, env *store.Scope, id string) {
	t.Helper()
	require.NoError(t, env.Update(func(tx *store.Tx) error {
		e := tx.Create(store.Entity{Kind: store.Entry, ID: id, ContentType: "page", Body: store.Object{"fields": store.Object{"title": store.Object{"en-US": "Hi"}}}})
		e = tx.Publish(tx.Save(e, e.Body))
		tx.Delete(tx.Unpublish(e))
		return nil
	}))
}

func TestTopicsAndFiltersChoose(t *testing.T) {
	all := []string{"Entry.create", "Entry.save", "Entry.publish", "Entry.unpublish", "Entry.delete"}
	for name, tc := range map[string]struct {
		hook string
		want []string
	}{
		"all":            {`"topics": ["*.*"]`, all},
		"type":           {`"topics": ["Entry.*"]`, all},
		"action":         {`"topics": ["*.publish"]`, all[2:3]},
		"other type":     {`"topics": ["Asset.*"]`, nil},
		"off":            {`"topics": ["*.*"], "active": false`, nil},
		"id":             {`"topics": ["*.publish"], "filters": [{"equals": [{"doc": "sys.id"}, "e"]}]`, all[2:3]},
		"other id":       {`"topics": ["*.publish"], "filters": [{"equals": [{"doc": "sys.id"}, "x"]}]`, nil},
		"not other id":   {`"topics": ["*.publish"], "filters": [{"not": {"equals": [{"doc": "sys.id"}, "x"]}}]`, all[2:3]},
		"type in":        {`"topics": ["*.unpublish"], "filters": [{"in": [{"doc": "sys.contentType.sys.id"}, ["post", "page"]]}]`, all[3:4]},
		"environment":    {`"topics": ["*.publish"], "filters": [{"regexp": [{"doc": "sys.environment.sys.id"}, {"pattern": "^mas"}]}]`, all[2:3]},
		"no environment": {`"topics": ["*.publish"], "filters": [{"regexp": [{"doc": "sys.environment.sys.id"}, {"pattern": "^dev"}]}]`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := listen(t)
			sender, env := setup(t, r, webhook.Options{}, `{"name": "Hook", "url": "URL/hook", `+tc.hook+`}`)
			lifecycle(t, env, "e")
			sender.Wait()
			require.Equal(t, tc.want, r.topics())
		})
	}
}

func TestACallSaysWhatHappened(t *testing.T) {
	r := listen(t)
	sender, env := setup(t, r, webhook.Options{}, `{"name": "Hook", "url": "URL/hook?a=b", "topics": ["Entry.publish", "Entry.unpublish", "Entry.create"],
		"headers": [{"key": "X-Own", "value": "v"}], "httpBasicUsername": "u", "httpBasicPassword": "p"}`)
	lifecycle(t, env, "e")
	sender.Wait()
	require.Len(t, r.calls, 3)
	body := func(i int) (v struct {
		Sys    map[string]any
		Fields map[string]any
	},
	) {
		require.NoError(t, json.Unmarshal(r.calls[i].raw, &v))
		return v
	}
	require.EqualValues(t, 1, body(0).Sys["version"], "a draft is shown as the management API shows it")
	published := body(1)
	require.EqualValues(t, 1, published.Sys["revision"])
	require.NotContains(t, published.Sys, "version", "what is published is what sync tells")
	require.NotEmpty(t, published.Fields)
	gone := body(2)
	require.Equal(t, "DeletedEntry", gone.Sys["type"])
	require.NotEmpty(t, gone.Sys["deletedAt"])
	require.NotEmpty(t, gone.Sys["contentType"])
	require.Nil(t, gone.Fields)

	h := r.calls[1].header
	require.Equal(t, "ContentManagement.Entry.publish", h.Get("X-Contentful-Topic"))
	require.Equal(t, "Hook", h.Get("X-Contentful-Webhook-Name"))
	require.Equal(t, "1", h.Get("X-Contentful-Webhook-Request-Attempt"))
	require.Equal(t, "crn:contentful:::content:spaces/s/environments/master/entries/e", h.Get("X-Contentful-CRN"))
	require.Regexp(t, `^[0-9a-f]{64}$`, h.Get("X-Contentful-Idempotency-Key"))
	require.NotEqual(t, h.Get("X-Contentful-Idempotency-Key"), r.calls[2].header.Get("X-Contentful-Idempotency-Key"))
	_, err := time.Parse(time.RFC3339, h.Get("X-Contentful-Event-Datetime"))
	require.NoError(t, err)
	require.Equal(t, "application/vnd.contentful.management.v1+json", h.Get("Content-Type"))
	require.Equal(t, "v", h.Get("X-Own"))
	require.Equal(t, "Basic dTpw", h.Get("Authorization"))
	require.ErrorIs(t, r.calls[1].valid, signature.ErrUnsigned)
	require.Equal(t, "/hook?a=b", r.calls[1].path)
}

func TestCallsAreSignedWithTheSecretOfTheSpace(t *testing.T) {
	r := listen(t)
	r.answer = func(n int) int { return map[bool]int{true: 503, false: 200}[n == 1] }
	sender, env := setup(t, r, webhook.Options{}, `{"name": "Hook", "url": "URL/hook?a=b%20c", "topics": ["Entry.publish"]}`)
	require.NoError(t, env.Whole().Update(func(tx *store.Tx) error {
		tx.Create(store.Entity{Kind: store.SigningSecret, ID: store.TheSecret, Body: store.Object{"value": secret}})
		return nil
	}))
	lifecycle(t, env, "e")
	sender.Wait()
	require.Len(t, r.calls, 2)
	for _, c := range r.calls {
		require.NoError(t, c.valid, "each attempt is signed anew")
	}
}

func TestATransformationShapesTheCall(t *testing.T) {
	r := listen(t)
	sender, env := setup(t, r, webhook.Options{}, `{"name": "Hook", "url": "URL/{ /payload/sys/id }", "topics": ["Entry.publish"],
		"transformation": {"method": "PUT", "contentType": "application/json", "body": {"fields": "{ /payload/fields }", "text": "Now: {/payload/fields/title/en-US}!", "list": ["{ /payload/none }"]}}}`)
	lifecycle(t, env, "e")
	sender.Wait()
	require.Len(t, r.calls, 1)
	require.Equal(t, "/e", r.calls[0].path)
	require.Equal(t, http.MethodPut, r.calls[0].method)
	require.Equal(t, "application/json", r.calls[0].header.Get("Content-Type"))
	require.JSONEq(t, `{"fields": {"title": {"en-US": "Hi"}}, "text": "Now: Hi!", "list": [null]}`, string(r.calls[0].raw))
}

func TestOnlyWhatCanHelpIsTriedAgain(t *testing.T) {
	for status, want := range map[int]int{200: 1, 302: 1, 404: 1, 429: 3, 500: 3, 503: 3} {
		r := listen(t)
		r.answer = func(int) int { return status }
		sender, env := setup(t, r, webhook.Options{}, `{"name": "Hook", "url": "URL/hook", "topics": ["Entry.publish"]}`)
		lifecycle(t, env, "e")
		sender.Wait()
		require.Len(t, r.calls, want, "%d", status)
		keys := map[string]bool{}
		for i, c := range r.calls {
			keys[c.header.Get("X-Contentful-Idempotency-Key")] = true
			require.Equal(t, string(rune('1'+i)), c.header.Get("X-Contentful-Webhook-Request-Attempt"))
		}
		require.Len(t, keys, 1, "all attempts have one key")
		log := sender.Calls("s", "h0")
		require.Len(t, log, want)
		require.Equal(t, status, log[0].Status)
		require.Equal(t, status >= 300, log[0].Errors != nil)
	}
}

func TestWebhooksAreLostComeTwiceOrLate(t *testing.T) {
	for fate, want := range map[webhook.Fate][]string{
		webhook.Deliver:   {"Entry.create", "Entry.publish", "Entry.unpublish"},
		webhook.Lose:      {"Entry.create", "Entry.unpublish"},
		webhook.Duplicate: {"Entry.create", "Entry.publish", "Entry.publish", "Entry.unpublish"},
		webhook.Hold:      {"Entry.create", "Entry.unpublish", "Entry.publish"},
	} {
		r := listen(t)
		sender, env := setup(t, r, webhook.Options{Fault: func(topic string) webhook.Fate {
			if topic == "Entry.publish" {
				return fate
			}
			return webhook.Deliver
		}}, `{"name": "Hook", "url": "URL/hook", "topics": ["Entry.create", "Entry.publish", "Entry.unpublish"]}`)
		lifecycle(t, env, "e")
		lifecycle(t, env, "f")
		sender.Wait()
		require.Equal(t, append(want, want...), r.topics())
	}
}

func TestWhatIsHeldCanBeReleased(t *testing.T) {
	r := listen(t)
	sender, env := setup(t, r, webhook.Options{Fault: func(string) webhook.Fate { return webhook.Hold }}, `{"name": "Hook", "url": "URL/hook", "topics": ["Entry.publish"]}`)
	lifecycle(t, env, "e")
	sender.Wait()
	require.Empty(t, r.topics())
	sender.Release()
	sender.Wait()
	require.Equal(t, []string{"Entry.publish"}, r.topics())
}

func TestAWebhookThatHangsHoldsUpNoOther(t *testing.T) {
	r := listen(t)
	hang, entered := make(chan struct{}), make(chan struct{}, 1)
	stuck := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-hang }))
	defer stuck.Close()
	sender, env := setup(t, r, webhook.Options{}, `{"name": "Stuck", "url": "`+stuck.URL+`", "topics": ["Entry.publish"]}`, `{"name": "Hook", "url": "URL/hook", "topics": ["Entry.delete"]}`)
	lifecycle(t, env, "e")
	<-entered
	require.Eventually(t, func() bool { return len(r.topics()) == 1 }, 5*time.Second, time.Millisecond)
	close(hang)
	sender.Wait()
}

func TestClosingGivesUpWhatWaitsAndBreaksOffWhatHangs(t *testing.T) {
	r := listen(t)
	r.answer = func(int) int { return 503 }
	waiting := make(chan struct{})
	sender, env := setup(t, r, webhook.Options{Sleep: func(ctx context.Context, _ time.Duration) error {
		close(waiting)
		<-ctx.Done()
		return ctx.Err()
	}}, `{"name": "Hook", "url": "URL/hook", "topics": ["Entry.publish"]}`)
	lifecycle(t, env, "e")
	<-waiting
	sender.Close(t.Context())
	require.Len(t, r.topics(), 1)
	lifecycle(t, env, "f")
	sender.Wait()
	require.Len(t, r.topics(), 1, "after the end nothing is told")

	hang, entered := make(chan struct{}), make(chan struct{}, 1)
	stuck := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { entered <- struct{}{}; <-hang }))
	defer stuck.Close()
	defer close(hang)
	sender, env = setup(t, r, webhook.Options{}, `{"name": "Stuck", "url": "`+stuck.URL+`", "topics": ["Entry.publish"]}`)
	lifecycle(t, env, "e")
	<-entered
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no more time"))
	sender.Close(ended)
	require.NotEmpty(t, sender.Calls("s", "h0")[0].Errors)
}

func TestAppsAreToldWhereTheyAreInstalled(t *testing.T) {
	r := listen(t)
	sender, env := setup(t, r, webhook.Options{})
	subscribe(t, env, "told", r.url+"/events", "Entry.publish")
	subscribe(t, env, "elsewhere", r.url+"/elsewhere", "Entry.*")
	install := func(tx *store.Tx) error {
		tx.Create(store.Entity{Kind: store.AppInstallation, ID: "told", Body: store.Object{"parameters": store.Object{}}})
		return nil
	}
	lifecycle(t, env, "before")
	sender.Wait()
	require.Empty(t, r.topics())

	require.NoError(t, env.Update(install))
	lifecycle(t, env, "e")
	sender.Wait()
	require.Equal(t, []string{"Entry.publish"}, r.topics())
	call := r.calls[0]
	require.Equal(t, "/events", call.path)
	require.NoError(t, call.valid)
	require.Equal(t, "App told", call.header.Get("X-Contentful-Webhook-Name"))
	require.Equal(t, "s", call.header.Get("X-Contentful-Space-Id"))
	require.Equal(t, "master", call.header.Get("X-Contentful-Environment-Id"))
	require.Equal(t, "told", call.header.Get("X-Contentful-App-Id"))
}

// subscribe defines an app that is told of a topic.
func subscribe(t *testing.T, env *store.Scope, app, url, topic string) {
	t.Helper()
	require.NoError(t, env.OfOrganization().Update(func(tx *store.Tx) error {
		tx.Create(store.Entity{Kind: store.AppDefinition, ID: app, Body: store.Object{"name": "App " + app}})
		tx.Create(store.Entity{Kind: store.AppSigningSecret, ID: app, Body: store.Object{"value": secret}})
		tx.Create(store.Entity{Kind: store.AppEventSubscription, ID: app, Body: store.Object{"targetUrl": url, "topics": []any{topic}}})
		return nil
	}))
}
