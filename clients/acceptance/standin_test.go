package acceptance

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/cli"
	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
)

// exports are what spaces begin with, by the name that a file of tests calls it:
// a small one, and those of $SEGUE_TEST_DATA if that is set.
func exports(t *testing.T) map[string]string {
	files := map[string]string{"storefront": "../../examples/storefront/space.json"}
	if dir := os.Getenv("SEGUE_TEST_DATA"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "exports", "*.json"))
		require.NoError(t, err)
		for _, path := range more {
			files[strings.TrimSuffix(filepath.Base(path), ".json")] = path
		}
	}
	for name, path := range files {
		absolute, err := filepath.Abs(path)
		require.NoError(t, err)
		files[name] = absolute
	}
	return files
}

// standIn starts a stand-in for Contentful that begins with the storefront. It
// returns, as JSON, where each API is at the root, as host:port for HTTP and
// HTTPS, which certificate is to be trusted, and which exports there are.
func standIn(t *testing.T) string {
	files := exports(t)
	export, err := os.Open(files["storefront"])
	require.NoError(t, err)
	defer export.Close()
	e, err := emulator.New(emulator.Options{Export: export, Webhook: webhook.Options{RetryDelay: time.Millisecond}})
	require.NoError(t, err)
	authority, err := emulator.NewAuthority(time.Now())
	require.NoError(t, err)
	endpoints, err := emulator.Listen("127.0.0.1:0", authority)
	require.NoError(t, err)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, authority.PEM, 0o600))

	told := map[string]any{"ca": ca, "exports": files}
	for _, at := range endpoints {
		name := at.API
		if name == "" {
			name = "all"
		}
		told[name] = at.Listener.Addr().String()
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- e.Serve(ctx, endpoints) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
		require.NoError(t, e.Close(context.Background()))
	})
	written(t, told["all"].(string), files)
	raw, err := json.Marshal(told)
	require.NoError(t, err)
	return string(raw)
}

// written adds to files the exports that we write of the space of a stand-in: of
// `segue contentful pull`, with either token, and of the stand-in itself.
func written(t *testing.T, at string, files map[string]string) {
	dir := t.TempDir()
	for name, more := range map[string][]string{"pulled": nil, "pulled-published": {"--published"}} {
		files[name] = filepath.Join(dir, name+".json")
		args := []string{"contentful", "pull", files[name], "--config", "../../examples/storefront/segue.yaml", "--space", "pulled"}
		for _, set := range []string{"deliveryToken=delivery", "managementToken=management", "deliveryURL=http://" + at + "/cda", "managementURL=http://" + at + "/cma"} {
			args = append(args, "--set", "contentful."+set)
		}
		require.Zero(t, cli.Main(t.Context(), append(args, more...), cli.Env{Stdout: t.Output(), Stderr: t.Output()}))
	}
	response, err := http.Get("http://" + at + "/_emulator/space?space=pulled")
	require.NoError(t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", raw)
	files["emulated"] = filepath.Join(dir, "emulated.json")
	require.NoError(t, os.WriteFile(files["emulated"], raw, 0o600))
}
