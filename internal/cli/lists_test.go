package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListsArePutShownAndDeleted(t *testing.T) {
	flags := storefront(t.TempDir())
	ids := written(t, "userId,name\nu1,Ann\nu2,Ben\n")
	code, stdout, stderr := segue(t, with(flags, "lists", "put", "vip", ids)...)
	require.Equal(t, 0, code, stderr)
	require.Empty(t, stdout)
	require.Equal(t, "list vip has 2 ids\n", stderr)
	got := decoded(t, with(flags, "lists")...)
	require.Equal(t, "vip", got["lists"].([]any)[0].(map[string]any)["key"])
	done(t, with(flags, "lists", "delete", "vip")...)
	require.Empty(t, decoded(t, with(flags, "lists", "show")...)["lists"])
}

func TestListsRefuseWhatIsNone(t *testing.T) {
	flags := storefront(t.TempDir())
	ids := written(t, "u1\n")
	for want, args := range map[string][]string{
		"a key has only a-z":        {"lists", "put", "VIP", ids},
		`there is no list "vip"`:    {"lists", "delete", "vip"},
		"connection refused":        {"lists", "show", "--to", "http://127.0.0.1:1"},
		"line 1: not text in UTF-8": {"lists", "put", "vip", written(t, "u\x001\n")},
		"<file>":                    {"lists", "put", "vip"},
	} {
		code, _, stderr := segue(t, with(flags, args...)...)
		require.NotZero(t, code, want)
		require.Contains(t, stderr, want)
	}
}
