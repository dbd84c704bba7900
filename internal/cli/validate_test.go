package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const doubtful = `segment: early
name: Early
soWhat: x
when: { count: { of: Product Aded, last: 1d } }
`

func TestDoubtsAreSaidAndAllowed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "early.yaml")
	require.NoError(t, os.WriteFile(file, []byte(doubtful), 0o600))
	flags := append(shopHistory(t), "--set", "segments="+dir, "--set", "content=")
	check := func(code int, more ...string) string {
		t.Helper()
		got, stdout, stderr := segue(t, with(append(flags, more...), "validate")...)
		require.Equal(t, code, got, stderr)
		return stdout
	}
	require.Equal(t, "1 segments, 0 experiences, 0 slots, 0 findings\n", check(0))
	require.Equal(t, file+`:4:22: early: warning SG108: no visitor has sent Product Aded: did you mean "Product Added"?
1 segments, 0 experiences, 0 slots, 1 findings, 16 visitors looked at
`, check(3, "--visitors"))
	require.Contains(t, check(3, "--goal", "product aded"), "warning SG115: the rule is about Product Aded, a goal")

	require.NoError(t, os.WriteFile(file, []byte(doubtful+"allow: [{code: SG115, reason: on purpose}]\n"), 0o600))
	require.Equal(t, "1 segments, 0 experiences, 0 slots, 0 findings and 1 that segments allow\n", check(0, "--goal", "product aded"))
	require.Contains(t, check(0, "--goal", "product aded", "--verbose"), "(allowed: on purpose)")
	require.Contains(t, check(0, "--goal", "product aded", "-o", "json"), `"allowed": "on purpose"`)
	require.NotContains(t, check(0), "SG116", "nobody has said what the goals are")
	require.Contains(t, check(0, "--goal", "another"), "advice SG116: allow: SG115 is not in doubt")
	code, _, stderr := segue(t, with(append(flags, "--goal", "page:"), "validate")...)
	require.Equal(t, 2, code)
	require.True(t, strings.HasPrefix(stderr, "segue: --goal:1:"), stderr)
}

// What editors wrote and nobody understands names its entry and field.
func TestWhatIsNotUnderstoodIsAnError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "space.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"locales": [{"code": "en", "default": true}], "entries": [
		{"sys": {"id": "a1", "type": "Entry", "contentType": {"sys": {"id": "nt_audience"}}}, "fields": {"nt_rules": {"en":
			{"any": [{"all": [{"type": "identify", "key": "plan", "operator": "near", "value": "pro"}]}]}}}}]}`), 0o600))
	code, stdout, stderr := segue(t, with(append(shopHistory(t), "--set", "segments=", "--set", "content=export:"+file), "validate")...)
	require.Equal(t, 3, code, stderr)
	require.Contains(t, stdout, `a1.nt_rules: error CT102: any[0].all[0].operator: unknown operator "near"`)
	code, stdout, stderr = segue(t, with(append(shopHistory(t), "--set", "segments=", "--set", "content=export:"+file), "explain", "nobody", "--segment", "a1")...)
	require.Equal(t, 0, code, stderr)
	require.Contains(t, stdout, `unknown: audience a1 (entry a1) cannot be understood: nt_rules.any[0].all[0].operator: unknown operator "near"`)
}
