package acceptance

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/cli"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
)

// editing starts a stand-in with the storefront's space and two servers that
// mirror it: one that is told by webhooks and never polls, and one that polls
// and is told nothing. It returns, as JSON, where they are, and how Contentful
// signs.
func editing(t *testing.T) string {
	const polled = "2s"
	secret := strings.Repeat("0123456789abcdef", 4)
	cms := emulatortest.StartWith(t, "../../examples/storefront/space.json")
	live := []string{
		"content=contentful://space/master", "store=memory:",
		"contentful.deliveryToken=" + emulatortest.Delivery, "contentful.deliveryURL=" + cms.CDA,
	}
	raw, err := json.Marshal(map[string]string{
		"cms":    strings.TrimPrefix(cms.URL, "http://"),
		"secret": secret,
		"told":   serveStorefront(t, append(live, "contentful.poll=24h", "contentful.webhookSecrets="+secret, "contentful.cache="+t.TempDir())...),
		"polls":  serveStorefront(t, append(live, "contentful.poll="+polled, "contentful.cache="+t.TempDir())...),
		"poll":   polled,
	})
	require.NoError(t, err)
	return string(raw)
}

var listening = regexp.MustCompile(`msg=listening public=(\S+)`)

// serveStorefront runs `segue serve` for the storefront with settings of its
// own, and returns where it listens.
func serveStorefront(t *testing.T, settings ...string) string {
	t.Helper()
	args := []string{"serve", "--config", "../../examples/storefront/segue.yaml", "--set", "listen=127.0.0.1:0", "--set", "admin=127.0.0.1:0"}
	for _, s := range settings {
		args = append(args, "--set", s)
	}
	log, logged := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan int, 1)
	go func() {
		done <- cli.Main(ctx, args, cli.Env{Stdout: io.Discard, Stderr: logged})
		_ = logged.Close()
	}()
	t.Cleanup(func() {
		stop()
		require.Zero(t, <-done)
	})
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		t.Log(lines.Text())
		if at := listening.FindStringSubmatch(lines.Text()); at != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }() // until it ends
			return at[1]
		}
	}
	t.Fatal("segue serve has ended: see its log above")
	return ""
}
