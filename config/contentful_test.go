package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const liveSpace = "content: contentful://sp1\ncontentful:\n  deliveryToken: d-token\n"

// secretOf is a signing secret.
func secretOf(char string) string { return strings.Repeat(char, 64) }

func TestALiveSpace(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secrets")
	require.NoError(t, os.WriteFile(file, []byte(secretOf("a")+"\n"+secretOf("b")+"\n"), 0o600))
	src := liveSpace + "  cache: copies\n  region: eu\n"
	c, err := parse("/etc/segue.yaml", []byte(src),
		[]string{"SEGUE_CONTENTFUL_WEBHOOK_SECRETS_FILE=" + file, "SEGUE_CONTENTFUL_PREVIEW_TOKEN=p-token"},
		[]string{"contentful.previewKey=0123456789abcdef", "contentful.deliveryURL=http://127.0.0.1:1/cda", "contentful.poll=1m"})
	require.NoError(t, err)
	space, environment, ok := c.LiveSpace()
	require.True(t, ok)
	require.Equal(t, []string{"sp1", "master"}, []string{space, environment})
	require.Equal(t, "d-token", c.Contentful.DeliveryToken.Reveal())
	require.Equal(t, "p-token", c.Contentful.PreviewToken.Reveal())
	require.Equal(t, []Secret{Secret(secretOf("a")), Secret(secretOf("b"))}, c.Contentful.WebhookSecrets)
	require.Equal(t, "/etc/copies", c.Contentful.Cache, "a path of the file is relative to it")
	require.Equal(t, time.Minute, c.Contentful.Poll)

	c, err = parse("f.yaml", []byte("content: contentful://sp1/staging\ncontentful: {deliveryToken: d, webhookSecrets: ["+secretOf("a")+", "+secretOf("b")+"]}\n"), nil, nil)
	require.NoError(t, err)
	require.Len(t, c.Contentful.WebhookSecrets, 2)
	_, environment, _ = c.LiveSpace()
	require.Equal(t, "staging", environment)

	c, err = parse("f.yaml", []byte("contentful:\n"), nil, nil)
	require.NoError(t, err, "a section with nothing in it")
	_, _, ok = c.LiveSpace()
	require.False(t, ok)
}

func TestMistakesAboutALiveSpace(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"no token":           {"content: contentful://s/master\n", "contentful.deliveryToken: missing: a live space is read with it; give it in SEGUE_CONTENTFUL_DELIVERY_TOKEN"},
		"no slashes":         {"content: contentful:s\n", `content: "contentful:s" is not contentful://SPACE/ENVIRONMENT`},
		"no space":           {"content: contentful:///master\n", `content: "contentful:///master" is not`},
		"too many parts":     {"content: contentful://a/b/c\n", `content: "contentful://a/b/c" is not`},
		"no cache":           {liveSpace + "  cache: ''\n", "contentful.cache: missing"},
		"unknown key":        {"contentful:\n  delivryToken: x\n", `f.yaml:2:3: unknown key "delivryToken"; did you mean "deliveryToken"?`},
		"a dotted key":       {"contentful.poll: 1m\n", `f.yaml:1:1: unknown key "contentful.poll"`},
		"not a section":      {"contentful: x\n", "f.yaml:1:13: expected keys and values, such as deliveryToken: "},
		"a map as a value":   {"contentful: {poll: {a: b}}\n", "contentful.poll is a single value"},
		"a list of lists":    {"contentful: {webhookSecrets: [[a]]}\n", "contentful.webhookSecrets is a list of single values"},
		"a list of tokens":   {"contentful: {deliveryToken: [a]}\n", "contentful.deliveryToken is a single value"},
		"a short secret":     {"contentful: {webhookSecrets: [tiny]}\n", "contentful.webhookSecrets[0]: a signing secret is 64 characters"},
		"three secrets":      {"contentful: {webhookSecrets: [a, b, c]}\n", "contentful.webhookSecrets: 3 are too many"},
		"a token with blank": {"contentful: {previewToken: 'a b'}\n", "contentful.previewToken: has blanks"},
		"a guessable key":    {"contentful: {previewToken: p, previewKey: tiny}\n", "contentful.previewKey: shorter than 16 characters"},
		"a useless key":      {"contentful: {previewKey: 0123456789abcdef}\n", "contentful.previewKey: has no effect without contentful.previewToken"},
		"region":             {"contentful: {region: us}\n", `contentful.region: "us" is neither "eu" nor empty`},
		"no URL":             {"contentful: {deliveryURL: localhost}\n", "contentful.deliveryURL: it must be a URL"},
		"a URL with a user":  {"contentful: {webURL: 'https://tiny:pass@h'}\n", "contentful.webURL: it must be a URL without user"},
		"poll":               {"contentful: {poll: 0, previewPoll: 0}\n", "contentful.previewPoll: too small"},
		"bad duration":       {"contentful: {poll: soon}\n", "f.yaml:1:20: contentful.poll: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("f.yaml", []byte(tc.src), nil, nil)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "tiny")
		})
	}
	_, err := parse("f.yaml", nil, nil, []string{"contentful.webhookSecrets=tiny", "contentful.previewToken=a b"})
	require.ErrorContains(t, err, "contentful.webhookSecrets[0]")
	require.ErrorContains(t, err, "contentful.previewToken", "all mistakes at once")
	require.NotContains(t, err.Error(), "tiny")
	_, err = parse("f.yaml", nil, []string{"SEGUE_CONTENTFUL_DELIVERYTOKEN=x"}, nil)
	require.ErrorContains(t, err, `did you mean "SEGUE_CONTENTFUL_DELIVERY_TOKEN"?`)
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c, err := parse("f.yaml", []byte(liveSpace+"  webhookSecrets: ["+secretOf("a")+"]\n"), nil, nil)
	require.NoError(t, err)
	encoded, err := json.Marshal(c)
	require.NoError(t, err)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprintf("%q", c.Contentful.DeliveryToken), string(encoded)} {
		require.NotContains(t, text, "d-token")
		require.NotContains(t, text, secretOf("a"))
	}
}
