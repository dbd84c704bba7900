package cli_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGeneratedExamplesArePrinted(t *testing.T) {
	flags := storefront(t.TempDir())
	require.Equal(t, `# segment: comparison-shopper
examples:
  - name: a member
    signals: |
      0s Product Viewed product_id=new-1
      1s Product Viewed product_id=new-2
      2s Product Viewed product_id=new-3
      3s Product Removed
    at: 3s
    member: true
  - name: one Product Removed too few
    signals: |
      0s Product Viewed product_id=new-1
      1s Product Viewed product_id=new-2
      2s Product Viewed product_id=new-3
    at: 3s
    member: false
`, done(t, with(flags, "segments", "--generate-examples", "comparison-shopper")...))
	code, _, stderr := segue(t, with(flags, "segments", "comparison-shopper")...)
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "only --generate-examples takes the keys of segments")
	code, _, stderr = segue(t, with(flags, "segments", "--generate-examples", "comparison-shoper")...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, `there is no segment "comparison-shoper"`)
}

func TestExplainSaysWhatWouldChange(t *testing.T) {
	flags := shopHistory(t)
	text := done(t, with(flags, "explain", "buyer-ana", "--at", "2026-11-20T16:00:00Z", "--segment", "comparison-shopper", "-o", "table")...)
	require.Contains(t, text, `  to enter at 2026-11-20T16:00:03.000Z:
    2026-11-20T16:00:01.000Z Product Viewed product_id=new-1
    2026-11-20T16:00:02.000Z Product Viewed product_id=new-2
    2026-11-20T16:00:03.000Z Product Removed
  nearest unmet: at least 1 Product Removed in the current session
`)
	text = done(t, with(flags, "explain", "buyer-ana", "--at", "2026-11-20T16:00:00Z", "--segment", "high-intent", "-o", "table")...)
	require.Contains(t, text, `  to leave: wait until 2026-11-21T15:50:48.000Z
  by itself leaves at 2026-11-21T15:50:48.000Z
`)
}
