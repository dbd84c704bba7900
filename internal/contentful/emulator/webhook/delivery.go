package webhook

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
	"github.com/segue-dev/segue/internal/contentful/signature"
)

// A delivery is one event to tell one webhook.
type delivery struct {
	target
	topic  string // Type.action
	crn    string
	key    string // the idempotency key
	at     time.Time
	method string
	url    string
	header http.Header // of the definition
	body   []byte
}

// A Call is one try to tell a webhook.
type Call struct {
	ID           string
	At, Answered time.Time
	URL, Event   string
	Header       http.Header
	Body         string
	Status       int // 0 = there was no answer
	AnswerHeader http.Header
	Answer       string
	Errors       []string
}

// deliveries returns what an event asks for.
func (s *Sender) deliveries(e store.Event) []delivery {
	topic, ok := topicOf(e)
	if !ok || e.Scope.Space == "" {
		return nil
	}
	payload := payloadOf(e)
	var due []delivery
	for _, t := range append(webhooks(e.Scope), apps(e.Scope)...) {
		if active, ok := t.definition["active"].(bool); ok && !active || !wants(t.definition, topic, payload) {
			continue
		}
		s.mu.Lock()
		s.counter++
		n := s.counter
		s.mu.Unlock()
		key := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d/%d", t.hook.space, t.hook.id, n, e.At.UnixNano()))
		d := delivery{
			target: t, topic: topic, crn: e.Scope.CRN(e.Entity), key: hex.EncodeToString(key[:]), at: e.At,
		}
		d.shape(t.definition, payload)
		due = append(due, d)
	}
	return due
}

// shape sets what the definition of the webhook says of the request.
func (d *delivery) shape(hook, payload store.Object) {
	d.header = http.Header{"Content-Type": {wire.ManagementType}}
	transformation := store.At(hook, "transformation")
	if contentType := store.Text(transformation, "contentType"); contentType != "" {
		d.header.Set("Content-Type", contentType)
	}
	headers, _ := hook["headers"].([]any)
	for _, h := range headers {
		d.header.Set(store.Text(h, "key"), store.Text(h, "value"))
	}
	d.method = cmp.Or(store.Text(transformation, "method"), http.MethodPost)
	d.url = filledText(store.Text(hook, "url"), payload)
	body := any(payload)
	if template := store.At(transformation, "body"); template != nil {
		body = filled(template, payload)
	}
	d.body, _ = json.Marshal(body) // what was read from JSON encodes
	if user := store.Text(hook, "httpBasicUsername"); user != "" {
		r := http.Request{Header: d.header}
		r.SetBasicAuth(user, store.Text(hook, "httpBasicPassword"))
	}
}

// try makes a call, and has it made again later if that can help.
func (s *Sender) try(d delivery, attempt int) {
	call := s.call(d, attempt)
	s.record(d.hook, call)
	again := call.Status == http.StatusTooManyRequests || call.Status >= 500
	if !again || attempt == attempts {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.start(func() {
		if s.opts.Sleep(s.waiting, s.opts.RetryDelay) == nil {
			s.try(d, attempt+1)
		}
	})
}

// call makes a call.
func (s *Sender) call(d delivery, attempt int) Call {
	call := Call{ID: d.key[:22] + strconv.Itoa(attempt), At: s.opts.Now(), URL: d.url, Event: d.topic, Body: string(d.body)}
	answer, err := s.send(d, attempt, &call)
	call.Answered = s.opts.Now()
	if err != nil {
		call.Errors = []string{err.Error()}
		return call
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(answer.Body, 64<<10)) // a broken answer is none the less one
	call.Status, call.AnswerHeader, call.Answer = answer.StatusCode, answer.Header, string(body)
	if answer.StatusCode >= 300 {
		call.Errors = []string{"status " + answer.Status}
	}
	return call
}

func (s *Sender) send(d delivery, attempt int, call *Call) (*http.Response, error) {
	r, err := http.NewRequestWithContext(s.calling, d.method, d.url, bytes.NewReader(d.body))
	if err != nil {
		return nil, err
	}
	r.Header = d.header.Clone()
	for name, value := range map[string]string{
		"Topic": "ContentManagement." + d.topic, "Webhook-Name": d.name, "Webhook-Request-Attempt": strconv.Itoa(attempt),
		"Event-Datetime": store.Time(d.at), "Crn": d.crn, "Idempotency-Key": d.key,
	} {
		r.Header.Set("X-Contentful-"+name, value)
	}
	if d.secret != "" {
		signed := signature.Request{Method: d.method, Path: r.URL.RequestURI(), Header: r.Header, Body: d.body}
		headers, err := signature.Sign(d.secret, signed, d.context, s.opts.Now())
		if err != nil {
			return nil, err
		}
		maps.Copy(r.Header, headers)
	}
	call.Header = r.Header
	return s.opts.HTTP.Do(r)
}
