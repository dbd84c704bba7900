// Package idlist is a list of visitors' ids that somebody uploaded: customers
// from a CRM, say, or those of a mailing.
//
// The rule it upholds: a list is exact and never changes; another upload makes
// another list.
package idlist

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// The bounds of a list.
const (
	MaxIDs  = 10_000_000
	maxLine = 1024 // bytes of an id
)

var keyForm = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)

// CheckKey refuses a key under which no list can be kept: fault.Invalid.
func CheckKey(key string) error {
	if !keyForm.MatchString(key) {
		return fault.New(fault.Invalid, "list %q: a key has only a-z, 0-9 and -, at most 100 of them", key)
	}
	return nil
}

// A List is a set of ids. It takes the bytes of the ids and five more for each.
// The nil List is empty.
type List struct {
	text    string   // the ids in ascending order, each with a line feed after it
	starts  []uint32 // where each begins
	version string
}

// Read reads a list with one id a line. Spaces around an id, empty lines and
// what stands after a comma are left out, so that the first column of a CSV
// file will do; so is a first line that says "id", "userId" or "anonymousId".
// An id that is not text, or too many of them, is a fault.Invalid that names
// the line.
func Read(r io.Reader) (*List, error) {
	var ids []string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		id, err := idOf(lines.Bytes(), n)
		if err != nil {
			return nil, err
		}
		if id != "" && (n > 1 || !isHeading(id)) {
			ids = append(ids, id)
		}
		if len(ids) > MaxIDs {
			return nil, fault.New(fault.Invalid, "line %d: more than %d ids: split the list", n, MaxIDs)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fault.New(fault.Invalid, "line %d: longer than %d bytes: write one id a line", n+1, maxLine)
	} else if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "read the list")
	}
	return Of(ids...)
}

// idOf returns the id on line n, "" if there is none.
func idOf(line []byte, n int) (string, error) {
	if n == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	first, _, _ := bytes.Cut(line, []byte(","))
	id := strings.Trim(strings.TrimSpace(string(first)), `"`)
	if strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == '\ufffd' }) {
		return "", fault.New(fault.Invalid, "line %d: not text in UTF-8: write one id a line", n)
	}
	return id, nil
}

func isHeading(id string) bool {
	name := strings.ReplaceAll(strings.ToLower(id), "_", "")
	return name == "id" || name == "userid" || name == "anonymousid"
}

// Of returns the list of ids, each once. An id that is empty or holds a line
// feed is a fault.Invalid, and so are more than 4 GiB of ids.
func Of(ids ...string) (*List, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	size := 0
	for _, id := range ids {
		if id == "" || strings.Contains(id, "\n") {
			return nil, fault.New(fault.Invalid, "%q is not an id", id)
		}
		size += len(id) + 1
	}
	if size != int(uint32(size)) {
		return nil, fault.New(fault.Invalid, "more than 4 GiB of ids: split the list")
	}
	var text strings.Builder
	text.Grow(size)
	for _, id := range ids {
		text.WriteString(id)
		text.WriteByte('\n')
	}
	return FromText(text.String())
}

// Text returns the ids in ascending order, each with a line feed after it.
func (l *List) Text() string {
	if l == nil {
		return ""
	}
	return l.text
}

// FromText returns the list whose Text is text. The error is a fault.Invalid.
func FromText(text string) (*List, error) {
	l := &List{text: text, starts: make([]uint32, 0, strings.Count(text, "\n"))}
	last := ""
	for start := 0; start < len(text); {
		size := strings.IndexByte(text[start:], '\n')
		if size <= 0 || text[start:start+size] <= last {
			return nil, fault.New(fault.Invalid, "the text of the list is damaged at byte %d", start)
		}
		last = text[start : start+size]
		l.starts = append(l.starts, uint32(start))
		start += size + 1
	}
	sum := sha256.Sum256([]byte(text))
	l.version = hex.EncodeToString(sum[:6])
	return l, nil
}

// Len returns how many ids there are.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.starts)
}

// Version names what the list holds: lists of equal ids have the same.
func (l *List) Version() string {
	if l == nil {
		return ""
	}
	return l.version
}

// Has reports whether id is on the list.
func (l *List) Has(id string) bool {
	if l == nil {
		return false
	}
	_, found := sort.Find(len(l.starts), func(i int) int { return strings.Compare(id, l.at(i)) })
	return found
}

func (l *List) at(i int) string {
	end := len(l.text)
	if i+1 < len(l.starts) {
		end = int(l.starts[i+1])
	}
	return l.text[l.starts[i] : end-1]
}

// All yields the ids in ascending order.
func (l *List) All() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range l.Len() {
			if !yield(l.at(i)) {
				return
			}
		}
	}
}

// A Store keeps lists by key. Engines of visitor.Store are Stores of lists as
// well, so that every node of a cluster has the same. Its errors are faults, or
// those of ctx.
type Store interface {
	// PutList stores a list in place of the one there may be, in one atomic and
	// durable step.
	PutList(ctx context.Context, key string, l *List) error
	// List returns a list; fault.NotFound if there is none.
	List(ctx context.Context, key string) (*List, error)
	// ListVersions returns the version of each list, by key. It costs little.
	ListVersions(ctx context.Context) (map[string]string, error)
	// DeleteList removes a list; fault.NotFound if there is none.
	DeleteList(ctx context.Context, key string) error
}
