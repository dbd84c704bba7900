package provision

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful"
)

// webhookID is that of our webhook, which makes it ours.
const webhookID = "segue"

// topics are what a mirror of published content needs to be told of.
var topics = []string{
	"Entry.publish", "Entry.unpublish", "Entry.delete",
	"Asset.publish", "Asset.unpublish", "Asset.delete",
	"ContentType.publish", "ContentType.unpublish", "ContentType.delete",
	"EnvironmentAlias.*",
}

// previewTopics are what a mirror of drafts needs besides.
var previewTopics = []string{
	"Entry.create", "Entry.save", "Entry.auto_save", "Entry.archive", "Entry.unarchive",
	"Asset.create", "Asset.save", "Asset.auto_save", "Asset.archive", "Asset.unarchive",
}

// A Webhook says how a space should call Segue.
type Webhook struct {
	URL     string
	Secret  string // that calls are signed with
	Preview bool   // tell of drafts too
}

// Plan plans the webhook and the signing secret of the space. The webhook is for
// all environments: Segue picks what is its own.
func (w Webhook) Plan(ctx context.Context, cma *contentful.CMA) (Plan, error) {
	plan, err := planAll(ctx, []target{{
		kind: "webhook", id: webhookID,
		read: func(ctx context.Context) (contentful.Item, error) { return cma.Webhooks.Get(ctx, webhookID) },
		write: func(ctx context.Context, version int, body object) (contentful.Item, error) {
			return cma.Webhooks.Upsert(ctx, webhookID, "", version, body)
		},
		edit: w.edit,
	}})
	if err != nil {
		return nil, err
	}
	end, err := cma.WebhookSettings.SecretEnd(ctx)
	if err != nil {
		return nil, rights(err)
	}
	if end != "" && strings.HasSuffix(w.Secret, end) {
		return plan, nil
	}
	c := Change{Action: "create", Kind: "signing secret", ID: "of the space", Lines: []string{"+ sign every webhook of the space"}}
	if end != "" {
		c.Action, c.Lines = "update", []string{"~ sign every webhook of the space with the configured secret, not the one that ends in " + end}
	}
	c.apply = func(ctx context.Context) error { return cma.WebhookSettings.Sign(ctx, w.Secret) }
	return append(plan, c), nil
}

// edit makes the definition of a webhook call w.URL for all our topics. Topics,
// headers and filters that people added stay.
func (w Webhook) edit(body object) (lines []string, err error) {
	if text(body, "name") == "" {
		body["name"], body["headers"] = "Segue", []any{}
	}
	switch was := text(body, "url"); was {
	case w.URL:
	case "":
		lines = append(lines, "+ url: "+w.URL)
	default:
		lines = append(lines, fmt.Sprintf("~ url: %s (was %s)", w.URL, was))
	}
	body["url"] = w.URL
	if active, ok := body["active"].(bool); ok && !active {
		lines = append(lines, "~ active again")
	}
	body["active"] = true
	list, _ := body["topics"].([]any)
	want := topics
	if w.Preview {
		want = slices.Concat(topics, previewTopics)
	}
	for _, topic := range want {
		if !covered(list, topic) {
			list = append(list, topic)
			lines = append(lines, "+ topic "+topic)
		}
	}
	body["topics"] = list
	return lines, nil
}

// covered reports whether topics have one, or a wildcard for it.
func covered(topics []any, topic string) bool {
	entity, action, _ := strings.Cut(topic, ".")
	for _, is := range []string{topic, entity + ".*", "*." + action, "*.*"} {
		if slices.Contains(topics, any(is)) {
			return true
		}
	}
	return false
}
