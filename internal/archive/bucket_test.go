package archive

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBucketPutsWholeObjects speaks to as much of S3 as putting takes.
func TestBucketPutsWholeObjects(t *testing.T) {
	var mu sync.Mutex
	objects := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPut || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=key/") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		objects[r.URL.Path] = string(body)
		w.Header().Set("ETag", `"e"`)
	}))
	t.Cleanup(server.Close)
	b, err := NewBucket(S3{
		Endpoint: strings.TrimPrefix(server.URL, "http://"), Plain: true, Region: "eu-1", Bucket: "signals", Prefix: "segue/live", AccessKey: "key", SecretKey: "secret",
	})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "part")
	require.NoError(t, os.WriteFile(file, []byte("whole"), 0o600))
	require.NoError(t, b.Put(t.Context(), "signals/dt=2026-11-25/part.parquet", file))
	require.Len(t, objects, 1)
	for name, body := range objects {
		require.Equal(t, "/signals/segue/live/signals/dt=2026-11-25/part.parquet", name)
		require.Contains(t, body, "whole", "as chunks with signatures, or plain")
	}

	b, err = NewBucket(S3{Endpoint: strings.TrimPrefix(server.URL, "http://"), Plain: true, Region: "eu-1", Bucket: "b", AccessKey: "other", SecretKey: "s"})
	require.NoError(t, err)
	require.ErrorContains(t, b.Put(t.Context(), "x", file), "archive: s3://b/x: ")
}
