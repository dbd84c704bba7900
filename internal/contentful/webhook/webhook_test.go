package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
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

// A mirror records what it was told, and fails as often as it is asked to.
type mirror struct {
	events   []webhook.Event
	failures int
}

func (m *mirror) Apply(_ context.Context, e webhook.Event) error {
	if m.failures > 0 {
		m.failures--
		return errors.New("the disk is full")
	}
	m.events = append(m.events, e)
	return nil
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
	h := &hook{t: t, mirror: &mirror{}, counts: counts{}, now: now}
	r, err := webhook.New(h.mirror, webhook.Options{
		Secrets: secrets, Space: "sp1", Environments: []string{"master", "master-2026"}, Observer: h.counts,
		Now: func() time.Time { return h.now },
	})
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
	return h.r.Receive(h.t.Context(), h.sign(request(topic, idempotency, body), body, h.now), []byte(body))
}

// body is an item of our space.
func body(kind, id string) string {
	return fmt.Sprintf(`{"sys":{"type":%q,"id":%q,"revision":7,"space":{"sys":{"id":"sp1"}},"environment":{"sys":{"id":"master"}}}}`, kind, id)
}

func TestTopicsAreRouted(t *testing.T) {
	for topic, tc := range map[string]struct {
		kind webhook.Kind // 0 = ignored
		body string
		is   string // type of the event
	}{
		"Entry.publish":             {webhook.Published, body("Entry", "e1"), "Entry"},
		"Asset.publish":             {webhook.Published, body("Asset", "e1"), "Asset"},
		"Entry.unpublish":           {webhook.Withdrawn, body("DeletedEntry", "e1"), "Entry"},
		"Entry.delete":              {webhook.Withdrawn, body("Entry", "e1"), "Entry"},
		"Asset.delete":              {webhook.Withdrawn, body("DeletedAsset", "e1"), "Asset"},
		"Entry.archive":             {webhook.Edited, body("Entry", "e1"), "Entry"},
		"Entry.unarchive":           {webhook.Edited, body("Entry", "e1"), "Entry"},
		"Entry.create":              {webhook.Edited, body("Entry", "e1"), "Entry"},
		"Entry.save":                {webhook.Edited, body("Entry", "e1"), "Entry"},
		"Asset.auto_save":           {webhook.Edited, body("Asset", "e1"), "Asset"},
		"ContentType.publish":       {webhook.Restructured, body("ContentType", "e1"), "ContentType"},
		"ContentType.unpublish":     {webhook.Restructured, body("DeletedContentType", "e1"), "ContentType"},
		"Locale.save":               {webhook.Restructured, body("Locale", "e1"), "Locale"},
		"Tag.delete":                {webhook.Restructured, body("Tag", "e1"), "Tag"},
		"EnvironmentAlias.save":     {webhook.Switched, body("EnvironmentAlias", "master"), "EnvironmentAlias"},
		"ContentType.save":          {0, body("ContentType", "e1"), ""},
		"Entry.dance":               {0, body("Entry", "e1"), ""},
		"Release.execute":           {0, "not even JSON", ""},
		"":                          {0, "{}", ""},
		"TemplateInstallation.save": {0, "{}", ""},
	} {
		t.Run(topic, func(t *testing.T) {
			h := newHook(t, secret)
			outcome, err := h.send(topic, "k", tc.body)
			require.NoError(t, err)
			if tc.kind == 0 {
				require.Equal(t, webhook.Ignored, outcome)
				require.Empty(t, h.mirror.events)
				return
			}
			require.Equal(t, webhook.Applied, outcome)
			require.Len(t, h.mirror.events, 1)
			e := h.mirror.events[0]
			require.Equal(t, tc.kind, e.Kind)
			require.Equal(t, tc.is, e.Type)
			require.Equal(t, int64(7), e.Revision)
			require.JSONEq(t, tc.body, string(e.Item))
		})
	}
}

func TestWhatIsNotOursIsAcknowledgedAndLeftAlone(t *testing.T) {
	h := newHook(t, secret)
	for _, edit := range [][2]string{{`"sp1"`, `"sp2"`}, {`"master"`, `"staging"`}} {
		outcome, err := h.send("Entry.publish", edit[1], strings.Replace(body("Entry", "e1"), edit[0], edit[1], 1))
		require.NoError(t, err)
		require.Equal(t, webhook.Elsewhere, outcome)
	}
	outcome, err := h.send("EnvironmentAlias.save", "a", body("EnvironmentAlias", "staging"))
	require.NoError(t, err)
	require.Equal(t, webhook.Elsewhere, outcome)
	require.Empty(t, h.mirror.events)
	outcome, err = h.send("Entry.publish", "t", strings.Replace(body("Entry", "e1"), `"master"`, `"master-2026"`, 1))
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome, "what an alias points to is ours")
}

func TestEachDeliveryIsAppliedOnce(t *testing.T) {
	h := newHook(t, secret)
	_, err := h.send("Entry.publish", "k1", body("Entry", "e1"))
	require.NoError(t, err)
	h.now = now.Add(time.Minute)
	outcome, err := h.send("Entry.publish", "k1", body("Entry", "e1"))
	require.NoError(t, err)
	require.Equal(t, webhook.Duplicate, outcome, "a retry, signed anew")
	_, err = h.send("Entry.publish", "k2", body("Entry", "e1"))
	require.NoError(t, err)
	require.Len(t, h.mirror.events, 2)
	require.Equal(t, counts{"entry applied": 2, "entry duplicate": 1}, h.counts)
}

func TestWhatFailedIsTakenWhenItIsSentAgain(t *testing.T) {
	h := newHook(t, secret)
	h.mirror.failures = 1
	outcome, err := h.send("Entry.publish", "k1", body("Entry", "e1"))
	require.Equal(t, webhook.Failed, outcome)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	outcome, err = h.send("Entry.publish", "k1", body("Entry", "e1"))
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome)
	require.Len(t, h.mirror.events, 1)
}

func TestReplaysAreRefusedOrRecognised(t *testing.T) {
	h := newHook(t, secret)
	b := body("Entry", "e1")
	captured := request("Entry.publish", "k1", b)
	captured.Header.Del("X-Contentful-Idempotency-Key") // suppose that it is not signed
	h.sign(captured, b, now)
	receive := func() (string, error) { return h.r.Receive(t.Context(), captured, []byte(b)) }
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
	require.Len(t, h.mirror.events, 1)
}

func TestForgedWebhooksAreRefused(t *testing.T) {
	h := newHook(t, newer)
	b := body("Entry", "e1")
	forged, err := h.r.Receive(t.Context(), h.sign(request("Entry.publish", "k", b), b, now), []byte(b))
	require.Equal(t, webhook.Refused, forged)
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	require.NotContains(t, err.Error(), newer)
	_, err = h.r.Receive(t.Context(), request("Entry.publish", "k", b), []byte(b))
	require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	require.Empty(t, h.mirror.events)

	rotated := newHook(t, newer, secret)
	outcome, err := rotated.send("Entry.publish", "k", b)
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome, "while a secret is exchanged both are good")
}

func TestWithoutSecretsEverythingIsTaken(t *testing.T) {
	h := newHook(t)
	b := body("Entry", "e1")
	outcome, err := h.r.Receive(t.Context(), request("Entry.publish", "k", b), []byte(b))
	require.NoError(t, err)
	require.Equal(t, webhook.Applied, outcome)
}

func TestMalformedBodiesAreNoReasonToSendAgain(t *testing.T) {
	h := newHook(t, secret)
	for i, b := range []string{"", "[]", `{"sys":`, `{"sys":{}}`, body("Asset", "e1"), `{"sys":{"id":7}}`} {
		outcome, err := h.send("Entry.publish", fmt.Sprint(i), b)
		require.Equal(t, webhook.Malformed, outcome, b)
		require.Equal(t, fault.Invalid, fault.KindOf(err), b)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("ContentManagement.Entry.publish", []byte(body("Entry", "e1")))
	f.Add("Entry", []byte(`{"sys":{"id":"\u0000"}}`))
	f.Fuzz(func(t *testing.T, topic string, b []byte) {
		m := &mirror{}
		r, err := webhook.New(m, webhook.Options{})
		require.NoError(t, err)
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(b))
		req.Header.Set("X-Contentful-Topic", topic)
		outcome, err := r.Receive(t.Context(), req, b)
		require.Equal(t, outcome == webhook.Applied, len(m.events) == 1)
		require.Equal(t, outcome == webhook.Malformed, err != nil)
	})
}
