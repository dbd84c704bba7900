package intake_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/intake"
)

func TestEveryFormOfAWriteKeyIsRead(t *testing.T) {
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for name, tc := range map[string]struct {
		authorization, header, body, query string
		want                               string
	}{
		"none":                             {},
		"Basic":                            {authorization: basic("wk1:"), want: "wk1"},
		"Basic without a colon":            {authorization: basic("wk1"), want: "wk1"},
		"Basic with a password":            {authorization: basic("wk1:secret"), want: "wk1"},
		"Basic without padding":            {authorization: "basic d2sx", want: "wk1"},
		"Basic that is not base64":         {authorization: "Basic %%%", body: "wk2", want: "wk2"},
		"Basic without a key":              {authorization: basic(":"), query: "wk4", want: "wk4"},
		"Basic before all":                 {basic("wk1:"), "wk3", "wk2", "wk4", "wk1"},
		"Jitsu's header":                   {header: "wk3:secret", want: "wk3"},
		"Jitsu's header before the body":   {header: "wk3", body: "***", want: "wk3"},
		"the body":                         {body: "wk2", query: "wk4", want: "wk2"},
		"a masked body is none":            {body: "***", query: "wk4", want: "wk4"},
		"OAuth, and the key in the body":   {authorization: "Bearer token", body: "wk2", want: "wk2"},
		"Bearer alone":                     {authorization: "bearer token", want: "token"},
		"the query":                        {query: "wk4", want: "wk4"},
		"a scheme that we do not know":     {authorization: "Digest x", want: ""},
		"a scheme and nothing behind it":   {authorization: "Basic", want: ""},
		"a scheme with white space behind": {authorization: "Bearer  ", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/?writeKey="+tc.query, nil)
			r.Header.Set("Authorization", tc.authorization)
			r.Header.Set("X-Write-Key", tc.header)
			require.Equal(t, tc.want, intake.WriteKey(r, tc.body))
		})
	}
}
