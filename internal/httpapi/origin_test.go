package httpapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi"
)

func TestOnlyConfiguredOriginsMaySendCookies(t *testing.T) {
	s := public(product{}, func(o *httpapi.Options) { o.Origins = []string{"https://www.shop.example"} })
	for origin, credentials := range map[string]bool{
		"https://www.shop.example":           true,
		"http://www.shop.example":            false,
		"https://www.shop.example.evil.test": false,
		"null":                               false,
		"":                                   false,
	} {
		for _, method := range []string{"OPTIONS", "POST"} {
			h := do(s, method, "/v1/resolve", `{"visitor": "v"}`, map[string]string{"Origin": origin, "Access-Control-Request-Method": "POST"}).Header()
			require.Contains(t, h.Values("Vary"), "Origin", "the answer differs by it")
			if credentials {
				require.Equal(t, origin, h.Get("Access-Control-Allow-Origin"))
				require.Equal(t, "true", h.Get("Access-Control-Allow-Credentials"))
			} else {
				require.Equal(t, "*", h.Get("Access-Control-Allow-Origin"))
				require.Empty(t, h.Get("Access-Control-Allow-Credentials"))
			}
		}
	}
}
