package config

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIdentityAndEdge(t *testing.T) {
	src := []byte("identity:\n  cookies: [mine, segue_id]\n  domain: example.com\nedge:\n  budget: 80ms\n  pages:\n    - \"/ page:home\"\n    - \"/blog/* article\"\n")
	c, err := parse("/etc/segue.yaml", src, nil, nil)
	require.NoError(t, err)
	require.Equal(t, Identity{Cookies: []string{"mine", "segue_id"}, Domain: "example.com"}, c.Identity)
	require.Equal(t, Edge{Budget: 80 * time.Millisecond, Pages: []string{"/ page:home", "/blog/* article"}}, c.Edge)

	c, err = parse("/etc/segue.yaml", src, []string{"SEGUE_EDGE_PAGES=/ page:start, /* page", "SEGUE_EDGE_BUDGET=1s"}, nil)
	require.NoError(t, err)
	require.Equal(t, Edge{Budget: time.Second, Pages: []string{"/ page:start", "/* page"}}, c.Edge)
}

func TestMistakesInIdentityAndEdge(t *testing.T) {
	for src, want := range map[string]string{
		"identity: {cookies: ['a b']}":     `identity.cookies: "a b" cannot be the name of a cookie`,
		"identity: {domain: .example.com}": `identity.domain: ".example.com" is not a domain`,
		"identity: {domain: localhost}":    `identity.domain: "localhost" is not a domain`,
		"edge: {budget: 0}":                "edge.budget: too small: 50ms is usual",
		"edge: {budget: 50 ms}":            "edge.budget: ",
		"edge: {pages: [[a]]}":             "edge.pages is a list of single values",
		"snapshot: {algorithm: none}":      `snapshot.algorithm: "none" is none of EdDSA, HS256`,
		"snapshot: {life: 25h}":            "snapshot.life: at most 24h",
		"snapshot: {keys: [a, b, c]}":      "snapshot.keys: 3 are too many",
		"edge: {page: []}":                 `unknown key "page"; did you mean "pages"?`,
	} {
		_, err := parse("/etc/segue.yaml", []byte(src), nil, nil)
		require.ErrorContains(t, err, want, src)
	}
}
