package segmentio

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/httpapi/reply"
)

// settings answers what Segment's browser client asks before it sends anything:
// where to send. It is to send all to where it asked, and no report of itself.
func settings(c echo.Context) error {
	key, err := reply.Param(c, "writeKey")
	if err != nil {
		return err
	}
	type enabled struct {
		Enabled      bool      `json:"enabled"`
		Integrations *struct{} `json:"integrations,omitempty"`
	}
	here := addressOf(c.Request())
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store") // it holds what the request said of itself
	return c.JSON(http.StatusOK, map[string]any{
		"integrations": map[string]any{
			"Segment.io": map[string]any{"apiKey": key, "apiHost": here.host + here.prefix + "/v1", "protocol": here.scheme},
		},
		"plan": map[string]any{
			"track":    map[string]enabled{"__default": {true, &struct{}{}}},
			"identify": map[string]enabled{"__default": {true, nil}},
			"group":    map[string]enabled{"__default": {true, nil}},
		},
		"edgeFunction":              struct{}{},
		"analyticsNextEnabled":      true,
		"middlewareSettings":        struct{}{},
		"enabledMiddleware":         struct{}{},
		"metrics":                   map[string]int{"sampleRate": 0},
		"legacyVideoPluginsEnabled": false,
		"remotePlugins":             []string{},
	})
}

// An address is how a browser reaches us.
type address struct{ scheme, host, prefix string }

var (
	saneHost   = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
	sanePrefix = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)
)

// addressOf returns the address that a request was sent to, as the proxies
// before us say: by Forwarded, or by X-Forwarded-Host, -Proto and -Prefix. What
// is none counts as not said.
func addressOf(r *http.Request) address {
	a := address{scheme: "http", host: r.Host}
	if r.TLS != nil {
		a.scheme = "https"
	}
	host, scheme := forwarded(r.Header.Get("Forwarded"))
	if host == "" {
		host = first(r.Header.Get("X-Forwarded-Host"))
	}
	if scheme == "" {
		scheme = first(r.Header.Get(echo.HeaderXForwardedProto))
	}
	if saneHost.MatchString(host) {
		a.host = host
	}
	if scheme = strings.ToLower(scheme); scheme == "http" || scheme == "https" {
		a.scheme = scheme
	}
	if prefix := strings.TrimSuffix(first(r.Header.Get("X-Forwarded-Prefix")), "/"); sanePrefix.MatchString(prefix) {
		a.prefix = prefix
	}
	return a
}

// first returns the first of a list: what the outermost proxy says.
func first(list string) string {
	one, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(one)
}

// forwarded returns host and proto of the first element of a Forwarded header
// (RFC 7239).
func forwarded(header string) (host, scheme string) {
	for pair := range strings.SplitSeq(first(header), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		switch strings.ToLower(name) {
		case "host":
			host = value
		case "proto":
			scheme = value
		}
	}
	return host, scheme
}
