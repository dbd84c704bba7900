package mirror

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A stamp is when Contentful made a change.
type stamp struct {
	At       int64 // ms since the epoch
	Revision int
}

// A change is what became of an entry or an asset.
type change struct {
	space.Ref
	stamp
	raw         json.RawMessage // nil = it is gone
	environment string          // that the API names; "" = none
}

// gone reports whether the change took something away.
func (c change) gone() bool { return c.raw == nil }

// newer reports whether c was made after another change of the same thing: an
// instant decides, within a millisecond the revision, and of one revision what
// was taken away was there before.
func (c change) newer(s stamp, gone bool) bool {
	order := cmp.Or(cmp.Compare(c.At, s.At), cmp.Compare(c.Revision, s.Revision))
	return order > 0 || order == 0 && c.gone() && !gone
}

// changeOf returns the change that an item of a sync is; ok is false for what is
// not mirrored.
func changeOf(item contentful.Item) (c change, ok bool) {
	kind, gone := strings.CutPrefix(item.Sys.Type, "Deleted")
	ref := space.Ref{Kind: space.Kind(kind), ID: item.Sys.ID}
	if ref.Kind != space.Entry && ref.Kind != space.Asset || ref.ID == "" {
		return change{}, false
	}
	if gone {
		return goneBy(ref, item.Sys), true
	}
	at := contentful.Instant(item.Sys.UpdatedAt)
	return change{ref, stamp{at.UnixMilli(), item.Sys.Revision}, item.Raw, item.Sys.Environment.Sys.ID}, true
}

// goneBy returns the change that a tombstone tells.
func goneBy(ref space.Ref, sys contentful.Sys) change {
	at := contentful.Instant(cmp.Or(sys.DeletedAt, sys.UpdatedAt))
	return change{ref, stamp{at.UnixMilli(), sys.Revision}, nil, sys.Environment.Sys.ID}
}
