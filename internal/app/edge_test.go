package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
)

func TestInDevelopmentAKeyIsMadeAndKept(t *testing.T) {
	dir := t.TempDir()
	cfg := config.Config{Store: "pebble:" + dir, Snapshot: config.Snapshot{Algorithm: "EdDSA", Life: time.Hour}}
	keys := func() string {
		ring, err := ringOf(cfg)
		require.NoError(t, err)
		set, err := ring.JWKS()
		require.NoError(t, err)
		return string(set)
	}
	first := keys()
	require.Equal(t, first, keys(), "a restart does not end what was signed")
	info, err := os.Stat(filepath.Join(dir, "snapshot.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "snapshot.key"), []byte("broken"), 0o600))
	_, err = ringOf(cfg)
	require.ErrorContains(t, err, "not 32 bytes in base64")

	cfg.Store = "memory:"
	require.NotEqual(t, keys(), keys())
	cfg.Snapshot.Keys = []config.Secret{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
	var set struct{ Keys []any }
	require.NoError(t, json.Unmarshal([]byte(keys()), &set))
	require.Len(t, set.Keys, 2)
	cfg.Snapshot.Life = 0
	ring, err := ringOf(cfg)
	require.NoError(t, err)
	require.Nil(t, ring)
}
