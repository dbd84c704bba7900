package experience

import (
	"time"

	"github.com/segue-dev/segue/internal/experience/bucket"
)

// A Holdout keeps a share of the visitors out of all experiences, so that what
// personalization is worth as a whole can be told. Who is held out depends on
// the stable id alone: no edit of an experience or a segment changes it, and a
// greater share holds out more visitors but nobody less.
type Holdout struct {
	Share float64   // 0 to 1; 0 = nobody is held out
	Since time.Time // only visitors first seen from then on are counted; zero = all
}

// Enabled reports whether anybody is held out.
func (h Holdout) Enabled() bool { return h.Share > 0 }

// Holds reports whether the visitor with a stable id is held out.
func (h Holdout) Holds(stableID string) bool {
	return h.Enabled() && bucket.Holdout(stableID) < h.Share
}
