package contentful

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// managementRate is the requests per second that the management API allows
// before it has said how many.
const managementRate = 7

// A CMA reads and writes a space. It keeps below the rate that the API allows.
type CMA struct {
	ContentTypes, Entries, Assets, Tags, Locales Managed
	EditorInterfaces                             EditorInterfaces
	Webhooks                                     Managed // of the space
	WebhookSettings                              WebhookSettings
	Environments, Aliases                        Managed // of the space
	AppInstallations                             Managed
}

// NewCMA returns a client of the management API. The error is a fault.Invalid
// for options that cannot work.
func NewCMA(token string, o Options) (*CMA, error) {
	c, err := newClient("cma", managementType, token, o)
	if err != nil {
		return nil, err
	}
	c.pace = newPace(managementRate)
	managed := func(path string) Managed { return Managed{Resource{c, path}} }
	return &CMA{
		ContentTypes:     managed(c.inEnvironment("/content_types")),
		Entries:          managed(c.inEnvironment("/entries")),
		Assets:           managed(c.inEnvironment("/assets")),
		Tags:             managed(c.inEnvironment("/tags")),
		Locales:          managed(c.inEnvironment("/locales")),
		EditorInterfaces: EditorInterfaces{c},
		Webhooks:         managed(c.inSpace("/webhook_definitions")),
		WebhookSettings:  WebhookSettings{c},
		Environments:     managed(c.inSpace("/environments")),
		Aliases:          managed(c.inSpace("/environment_aliases")),
		AppInstallations: managed(c.inEnvironment("/app_installations")),
	}, nil
}

// Managed is a Resource that can be written to. A version is that of the item
// as it was read, its sys.version: if somebody wrote meanwhile the error is
// VersionMismatch. Version 0 makes a new item.
type Managed struct{ Resource }

// Upsert writes the item with an id. For entries contentType names their
// content type, which a new one needs; it is "" for all else.
func (m Managed) Upsert(ctx context.Context, id, contentType string, version int, body any) (Item, error) {
	header := http.Header{}
	if contentType != "" {
		header.Set("X-Contentful-Content-Type", contentType)
	}
	return m.write(ctx, http.MethodPut, "/"+url.PathEscape(id), header, version, body)
}

// Publish publishes a version of an item.
func (m Managed) Publish(ctx context.Context, id string, version int) (Item, error) {
	return m.write(ctx, http.MethodPut, "/"+url.PathEscape(id)+"/published", nil, version, nil)
}

// Unpublish takes an item out of what is published.
func (m Managed) Unpublish(ctx context.Context, id string, version int) (Item, error) {
	return m.write(ctx, http.MethodDelete, "/"+url.PathEscape(id)+"/published", nil, version, nil)
}

// Archive puts an item aside.
func (m Managed) Archive(ctx context.Context, id string, version int) (Item, error) {
	return m.write(ctx, http.MethodPut, "/"+url.PathEscape(id)+"/archived", nil, version, nil)
}

// Delete deletes an item that is not published.
func (m Managed) Delete(ctx context.Context, id string, version int) error {
	_, err := m.write(ctx, http.MethodDelete, "/"+url.PathEscape(id), nil, version, nil)
	return err
}

func (m Managed) write(ctx context.Context, method, path string, header http.Header, version int, body any) (Item, error) {
	return m.c.write(ctx, method, m.path+path, header, version, body)
}

func (c *client) write(ctx context.Context, method, path string, header http.Header, version int, body any) (Item, error) {
	r := request{method: method, path: path, header: header}
	if r.header == nil {
		r.header = http.Header{}
	}
	if version > 0 {
		r.header.Set("X-Contentful-Version", strconv.Itoa(version))
	}
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return Item{}, fault.Wrap(fault.Internal, err, "%s %s: the body cannot be encoded", method, path)
		}
		r.body = encoded
	}
	var item Item
	err := c.do(ctx, r, &item)
	return item, err
}

// EditorInterfaces say how editors see the fields of content types. A content
// type has one as soon as it was published once.
type EditorInterfaces struct{ c *client }

func (e EditorInterfaces) path(contentType string) string {
	return e.c.inEnvironment("/content_types/" + url.PathEscape(contentType) + "/editor_interface")
}

// Get returns that of a content type.
func (e EditorInterfaces) Get(ctx context.Context, contentType string) (Item, error) {
	var item Item
	err := e.c.get(ctx, e.path(contentType), nil, &item)
	return item, err
}

// Update writes that of a content type.
func (e EditorInterfaces) Update(ctx context.Context, contentType string, version int, body any) (Item, error) {
	return e.c.write(ctx, http.MethodPut, e.path(contentType), nil, version, body)
}

// WebhookSettings are those of all webhooks of a space.
type WebhookSettings struct{ c *client }

// Sign makes Contentful sign the webhooks of the space with a secret of 64
// characters.
func (w WebhookSettings) Sign(ctx context.Context, secret string) error {
	body := map[string]string{"value": secret}
	_, err := w.c.write(ctx, http.MethodPut, w.c.inSpace("/webhook_settings/signing_secret"), nil, 0, body)
	return err
}

// SecretEnd returns the last characters of the secret that webhooks are signed
// with, which is all that the API tells of it; "" if they are not signed.
func (w WebhookSettings) SecretEnd(ctx context.Context) (string, error) {
	var answer struct {
		RedactedValue string `json:"redactedValue"`
	}
	err := w.c.get(ctx, w.c.inSpace("/webhook_settings/signing_secret"), nil, &answer)
	if errors.Is(err, NotFound) {
		return "", nil
	}
	return strings.TrimLeft(answer.RedactedValue, "*•."), err
}
