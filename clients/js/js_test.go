package js_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	js "github.com/segue-dev/segue/clients/js"
)

// maxSize is what the client may weigh, in bytes as it is sent.
const maxSize = 5000

func TestTheClientIsSmall(t *testing.T) {
	for _, f := range []js.File{js.Script(), js.Module()} {
		require.LessOrEqual(t, len(f.Gzip), maxSize, f.Name)
		r, err := gzip.NewReader(bytes.NewReader(f.Gzip))
		require.NoError(t, err)
		plain, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, f.Plain, plain, f.Name)
	}
}

func TestWhatIsKeptIsWhatTheSourceSays(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "./build.sh", dir).CombinedOutput(); err != nil {
		require.Empty(t, os.Getenv("SEGUE_REQUIRE_PARTS"), "%s", out)
		t.Skipf("skipped, for want of esbuild's Go module: %s", out)
	}
	built, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	kept, err := filepath.Glob("dist/*")
	require.NoError(t, err)
	require.Len(t, kept, len(built), "run `make js`")
	for _, path := range built {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("dist", filepath.Base(path)))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "dist/%s is stale: run `make js`", filepath.Base(path))
	}
}
