package acceptance

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/examples/storefront/site"
	"github.com/segue-dev/segue/internal/testkit"
)

// counts are segments by whose explanation a test learns how many signals of a
// kind have arrived.
const counts = `segment: pages
name: Page views
soWhat: Tests ask how many there are
when: { count: { of: page } }
---
segment: exposures
name: Exposures of the hero that leads to the basket
soWhat: Tests ask how many there are
when: { count: { of: component, where: { experienceId: exp-high-intent, componentId: hero-finish-order, variantIndex: 1 } } }
---
segment: readers
name: Readers
soWhat: Tests ask how long
when: { dwell: { gte: 1s } }
---
segment: scrollers
name: Scrollers
soWhat: Tests ask how far
when: { scroll: { gte: 50 } }
`

// shops serves the storefront in front of one Segue, and returns as JSON where:
// "browser" lets the browser choose, "server" resolves itself, "segue" is what
// both ask.
func shops(t *testing.T) string {
	segments := t.TempDir()
	require.NoError(t, os.CopyFS(segments, os.DirFS(testkit.Root(t, "examples", "storefront", "segments"))))
	require.NoError(t, os.WriteFile(filepath.Join(segments, "counts.yaml"), []byte(counts), 0o600))
	segue := testkit.Example(t, "storefront", "--set", "segments="+segments).URL
	shop := func(perVisitor bool) http.Handler {
		h, err := site.New(site.Options{Export: testkit.Root(t, "examples", "storefront", "space.json"), Segue: segue, PerVisitor: perVisitor})
		require.NoError(t, err)
		return h
	}
	raw, err := json.Marshal(map[string]string{"browser": serve(t, shop(false)), "server": serve(t, shop(true)), "segue": segue})
	require.NoError(t, err)
	return string(raw)
}
