package content

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/spelling"
)

// maxCompared bounds how many names are compared to answer a name that does
// not exist, and maxNear how many are offered.
const (
	maxCompared = 1_000
	maxNear     = 3
)

// nearest returns the names that are most like wanted, the likest first.
func nearest(wanted string, names []string) []string {
	near := spelling.Sorted(wanted, names[:min(len(names), maxCompared)])
	return near[:min(len(near), maxNear)]
}

// list puts names into a sentence.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// sortedKeys returns the keys of m in order.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
