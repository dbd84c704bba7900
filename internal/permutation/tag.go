package permutation

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Tags by which caches find what to drop.
const (
	// TagAll is on every page.
	TagAll = "segue"
	// TagMany stands for the entities of a page that has too many to name: who
	// purges by entity purges this tag as well.
	TagMany = "e-many"
)

// TagOfEntity returns the tag of what shows an entry or asset.
func TagOfEntity(id string) string { return "e-" + plain(id) }

// TagOfPage returns the tag of all permutations of a page, by the id of its
// entry.
func TagOfPage(id string) string { return "page-" + plain(id) }

// Tag returns the tag of nothing but p.
func (p Permutation) Tag() string {
	return "v-" + plain(p.Page+"."+p.Locale+"."+p.Key)
}

const (
	// tagCharacters are those that all caches take.
	tagCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	// maxPlain is how long a name may be so that its tag is short enough for all
	// caches, in bytes.
	maxPlain = 100
)

// plain returns name as it may stand in a tag: itself, or a hash of it if it is
// too long or has other characters.
func plain(name string) string {
	if len(name) <= maxPlain && strings.Trim(name, tagCharacters) == "" && name != "" {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return "x." + hex.EncodeToString(sum[:12])
}
