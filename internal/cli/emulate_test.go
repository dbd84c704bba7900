package cli_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/cli"
)

// emulated runs segue contentful emulate until the test ends. It returns the
// guide that it prints, and the address of all APIs.
func emulated(t *testing.T, args ...string) (guide, addr string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- cli.Main(ctx, append([]string{"contentful", "emulate", "--listen", "127.0.0.1:0"}, args...), cli.Env{Stdout: io.Discard, Stderr: in})
		_ = in.Close()
	}()
	t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		require.Zero(t, <-code)
	})
	var all strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if _, rest, ok := strings.Cut(lines.Text(), "is at http://"); ok {
			addr, _, _ = strings.Cut(rest, ",")
		}
		if strings.HasPrefix(lines.Text(), "What goes wrong") {
			return all.String(), addr
		}
	}
	t.Fatalf("it ended early: %s", all.String())
	return "", ""
}

func TestEmulateServesAnExportAndSaysHowToUseIt(t *testing.T) {
	dir := t.TempDir()
	ca := filepath.Join(dir, "ca.pem")
	guide, addr := emulated(t, "--export", filepath.Join(example("storefront"), "space.json"), "--tls", "--ca", ca,
		"--delivery-token", "mine", "--persist", filepath.Join(dir, "kept.json"))
	require.Contains(t, guide, "createClient({ space, accessToken: 'mine', host: '"+addr+"', basePath: '/cda', insecure: true })")
	require.NotContains(t, guide, "wants HTTPS")

	pem, err := os.ReadFile(ca)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	for _, scheme := range []string{"http", "https"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+addr+"/cda/spaces/x/environments/master/entries?access_token=mine", http.NoBody)
		require.NoError(t, err)
		answer, err := transport.RoundTrip(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, http.StatusOK, answer.StatusCode)
	}
}

func TestEmulateSaysWhatItCannotUse(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"entries": [{"sys": {}}]}`), 0o600))
	for want, args := range map[string][]string{
		"no such file":        {"--export", "none.json"},
		file + ": entries[0]": {"--export", file},
		"want HOST:PORT":      {"--listen", "8090"},
		"not a saved space":   {"--persist", file},
	} {
		code, _, stderr := segue(t, append([]string{"contentful", "emulate"}, args...)...)
		require.Equal(t, 1, code)
		require.Contains(t, stderr, want)
	}
}
