package webhook_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/signature"
	"github.com/segue-dev/segue/internal/contentful/webhook"
	"github.com/segue-dev/segue/internal/fault"
)

var (
	now    = time.UnixMilli(1700000000000)
	secret = strings.Repeat("0123456789abcdef", 4)
	newer  = strings.Repeat("fedcba9876543210", 4)
)

// A mirror records what it was told, and answers as a test wants.
type mirror struct {
	told     []string // topic and body
	outcome  string
	err      error
	failures int
}

func (m *mirror) Apply(topic string, body []byte) (string, error) {
	if m.failures > 0 {
		m.failures--
		return "", errors.New("the disk is full")
	}
	m.told = append(m.told, topic+" "+string(body))
	return m.outcome, m.err
}

type counts map[string]int

func (c counts) Webhook(class, outcome string) { c[class+" "+outcome]++ }

// A hook is a receiver under test.
type hook struct {
	t      *testing.T
	mirror *mirror
	counts counts
	now    time.Time
	r      *webhook.Receiver
}

func newHook(t *testing.T, secrets ...string) *hook {
	t.Helper()
	h := &hook{t: t, mirror: &mirror{outcome: webhook.Applied}, counts: counts{}, now: now}
	opts := webhook.Options{Secrets: secrets, Observer: h.counts, Now: func() time.Time { return h.now }}
	r, err := webhook.New(opts, h.mirror)
	require.NoError(t, err)
	h.r = r
	return h
}

// request is a webhook of a topic, as yet unsigned.
func request(topic, idempotency, body string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/webhooks/contentful", strings.NewReader(body))
	req.Header.Set("X-Contentful-Topic", "ContentManagement."+topic)
	req.Header.Set("X-Contentful-Idempotency-Key", idempotency)
	return req
}

// sign signs a webhook at an instant.
func (h *hook) sign(req *http.Request, body string, at time.Time) *http.Request {
	h.t.Helper()
	signed, err := signature.Sign(secret, signature.Received(req, []byte(body)), signature.Context{}, at)
	require.NoError(h.t, err)
	maps.Copy(req.Header, signed)
	return req
}

// send receives a signed webhook.
func (h *hook) send(topic, idempotency, body string) (string, error) {
	h.t.Helper()
	return h.r.Receive(h.sign(request(topic, idempotency, body), body, h.now), []byte(body))
}

// published is the body of a webhook.
const published = `{"sys":{"type":"Entry","id":"e1"}}`

func TestWebhooksAreHandedOnAsTheyCame(t *testing.T) {
	h := newHook(t, secret)
	for _, outcome := range []string{webhook.Applied, webhook.Noted, webhook.Old, webhook.Ignored} {
		h.mirror.outcome = outcome
		got, err := h.send("Entry.publish", outcome, " {} ")
		require.NoError(t, err)
		require.Equal(t, outcome, got)
	}
	require.Equal(t, "ContentManagement.Entry.publish  {} ", h.mirror.told[0])
	require.Equal(t, counts{"entry applied": 1, "entry noted": 1, "entry old": 1, "entry ignored": 1}, h.counts)
}

func TestTopicsHaveNamesOfOurOwnInMetrics(t *testing.T) {
	for topic, name := range map[string]string{
		"Entry.publish": "entry", "Asset.delete": "asset", "ContentType.publish": "content-type", "Tag.save": "tag",
		"EnvironmentAlias.save": "alias", "Task.create": "other", "made up": "other", "": "other",
	} {
		h := newHook(t, secret)
		_, err := h.send(topic, "k", "{}")
		require.NoError(t, err)
		require.Equal(t, counts{name + " applied": 1}, h.counts, topic)
	}
}

func TestTheMirrorToWhichItMeansMostSpeaks(t *testing.T) {
	live, preview := &mirror{outcome: webhook.Ignored}, &mirror{outcome: webhook.Applied}
	r, err := webhook.New(webhook.Options{Unsigned: true}, live, preview)
	require.NoError(t, err)
	outcome, err := r.Receive(request("Entry.save", "k", "{}"), []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome)
	require.Len(t, live.told, 1)
}

func TestEachDeliveryIsAppliedOnce(t *testing.T) {
	h := newHook(t, secret)
	_, err := h.send("Entry.publish", "k1", published)
	require.NoError(t, err)
	h.now = now.Add(time.Minute)
	outcome, err := h.send("Entry.publish", "k1", published)
	require.NoError(t, err)
	require.Equal(t, webhook.Duplicate, outcome, "a retry, signed anew")
	_, err = h.send("Entry.publish", "k2", published)
	require.NoError(t, err)
	require.Len(t, h.mirror.told, 2)
	require.Equal(t, counts{"entry applied": 2, "entry duplicate": 1}, h.counts)
}

func TestWhatFailedIsTakenWhenItIsSentAgain(t *testing.T) {
	h := newHook(t, secret)
	h.mirror.failures = 1
	outcome, err := h.send("Entry.publish", "k1", published)
	require.Equal(t, webhook.Failed, outcome)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	outcome, err = h.send("Entry.publish", "k1", published)
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome)
	require.Len(t, h.mirror.told, 1)
}

func TestReplaysAreRefusedOrRecognised(t *testing.T) {
	h := newHook(t, secret)
	b := published
	captured := request("Entry.publish", "k1", b)
	captured.Header.Del("X-Contentful-Idempotency-Key") // suppose that it is not signed
	h.sign(captured, b, now)
	receive := func() (string, error) { return h.r.Receive(captured, []byte(b)) }
	_, err := receive()
	require.NoError(t, err)

	captured.Header.Set("X-Contentful-Idempotency-Key", "made-up")
	outcome, err := receive()
	require.NoError(t, err)
	require.Equal(t, webhook.Duplicate, outcome, "the signature is the same")

	h.now = now.Add(30 * time.Second)
	outcome, err = receive()
	require.Equal(t, webhook.Refused, outcome)
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	require.Len(t, h.mirror.told, 1)
}

func TestForgedWebhooksAreRefused(t *testing.T) {
	h := newHook(t, newer)
	b := published
	forged, err := h.r.Receive(h.sign(request("Entry.publish", "k", b), b, now), []byte(b))
	require.Equal(t, webhook.Refused, forged)
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	require.NotContains(t, err.Error(), newer)
	_, err = h.r.Receive(request("Entry.publish", "k", b), []byte(b))
	require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	require.Empty(t, h.mirror.told)

	rotated := newHook(t, newer, secret)
	outcome, err := rotated.send("Entry.publish", "k", b)
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome, "while a secret is exchanged both are good")
}

func TestWithoutSecretsEverythingIsTakenInDevelopmentOnly(t *testing.T) {
	h := newHook(t)
	b := published
	outcome, err := h.r.Receive(request("Entry.publish", "k", b), []byte(b))
	require.Equal(t, webhook.Refused, outcome)
	require.Equal(t, fault.Forbidden, fault.KindOf(err))

	r, err := webhook.New(webhook.Options{Unsigned: true}, h.mirror)
	require.NoError(t, err)
	outcome, err = r.Receive(request("Entry.publish", "k", b), []byte(b))
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome)
}

func TestMalformedBodiesAreNoReasonToSendAgain(t *testing.T) {
	h := newHook(t, secret)
	h.mirror.err = fault.New(fault.Invalid, "body: no JSON")
	outcome, err := h.send("Entry.publish", "k", "[")
	require.Equal(t, webhook.Malformed, outcome)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}
