package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

// flags is Segue serving a copy of the storefront example. It returns, as JSON,
// where it is, and the directory of the segments, which may be edited.
func flags(t *testing.T) string {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(testkit.Root(t, "examples", "storefront"))))
	raw, err := json.Marshal(map[string]string{"url": testkit.ExampleIn(t, dir).URL, "segments": filepath.Join(dir, "segments")})
	require.NoError(t, err)
	return string(raw)
}
