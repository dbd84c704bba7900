package content

import (
	"time"

	"github.com/segue-dev/segue/internal/rawjson"
)

// UpdatedAt returns when somebody last edited the entry, as its CMS says; the
// zero time if it does not say.
func (e *Entry) UpdatedAt() time.Time {
	var at time.Time
	sys := append(append(make([]byte, 0, len(e.head)+1), e.head...), '}')
	rawjson.Members(sys, func(name []byte, start, end int) {
		if string(name) == `"updatedAt"` {
			at, _ = time.Parse(time.RFC3339, rawjson.Unquote(sys[start:end])) // zero if it is none
		}
	})
	return at
}
