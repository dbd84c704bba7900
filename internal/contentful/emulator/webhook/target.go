package webhook

import (
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/signature"
)

// A target is who is told of events: a webhook, or an app that subscribes to
// them.
type target struct {
	hook       hookID
	name       string
	definition store.Object      // as that of a webhook
	secret     string            // "" = calls are not signed
	context    signature.Context // that a signed call tells
}

// webhooks returns the webhooks of a space.
func webhooks(scope *store.Scope) []target {
	space := scope.Whole()
	secret := ""
	if kept, ok := space.Get(store.SigningSecret, store.TheSecret); ok {
		secret = store.Text(kept.Body, "value")
	}
	var all []target
	for _, hook := range space.List(store.Webhook) {
		all = append(all, target{hook: hookID{scope.Space, hook.ID}, name: store.Text(hook.Body, "name"), definition: hook.Body, secret: secret})
	}
	return all
}

// apps returns the apps that are installed in an environment and subscribe to
// events.
func apps(scope *store.Scope) []target {
	if scope.Environment == "" {
		return nil
	}
	organization := scope.OfOrganization()
	var all []target
	for _, installed := range scope.List(store.AppInstallation) {
		subscription, ok := organization.Get(store.AppEventSubscription, installed.ID)
		if !ok || store.Text(subscription.Body, "targetUrl") == "" {
			continue
		}
		t := target{
			hook:       hookID{scope.Space, "app/" + installed.ID}, // no webhook has such an id
			definition: store.Object{"url": subscription.Body["targetUrl"], "topics": subscription.Body["topics"]},
			context:    signature.Context{Space: scope.Space, Environment: scope.Environment, App: installed.ID},
		}
		if app, ok := organization.Get(store.AppDefinition, installed.ID); ok {
			t.name = store.Text(app.Body, "name")
		}
		if kept, ok := organization.Get(store.AppSigningSecret, installed.ID); ok {
			t.secret = store.Text(kept.Body, "value")
		}
		all = append(all, t)
	}
	return all
}
