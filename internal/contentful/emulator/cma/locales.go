package cma

import (
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// checkLocale fails for a locale without a name or code, with the code of
// another one, or with a fallback that does not exist. There stays one default.
func checkLocale(tx *store.Tx, e *store.Entity, body store.Object) error {
	for name, value := range map[string]any{"contentManagementApi": true, "contentDeliveryApi": true, "optional": false, "default": false, "fallbackCode": nil} {
		if _, ok := body[name]; !ok {
			body[name] = value
		}
	}
	if e != nil {
		body["default"] = e.Body["default"]
		body["code"] = orElse(body["code"], e.Body["code"])
	} else {
		body["default"] = false
	}
	for _, name := range []string{"name", "code"} {
		if store.Text(body, name) == "" {
			return invalid("ValidationFailed", required([]any{name}))
		}
	}
	fallback, found := store.Text(body, "fallbackCode"), false
	for _, l := range tx.Locales() {
		if l.Code == store.Text(body, "code") && (e == nil || l.ID != e.ID) {
			return invalid("ValidationFailed", problem{Name: "taken", Path: []any{"code"}, Value: l.Code, Details: "The locale exists"})
		}
		found = found || l.Code == fallback
	}
	if fallback != "" && !found {
		return invalid("ValidationFailed", problem{Name: "fallback locale creates a loop or does not exist", Path: []any{"fallbackCode"}, Value: fallback, Details: "The fallback locale does not exist"})
	}
	return nil
}

func orElse(v, other any) any {
	if v == nil {
		return other
	}
	return v
}

// deletableLocale fails for the default locale and for fallbacks of others.
func deletableLocale(tx *store.Tx, e *store.Entity, _ store.Object) error {
	if isDefault, _ := e.Body["default"].(bool); isDefault {
		return barred("Cannot delete the default locale.")
	}
	for _, l := range tx.Locales() {
		if l.Fallback == store.Text(e.Body, "code") {
			return barred("Cannot delete a locale that another one falls back to.")
		}
	}
	return nil
}

// putTag writes a tag. Its visibility is that of X-Contentful-Tag-Visibility and
// stays as it is once made.
func putTag(c *call) (reply, error) {
	body, err := c.object()
	if err != nil {
		return reply{}, err
	}
	visibility := c.r.Header.Get("X-Contentful-Tag-Visibility")
	if visibility == "" {
		visibility = store.Text(store.Object{"sys": c.sys("visibility")}, "sys")
	}
	switch visibility {
	case "":
		visibility = "private"
	case "private", "public":
	default:
		return reply{}, invalid("ValidationFailed", problem{Name: "in", Path: []any{"sys", "visibility"}, Value: visibility, Details: "Value must be one of expected values"})
	}
	return c.save(store.Entity{Kind: store.Tag, ID: c.path("id"), Body: body, Visibility: visibility}, checkTag)
}

func checkTag(tx *store.Tx, e *store.Entity, body store.Object) error {
	if err := named(tx, e, body); err != nil {
		return err
	}
	for _, other := range tx.List(store.Tag) {
		if store.Text(other.Body, "name") == store.Text(body, "name") && (e == nil || other.ID != e.ID) {
			return invalid("ValidationFailed", problem{Name: "taken", Path: []any{"name"}, Value: body["name"], Details: "A tag has the name"})
		}
	}
	return nil
}

// unusedTag fails for a tag that is on something.
func unusedTag(tx *store.Tx, tag *store.Entity, _ store.Object) error {
	for _, kind := range []store.Kind{store.Entry, store.Asset} {
		for _, e := range tx.List(kind) {
			tags, _ := store.At(e.Body, "metadata", "tags").([]any)
			for _, link := range tags {
				if store.Text(link, "sys", "id") == tag.ID {
					failed := invalid("ActionPreconditionsFailed", problem{Name: "ReferencesPresent", Path: []any{}, Details: "The tag is on " + string(kind) + " " + e.ID})
					return failed
				}
			}
		}
	}
	return nil
}
