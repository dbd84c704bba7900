package caller_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/signal"
)

func TestEachClientsCookieIsUnderstood(t *testing.T) {
	const uuid = "0b5c1a5e-3d0f-4f53-9f5c-2f0e7f9c8a11"
	for name, tc := range map[string]struct{ cookie, value, want string }{
		"Segment":                          {"ajs_anonymous_id", uuid, uuid},
		"Segment, before 2022":             {"ajs_anonymous_id", "%22" + uuid + "%22", uuid},
		"Segment, JSON":                    {"ajs_anonymous_id", `"` + uuid + `"`, uuid},
		"Segment, no user":                 {"ajs_user_id", "null", ""},
		"Segment, a user with a slash":     {"ajs_user_id", "%22a%5C%2Fb%22", "a/b"},
		"RudderStack, version 3":           {"rl_anonymous_id", "RS_ENC_v3_IjBiNWMxYTVlLTNkMGYtNGY1My05ZjVjLTJmMGU3ZjljOGExMSI%3D", uuid},
		"RudderStack, version 3, no JSON":  {"rl_anonymous_id", "RS_ENC_v3_dGVzdC1kYXRh", "test-data"},
		"RudderStack, version 1":           {"rl_anonymous_id", "RudderEncrypt:U2FsdGVkX1+5q5jikppUASe8AdIH6O2iORyF41sYXgxzIGiX9whSeVxxww0OK5h/", "1wefk7M3Y1D6EDX4ZpIE00LpKAE"},
		"RudderStack, version 1, encoded":  {"rl_anonymous_id", url.QueryEscape("RudderEncrypt:U2FsdGVkX1+5q5jikppUASe8AdIH6O2iORyF41sYXgxzIGiX9whSeVxxww0OK5h/"), "1wefk7M3Y1D6EDX4ZpIE00LpKAE"},
		"RudderStack, version 1, cut":      {"rl_anonymous_id", "RudderEncrypt:U2FsdGVkX1+5q5jikppUASe8AdIH6O2i", ""},
		"RudderStack, version 1, tampered": {"rl_anonymous_id", "RudderEncrypt:U2FsdGVkX1+5q5jikppUASe8AdIH6O2iORyF41sYXgxzIGiX9whSeVxxww0OK5hA", ""},
		"RudderStack, plain":               {"rl_anonymous_id", uuid, uuid},
		"RudderStack, broken base64":       {"rl_anonymous_id", "RS_ENC_v3_***", ""},
		"Jitsu":                            {"__eventn_id", "lkf4p2qk0d", "lkf4p2qk0d"},
		"Contentful":                       {"ntaid", uuid, uuid},
		"Contentful, new":                  {"ctfl-opt-aid", uuid, uuid},
		"Google":                           {"_ga", "GA1.1.1234567890.1700000000", "1234567890.1700000000"},
		"Google, a path's depth":           {"_ga", "GA1.2-2.1234567890.1700000000", "1234567890.1700000000"},
		"Google, something else":           {"_ga", "GS2.1.s1700000000", ""},
		"Google, no numbers":               {"_ga", "GA1.1.a.b", ""},
		"any other":                        {"my_id", "a1", "a1"},
		"empty":                            {"ntaid", "", ""},
		"empty JSON":                       {"ntaid", `""`, ""},
		"broken JSON":                      {"ntaid", `"a`, ""},
		"undefined":                        {"ntaid", "undefined", ""},
		"control characters":               {"ntaid", "a%0Ab", ""},
		"no UTF-8":                         {"ntaid", "%ff", ""},
		"a stray percent sign":             {"ntaid", "50%", "50%"},
		"at the bound":                     {"ntaid", strings.Repeat("a", signal.MaxVisitorID), strings.Repeat("a", signal.MaxVisitorID)},
		"over the bound":                   {"ntaid", strings.Repeat("a", signal.MaxVisitorID+1), ""},
		"huge":                             {"rl_anonymous_id", "RS_ENC_v3_" + strings.Repeat("A", 1<<20), ""},
	} {
		require.Equal(t, tc.want, caller.Decode(tc.cookie, tc.value), name)
	}
}

func FuzzDecode(f *testing.F) {
	names := []string{"ajs_anonymous_id", "rl_anonymous_id", "_ga", "other"}
	for _, value := range []string{
		"a", `"a"`, "%22a%22", "GA1.1.1.2", "RS_ENC_v3_ImEi", "RudderEncrypt:U2FsdGVkX1+5q5jikppUASe8AdIH6O2iORyF41sYXgxzIGiX9whSeVxxww0OK5h/",
		"RudderEncrypt:U2FsdGVkX18=", "\xff", "%",
	} {
		f.Add(1, value)
		f.Add(2, value)
	}
	f.Fuzz(func(t *testing.T, n int, value string) {
		id := caller.Decode(names[uint(n)%uint(len(names))], value)
		if id == "" {
			return
		}
		require.NoError(t, signal.CheckVisitor("id", id))
		require.True(t, utf8.ValidString(id))
	})
}
