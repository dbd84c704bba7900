package acceptance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

// patience is how long one file of tests may take.
const patience = 8 * time.Minute

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func TestClients(t *testing.T) {
	testkit.Command(t, "node")
	testkit.Needs(t, "the clients: run `make clients`", func() error { _, err := os.Stat("node_modules"); return err })
	files, err := filepath.Glob("*.test.mjs")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(file, ".test.mjs"), func(t *testing.T) { runFile(t, file) })
	}
}

// runFile starts what a file of tests names in its source and runs it.
func runFile(t *testing.T, file string) {
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--test", "--test-reporter=spec", file)
	node.Env = os.Environ()
	// The tests run in a child of their own, which begins browsers: all of them end together.
	node.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	node.Cancel = func() error { return syscall.Kill(-node.Process.Pid, syscall.SIGKILL) }
	for variable, start := range servers {
		if strings.Contains(string(source), variable) {
			node.Env = append(node.Env, variable+"="+start(t))
		}
	}
	out, err := node.CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Logf("%s", closing(string(out)))
}

// closing returns the lines in which Node says how many tests there were.
func closing(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		if count, ok := strings.CutPrefix(line, "ℹ "); ok {
			lines = append(lines, strings.TrimSpace(count))
		}
	}
	return strings.Join(lines, ", ")
}
