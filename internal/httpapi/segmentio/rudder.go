package segmentio

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// headerAnonymousID is where RudderStack's browser client repeats the anonymous
// id, in base64.
const headerAnonymousID = "AnonymousId"

// sentBy gives the messages without an anonymous id that of the request.
func sentBy(header http.Header, messages []signal.Message) {
	id, err := base64.StdEncoding.DecodeString(header.Get(headerAnonymousID))
	if err != nil || len(id) == 0 {
		return
	}
	for i := range messages {
		if messages[i].AnonymousID == "" {
			messages[i].AnonymousID = string(id)
		}
	}
}

// sourceConfig answers what RudderStack's browser client asks before it sends
// anything: what to do. It is to send all, to us alone, and no report of itself.
func sourceConfig(c echo.Context) error {
	type enabled struct {
		Enabled bool `json:"enabled"`
	}
	key := intake.WriteKey(c.Request(), "")
	const never = "1970-01-01T00:00:00.000Z"
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, map[string]any{
		"source": map[string]any{
			"id": "segue", "name": "Segue", "writeKey": key, "enabled": true, "workspaceId": "segue", "updatedAt": never,
			"config":      map[string]any{"statsCollection": map[string]enabled{"errors": {}, "metrics": {}}},
			"connections": []string{}, "destinations": []string{}, "dataplanes": struct{}{},
		},
		"updatedAt": never,
	})
}

// gif is a transparent image of one pixel.
const gif = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// pixel takes one message that stands in the query of an image. The image comes
// whether the message is good or not.
func (a *api) pixel(typ string) echo.HandlerFunc {
	return func(c echo.Context) error {
		raw, err := messageOf(c.QueryParams())
		if err != nil {
			return err
		}
		_, err = a.in.Hand(c, raw, func(raw []byte) (ingest.Batch, error) {
			m, err := decodeSingle(typ, raw)
			if m.UserAgent == "" {
				m.UserAgent = c.Request().UserAgent()
			}
			return ingest.Batch{Messages: []signal.Message{m}, WriteKey: m.WriteKey}, err
		})
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return c.Blob(http.StatusOK, "image/gif", []byte(gif))
	}
}

// messageOf makes a message of a query whose names are paths, such as
// properties.price. Of two that contradict each other, such as a and a.b, the
// one that comes first in the alphabet stays.
func messageOf(query url.Values) ([]byte, error) {
	message := map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(query)) {
		set(message, strings.Split(path, "."), query.Get(path))
	}
	return json.Marshal(message)
}

func set(object map[string]any, path []string, value string) {
	for _, name := range path[:len(path)-1] {
		if object[name] == nil {
			object[name] = map[string]any{}
		}
		inner, ok := object[name].(map[string]any)
		if !ok {
			return
		}
		object = inner
	}
	if last := path[len(path)-1]; object[last] == nil {
		object[last] = value
	}
}
