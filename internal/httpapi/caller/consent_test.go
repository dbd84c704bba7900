package caller_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/signal"
)

func TestConsentIsHeardInOrder(t *testing.T) {
	r := caller.New(caller.Options{GPC: []string{"ads"}, DNT: []string{"analytics"}})
	for name, tc := range map[string]struct {
		header  map[string]string
		context string
		want    map[string]string // by purpose
	}{
		"nothing is said":            {nil, `{"device": "mobile"}`, map[string]string{}},
		"the cookie":                 {map[string]string{"Cookie": "segue_consent=p=denied&analytics=granted&odd=maybe"}, `{}`, map[string]string{"p": "false", "analytics": "true"}},
		"the cookie, encoded":        {map[string]string{"Cookie": "segue_consent=p%3Ddenied%26q%3D1"}, `{}`, map[string]string{"p": "false", "q": "true"}},
		"the cookie overrules":       {map[string]string{"Cookie": "segue_consent=p=granted"}, `{"consent": {"categoryPreferences": {"p": false, "q": false}}}`, map[string]string{"p": "true", "q": "false"}},
		"Segment before RudderStack": {nil, `{"consent": {"categoryPreferences": {"p": true}}, "consentManagement": {"deniedConsentIds": ["p", "q"], "allowedConsentIds": ["q", "r"]}}`, map[string]string{"p": "true", "q": "false", "r": "true"}},
		"Google":                     {nil, `{"consent": {"personalization_storage": "denied", "analytics_storage": "granted", "ad_user_data": "granted", "ad_personalization": "denied"}}`, map[string]string{"personalization": "false", "analytics": "true", "advertising": "false"}},
		"RudderStack before Google":  {nil, `{"consent": {"analytics_storage": "denied"}, "consentManagement": {"allowedConsentIds": ["analytics"]}}`, map[string]string{"analytics": "true"}},
		"GPC":                        {map[string]string{"Sec-GPC": "1"}, `{}`, map[string]string{"ads": "false"}},
		"GPC is 1 or nothing":        {map[string]string{"Sec-GPC": "0"}, `{}`, map[string]string{}},
		"GPC comes after consent":    {map[string]string{"Sec-GPC": "1"}, `{"consent": {"categoryPreferences": {"ads": true}}}`, map[string]string{"ads": "true"}},
		"DNT":                        {map[string]string{"DNT": "1"}, `{}`, map[string]string{"analytics": "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			props, err := signal.DecodeContext([]byte(tc.context))
			require.NoError(t, err)
			got := r.Consent(request(tc.header), props)
			heard := map[string]string{}
			for _, p := range got {
				const prefix = "consent.categoryPreferences."
				if len(p.Key) > len(prefix) && p.Key[:len(prefix)] == prefix {
					require.NotContains(t, heard, p.Key[len(prefix):], "said once")
					heard[p.Key[len(prefix):]] = p.Value.String()
				}
			}
			require.Equal(t, tc.want, heard)
		})
	}
	silent := caller.New(caller.Options{})
	require.Empty(t, silent.Consent(request(map[string]string{"Sec-GPC": "1", "DNT": "1"}), nil), "by default they deny nothing here")
}
