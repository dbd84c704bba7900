package cma

import (
	"slices"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// A handler answers a call. Its error is a *wire.Error unless it is our mistake.
type handler func(*call) (reply, error)

// A route is a pattern of http.ServeMux and what answers it.
type route struct {
	pattern string
	handle  handler
	open    bool // no token of a user is asked for
	upload  bool // the body is a file
}

// The scopes that paths begin with.
const (
	inOrganization = "/organizations/{organization}"
	inSpace        = "/spaces/{space}"
	inEnvironment  = inSpace + "/environments/{environment}"
)

// routes are all of the API.
func (a *API) routes() []route {
	return slices.Concat(
		contentRoutes(store.Entry, inEnvironment+"/entries", inEnvironment+"/public/entries"),
		contentRoutes(store.Asset, inEnvironment+"/assets", inEnvironment+"/public/assets"),
		entryAndAssetRoutes(), typeRoutes(), environmentRoutes(), actionRoutes(), spaceRoutes(), webhookRoutes(), taxonomyRoutes(), appRoutes(), accountRoutes(),
	)
}

// contentRoutes are what entries and assets have in common.
func contentRoutes(kind store.Kind, path, publicPath string) []route {
	return []route{
		{pattern: "GET " + path, handle: list(kind)},
		{pattern: "POST " + path, handle: createContent(kind)},
		{pattern: "GET " + path + "/{id}", handle: get(kind)},
		{pattern: "PUT " + path + "/{id}", handle: putContent(kind)},
		{pattern: "PATCH " + path + "/{id}", handle: patchContent(kind)},
		{pattern: "DELETE " + path + "/{id}", handle: deleteContent(kind)},
		{pattern: "PUT " + path + "/{id}/published", handle: publish(kind)},
		{pattern: "DELETE " + path + "/{id}/published", handle: unpublish(kind)},
		{pattern: "PUT " + path + "/{id}/archived", handle: archive(kind)},
		{pattern: "DELETE " + path + "/{id}/archived", handle: unarchive(kind)},
		{pattern: "GET " + publicPath, handle: public(kind)},
		{pattern: "GET " + publicPath + "/{id}", handle: getPublic(kind)},
	}
}

func entryAndAssetRoutes() []route {
	return []route{
		{pattern: "GET " + inEnvironment + "/entries/{id}/references", handle: references},
		{pattern: "GET " + inEnvironment + "/entries/{id}/snapshots", handle: snapshots(store.Entry)},
		{pattern: "GET " + inEnvironment + "/entries/{id}/snapshots/{snapshot}", handle: snapshot(store.Entry)},
		{pattern: "PUT " + inEnvironment + "/assets/{id}/files/{locale}/process", handle: processAsset},
		{pattern: "POST " + inEnvironment + "/uploads", handle: createUpload, upload: true},
		{pattern: "GET " + inEnvironment + "/uploads/{id}", handle: getUpload},
		{pattern: "DELETE " + inEnvironment + "/uploads/{id}", handle: deletePlain(upload, nil)},
		{pattern: "POST " + inSpace + "/uploads", handle: createUpload, upload: true},
	}
}

func typeRoutes() []route {
	path := inEnvironment + "/content_types"
	return []route{
		{pattern: "GET " + path, handle: list(store.ContentType)},
		{pattern: "POST " + path, handle: createContentType},
		{pattern: "GET " + path + "/{id}", handle: get(store.ContentType)},
		{pattern: "PUT " + path + "/{id}", handle: putContentType},
		{pattern: "DELETE " + path + "/{id}", handle: deleteContent(store.ContentType)},
		{pattern: "PUT " + path + "/{id}/published", handle: publish(store.ContentType)},
		{pattern: "DELETE " + path + "/{id}/published", handle: unpublish(store.ContentType)},
		{pattern: "GET " + path + "/{id}/editor_interface", handle: getEditorInterface},
		{pattern: "PUT " + path + "/{id}/editor_interface", handle: putEditorInterface},
		{pattern: "GET " + path + "/{id}/snapshots", handle: snapshots(store.ContentType)},
		{pattern: "GET " + path + "/{id}/snapshots/{snapshot}", handle: snapshot(store.ContentType)},
		{pattern: "GET " + inEnvironment + "/public/content_types", handle: public(store.ContentType)},
		{pattern: "GET " + inEnvironment + "/public/content_types/{id}", handle: getPublic(store.ContentType)},
		{pattern: "GET " + inEnvironment + "/editor_interfaces", handle: list(store.EditorInterface)},
	}
}

// plainRoutes are those of what has versions and nothing else.
func plainRoutes(kind store.Kind, path string, write, remove check) []route {
	return []route{
		{pattern: "GET " + path, handle: list(kind)},
		{pattern: "POST " + path, handle: createPlain(kind, write)},
		{pattern: "GET " + path + "/{id}", handle: get(kind)},
		{pattern: "PUT " + path + "/{id}", handle: putPlain(kind, write)},
		{pattern: "DELETE " + path + "/{id}", handle: deletePlain(kind, remove)},
	}
}

func environmentRoutes() []route {
	tags := inEnvironment + "/tags"
	return append(
		plainRoutes(store.Locale, inEnvironment+"/locales", checkLocale, deletableLocale),
		route{pattern: "GET " + tags, handle: list(store.Tag)},
		route{pattern: "GET " + tags + "/{id}", handle: get(store.Tag)},
		route{pattern: "PUT " + tags + "/{id}", handle: putTag},
		route{pattern: "DELETE " + tags + "/{id}", handle: deletePlain(store.Tag, unusedTag)},
	)
}

func actionRoutes() []route {
	bulk, releases, later := inEnvironment+"/bulk_actions", inEnvironment+"/releases", inSpace+"/scheduled_actions"
	return []route{
		{pattern: "POST " + bulk, handle: createBulk("")},
		{pattern: "POST " + bulk + "/publish", handle: createBulk("publish")},
		{pattern: "POST " + bulk + "/unpublish", handle: createBulk("unpublish")},
		{pattern: "POST " + bulk + "/validate", handle: createBulk("validate")},
		{pattern: "GET " + bulk + "/actions/{id}", handle: get(bulkAction)},
		{pattern: "GET " + bulk + "/{id}", handle: get(bulkAction)},
		{pattern: "GET " + releases, handle: listReleases},
		{pattern: "POST " + releases, handle: writeRelease(func(*call) string { return newID() })},
		{pattern: "GET " + releases + "/{id}", handle: get(store.Release)},
		{pattern: "PUT " + releases + "/{id}", handle: writeRelease(func(c *call) string { return c.path("id") })},
		{pattern: "DELETE " + releases + "/{id}", handle: deletePlain(store.Release, nil)},
		{pattern: "PUT " + releases + "/{id}/published", handle: actOnRelease("publish")},
		{pattern: "DELETE " + releases + "/{id}/published", handle: actOnRelease("unpublish")},
		{pattern: "POST " + releases + "/{id}/validate", handle: actOnRelease("validate")},
		{pattern: "PUT " + releases + "/{id}/archived", handle: setReleaseStatus("archived")},
		{pattern: "DELETE " + releases + "/{id}/archived", handle: setReleaseStatus("active")},
		{pattern: "GET " + releases + "/{id}/actions/{action}", handle: getAction},
		{pattern: "GET " + later, handle: listScheduled},
		{pattern: "POST " + later, handle: createScheduled},
		{pattern: "GET " + later + "/{id}", handle: get(store.ScheduledAction)},
		{pattern: "PUT " + later + "/{id}", handle: putPlain(store.ScheduledAction, checkSchedule)},
		{pattern: "DELETE " + later + "/{id}", handle: cancelScheduled},
	}
}

func spaceRoutes() []route {
	environments, aliases := inSpace+"/environments", inSpace+"/environment_aliases"
	return slices.Concat([]route{
		{pattern: "GET /spaces", handle: listSpaces},
		{pattern: "GET " + inSpace, handle: getSpace},
		{pattern: "GET " + environments, handle: listEnvironments},
		{pattern: "POST " + environments, handle: createEnvironment},
		{pattern: "GET " + environments + "/{id}", handle: getEnvironment},
		{pattern: "PUT " + environments + "/{id}", handle: putEnvironment},
		{pattern: "DELETE " + environments + "/{id}", handle: deleteEnvironment},
		{pattern: "GET " + aliases, handle: list(store.Alias)},
		{pattern: "GET " + aliases + "/{id}", handle: get(store.Alias)},
		{pattern: "PUT " + aliases + "/{id}", handle: putPlain(store.Alias, checkAlias)},
		{pattern: "DELETE " + aliases + "/{id}", handle: deletePlain(store.Alias, nil)},
		{pattern: "GET " + inEnvironment + "/extensions", handle: emptyList},
	},
		plainRoutes("ApiKey", inSpace+"/api_keys", named, nil),
		plainRoutes("PreviewApiKey", inSpace+"/preview_api_keys", named, nil),
		plainRoutes(store.Role, inSpace+"/roles", named, nil),
	)
}

func webhookRoutes() []route {
	definitions, settings, calls := inSpace+"/webhook_definitions", inSpace+"/webhook_settings", inSpace+"/webhooks/{id}"
	return []route{
		{pattern: "GET " + definitions, handle: listWebhooks},
		{pattern: "POST " + definitions, handle: writeWebhook(createPlain(store.Webhook, checkWebhook))},
		{pattern: "GET " + definitions + "/{id}", handle: getWebhook},
		{pattern: "PUT " + definitions + "/{id}", handle: writeWebhook(putPlain(store.Webhook, checkWebhook))},
		{pattern: "DELETE " + definitions + "/{id}", handle: deletePlain(store.Webhook, nil)},
		{pattern: "GET " + settings + "/signing_secret", handle: getSigningSecret},
		{pattern: "PUT " + settings + "/signing_secret", handle: putSigningSecret},
		{pattern: "DELETE " + settings + "/signing_secret", handle: deleteSigningSecret},
		{pattern: "GET " + calls + "/calls", handle: listCalls},
		{pattern: "GET " + calls + "/calls/{call}", handle: getCall},
		{pattern: "GET " + calls + "/health", handle: health},
	}
}

func taxonomyRoutes() []route {
	concepts, schemes := inOrganization+"/taxonomy/concepts", inOrganization+"/taxonomy/concept-schemes"
	return []route{
		{pattern: "GET " + concepts, handle: listTaxonomy(store.Concept)},
		{pattern: "GET " + concepts + "/total", handle: count(store.Concept)},
		{pattern: "POST " + concepts, handle: createPlain(store.Concept, checkConcept)},
		{pattern: "GET " + concepts + "/{id}", handle: get(store.Concept)},
		{pattern: "PUT " + concepts + "/{id}", handle: putPlain(store.Concept, checkConcept)},
		{pattern: "PATCH " + concepts + "/{id}", handle: patchPlain(store.Concept, checkConcept)},
		{pattern: "DELETE " + concepts + "/{id}", handle: deletePlain(store.Concept, nil)},
		{pattern: "GET " + concepts + "/{id}/ancestors", handle: relatives(false)},
		{pattern: "GET " + concepts + "/{id}/descendants", handle: relatives(true)},
		{pattern: "GET " + schemes, handle: listTaxonomy(store.ConceptScheme)},
		{pattern: "GET " + schemes + "/total", handle: count(store.ConceptScheme)},
		{pattern: "POST " + schemes, handle: createPlain(store.ConceptScheme, checkScheme)},
		{pattern: "GET " + schemes + "/{id}", handle: get(store.ConceptScheme)},
		{pattern: "PUT " + schemes + "/{id}", handle: putPlain(store.ConceptScheme, checkScheme)},
		{pattern: "PATCH " + schemes + "/{id}", handle: patchPlain(store.ConceptScheme, checkScheme)},
		{pattern: "DELETE " + schemes + "/{id}", handle: deletePlain(store.ConceptScheme, nil)},
	}
}

func appRoutes() []route {
	definitions, installations := inOrganization+"/app_definitions", inEnvironment+"/app_installations"
	of := definitions + "/{id}"
	return append(
		plainRoutes(store.AppDefinition, definitions, named, nil),
		route{pattern: "GET " + of + "/keys", handle: listKeys},
		route{pattern: "POST " + of + "/keys", handle: createKey},
		route{pattern: "DELETE " + of + "/keys/{key}", handle: deleteKey},
		route{pattern: "GET " + of + "/signing_secret", handle: getOfApp(store.AppSigningSecret)},
		route{pattern: "PUT " + of + "/signing_secret", handle: putOfApp(store.AppSigningSecret)},
		route{pattern: "DELETE " + of + "/signing_secret", handle: deletePlain(store.AppSigningSecret, nil)},
		route{pattern: "GET " + of + "/event_subscription", handle: getOfApp(store.AppEventSubscription)},
		route{pattern: "PUT " + of + "/event_subscription", handle: putOfApp(store.AppEventSubscription)},
		route{pattern: "DELETE " + of + "/event_subscription", handle: deletePlain(store.AppEventSubscription, nil)},
		route{pattern: "GET " + installations, handle: list(store.AppInstallation)},
		route{pattern: "GET " + installations + "/{id}", handle: get(store.AppInstallation)},
		route{pattern: "PUT " + installations + "/{id}", handle: putInstallation},
		route{pattern: "DELETE " + installations + "/{id}", handle: deletePlain(store.AppInstallation, nil)},
		route{pattern: "POST " + installations + "/{id}/signed_requests", handle: createSignedRequest},
		route{pattern: "POST " + installations + "/{id}/access_tokens", handle: createAccessToken, open: true},
	)
}

func accountRoutes() []route {
	return []route{
		{pattern: "GET /users/me", handle: getUser},
		{pattern: "GET /organizations", handle: listOrganizations},
		{pattern: "GET " + inOrganization, handle: getOrganization},
		{pattern: "GET " + inSpace + "/space_memberships", handle: emptyList},
		{pattern: "GET " + inSpace + "/teams", handle: emptyList},
		{pattern: "GET " + inSpace + "/enablements", handle: emptyList},
		{pattern: "GET /app_definitions/{id}/app_installations", handle: emptyList},
	}
}
