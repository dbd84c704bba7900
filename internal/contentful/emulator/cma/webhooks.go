package cma

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
	"github.com/segue-dev/segue/internal/contentful/signature"
)

var topic = regexp.MustCompile(`^(\*|[A-Za-z]+)\.(\*|[a-z_A-Z]+)$`)

// checkWebhook fails for a webhook that could not be called, and completes it.
// Values of secret headers and the password are kept when they are left out.
func checkWebhook(_ *store.Tx, e *store.Entity, body store.Object) error {
	for _, name := range []string{"name", "url"} {
		if store.Text(body, name) == "" {
			return invalid("ValidationFailed", required([]any{name}))
		}
	}
	if u, err := url.Parse(store.Text(body, "url")); err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") {
		return invalid("ValidationFailed", problem{Name: "regexp", Path: []any{"url"}, Value: body["url"], Details: "Not the URL of an HTTP endpoint"})
	}
	topics, _ := body["topics"].([]any)
	if len(topics) == 0 {
		return invalid("ValidationFailed", problem{Name: "size", Path: []any{"topics"}, Min: 1, Details: "Size must be at least 1"})
	}
	for i, t := range topics {
		if s, _ := t.(string); !topic.MatchString(s) {
			return invalid("ValidationFailed", problem{Name: "regexp", Path: []any{"topics", i}, Value: t, Details: "Not a topic, such as Entry.publish, Entry.* or *.*"})
		}
	}
	for name, value := range map[string]any{"headers": []any{}, "filters": nil, "transformation": nil, "active": true} {
		if _, ok := body[name]; !ok {
			body[name] = value
		}
	}
	if e != nil {
		keepSecrets(e.Body, body)
	}
	return nil
}

// keepSecrets takes over what clients cannot have read.
func keepSecrets(was, body store.Object) {
	if body["httpBasicPassword"] == nil && body["httpBasicUsername"] != nil && body["httpBasicUsername"] == was["httpBasicUsername"] {
		body["httpBasicPassword"] = was["httpBasicPassword"]
	}
	old := map[string]any{}
	list, _ := was["headers"].([]any)
	for _, h := range list {
		if secret, _ := store.At(h, store.TheSecret).(bool); secret {
			old[store.Text(h, "key")] = store.At(h, "value")
		}
	}
	list, _ = body["headers"].([]any)
	for _, h := range list {
		if o, ok := h.(store.Object); ok && o["value"] == nil {
			o["value"] = old[store.Text(h, "key")]
		}
	}
}

// webhookView is a webhook without its secrets.
func (c *call) webhookView(e *store.Entity) store.Object {
	o := c.scope.Managed(e)
	delete(o, "httpBasicPassword")
	list, _ := o["headers"].([]any)
	headers := make([]any, 0, len(list))
	for _, h := range list {
		if secret, _ := store.At(h, store.TheSecret).(bool); secret {
			h = store.Object{"key": store.At(h, "key"), "secret": true}
		}
		headers = append(headers, h)
	}
	o["headers"] = headers
	return o
}

func listWebhooks(c *call) (reply, error) {
	return c.listOf(store.Webhook, c.scope.List(store.Webhook), c.webhookView, false)
}

func getWebhook(c *call) (reply, error) {
	e, err := c.found(store.Webhook, c.path("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{http.StatusOK, c.webhookView(e)}, nil
}

// writeWebhook answers a write with the webhook without its secrets.
func writeWebhook(write handler) handler {
	return func(c *call) (reply, error) {
		done, err := write(c)
		if err != nil {
			return reply{}, err
		}
		e, err := c.found(store.Webhook, store.Text(done.body, "sys", "id"))
		if err != nil {
			return reply{}, err
		}
		return reply{done.status, c.webhookView(e)}, nil
	}
}

// putSigningSecret makes the webhooks of a space signed.
func putSigningSecret(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	value := store.Text(body, "value")
	if signature.CheckSecret(value) != nil {
		return reply{}, invalid("ValidationFailed", problem{Name: "regexp", Path: []any{"value"}, Details: "A secret has 64 characters of 0-9, a-z, A-Z, +, /, =, _ and -"})
	}
	err = c.scope.Update(func(tx *store.Tx) error {
		if e, ok := tx.Get(store.SigningSecret, store.TheSecret); ok {
			tx.Save(e, store.Object{"value": value})
			return nil
		}
		tx.Create(store.Entity{Kind: store.SigningSecret, ID: store.TheSecret, Body: store.Object{"value": value}})
		return nil
	})
	if err != nil {
		return reply{}, err
	}
	return getSigningSecret(c)
}

// getSigningSecret answers with the end of the secret.
func getSigningSecret(c *call) (reply, error) {
	e, err := c.found(store.SigningSecret, store.TheSecret)
	if err != nil {
		return reply{}, err
	}
	value := store.Text(e.Body, "value")
	o := c.scope.Managed(e)
	o["redactedValue"] = value[len(value)-4:]
	delete(o, "value")
	return reply{http.StatusOK, o}, nil
}

func deleteSigningSecret(c *call) (reply, error) {
	_, err := c.change(store.SigningSecret, store.TheSecret, func(tx *store.Tx, e *store.Entity) (*store.Entity, error) {
		tx.Delete(e)
		return e, nil
	})
	return reply{status: http.StatusNoContent}, err
}

// listCalls lists the latest calls of a webhook.
func listCalls(c *call) (reply, error) {
	if _, err := c.found(store.Webhook, c.path("id")); err != nil {
		return reply{}, err
	}
	items := []any{}
	for _, made := range c.calls() {
		items = append(items, c.overview(made))
	}
	return reply{http.StatusOK, array(items)}, nil
}

func (c *call) calls() []webhook.Call {
	if c.api.opts.Log == nil {
		return nil
	}
	return c.api.opts.Log.Calls(c.scope.Space, c.path("id"))
}

func (c *call) overview(made webhook.Call) store.Object {
	errors := []any{}
	for _, e := range made.Errors {
		errors = append(errors, e)
	}
	return store.Object{
		"sys": store.Object{
			"type": "WebhookCallOverview", "id": made.ID, "createdAt": store.Time(made.At),
			"space": store.Link{LinkType: "Space", ID: c.scope.Space}.Object(),
		},
		"requestAt": store.Time(made.At), "responseAt": store.Time(made.Answered), "statusCode": made.Status,
		"url": made.URL, "eventType": made.Event, "errors": errors,
	}
}

// getCall answers with one call of a webhook, request and response.
func getCall(c *call) (reply, error) {
	for _, made := range c.calls() {
		if made.ID != c.path("call") {
			continue
		}
		o := c.overview(made)
		o["sys"] = with(o["sys"].(store.Object), "type", "WebhookCallDetails")
		o["request"] = store.Object{"url": made.URL, "method": http.MethodPost, "headers": flat(made.Header), "body": made.Body, "timeout": 30000}
		o["response"] = store.Object{"url": made.URL, "statusCode": made.Status, "headers": flat(made.AnswerHeader), "body": made.Answer}
		return reply{http.StatusOK, o}, nil
	}
	return reply{}, c.missing("WebhookCallDetails", c.path("call"))
}

func flat(h http.Header) store.Object {
	o := store.Object{}
	for name := range h {
		o[strings.ToLower(name)] = h.Get(name)
	}
	return o
}

// health says how many of the calls of a webhook went well.
func health(c *call) (reply, error) {
	if _, err := c.found(store.Webhook, c.path("id")); err != nil {
		return reply{}, err
	}
	total, good := 0, 0
	for _, made := range c.calls() {
		total++
		if made.Status >= 200 && made.Status < 300 {
			good++
		}
	}
	return reply{http.StatusOK, store.Object{
		"sys": store.Object{
			"type": "WebhookHealth", "id": c.path("id"), "space": store.Link{LinkType: "Space", ID: c.scope.Space}.Object(),
		},
		"calls": store.Object{"total": total, "healthy": good},
	}}, nil
}
