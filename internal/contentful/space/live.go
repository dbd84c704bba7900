package space

import (
	"bytes"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
)

// A Kind is that of an item of a space: Entry or Asset.
type Kind string

// The kinds.
const (
	Entry Kind = "Entry"
	Asset Kind = "Asset"
)

// A Ref names an item of a space.
type Ref struct {
	Kind Kind
	ID   string
}

// A Live space is one that changes: items are put and removed one by one, as
// the delivery API or a webhook gives them, and snapshots taken in between. All
// that is put is taken for published. It is not safe for concurrent use.
type Live struct {
	docs  map[Ref][]byte
	model Model

	last    *content.Snapshot // nil = to be built anew
	changed map[Ref]bool      // since last
}

// NewLive returns a space without anything.
func NewLive() *Live {
	return &Live{docs: make(map[Ref][]byte), changed: make(map[Ref]bool)}
}

// A Model is all of a space but its entries and assets, each item as the API
// gives it.
type Model struct {
	Types    []json.RawMessage `json:"types"`
	Locales  []json.RawMessage `json:"locales"`
	Tags     []json.RawMessage `json:"tags"`
	Concepts []json.RawMessage `json:"concepts"`
}

// Check returns a fault.Invalid that names what is wrong with a model, or nil.
func (m Model) Check() error {
	_, err := m.base()
	return err
}

// base returns the content of a space without entries and assets.
func (m Model) base() (*content.Snapshot, error) {
	l := &loader{builder: content.Builder{Vocabulary: vocabulary}}
	each(l, "contentTypes", m.Types, l.contentType)
	each(l, "locales", m.Locales, l.locale)
	each(l, "tags", m.Tags, l.tag)
	each(l, "concepts", m.Concepts, l.concept)
	if err := l.fault("the model of the space"); err != nil {
		return nil, err
	}
	return l.builder.Build()
}

// SetModel replaces the model.
func (l *Live) SetModel(m Model) { l.model, l.last = m, nil }

// Compact returns an entry or asset, as the delivery API has it with all
// locales, in the form in which a Live space takes it. The error is a
// fault.Invalid that says what is wrong with it.
func Compact(ref Ref, raw json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(raw))
	if err := json.Compact(&b, raw); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "not JSON")
	}
	_, err := delivered(b.Bytes(), ref)
	return b.Bytes(), err
}

// Put adds an entry or an asset, or replaces the one with its id. It is what
// Compact returned, and kept.
func (l *Live) Put(ref Ref, compact []byte) {
	l.docs[ref] = compact
	l.changed[ref] = true
}

// Remove removes an entry or an asset, if there is one.
func (l *Live) Remove(ref Ref) {
	delete(l.docs, ref)
	l.changed[ref] = true
}

// Get returns an entry or asset as it was put; nil if there is none.
func (l *Live) Get(ref Ref) []byte { return l.docs[ref] }

// Snapshot returns the content as it is now. It takes time by what has changed
// since the last time, or by all if that is the model.
func (l *Live) Snapshot() (*content.Snapshot, error) {
	if l.last == nil {
		base, err := l.model.base()
		if err != nil {
			return nil, err
		}
		l.last = base
		clear(l.changed)
		for ref := range l.docs {
			l.changed[ref] = true
		}
	}
	refs := make([]Ref, 0, len(l.changed))
	for ref := range l.changed {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.ID, b.ID) })
	for len(refs) > 0 {
		n := min(len(refs), batch)
		if err := l.catchUp(refs[:n]); err != nil {
			return nil, err
		}
		refs = refs[n:]
	}
	return l.last, nil
}

// batch is how many changes are made at once: decoded they take more memory
// than they do in the end.
const batch = 4096

// catchUp makes the changes of some items in l.last.
func (l *Live) catchUp(refs []Ref) error {
	var c content.Change
	var entries, assets []Ref
	for _, ref := range refs {
		_, there := l.docs[ref]
		switch {
		case there && ref.Kind == Entry:
			entries = append(entries, ref)
		case there:
			assets = append(assets, ref)
		case ref.Kind == Entry:
			c.RemovedEntries = append(c.RemovedEntries, ref.ID)
		default:
			c.RemovedAssets = append(c.RemovedAssets, ref.ID)
		}
	}
	c.Entries, c.Assets = l.items(entries), l.items(assets)
	next, err := l.last.With(c)
	if err != nil {
		return err
	}
	l.last = next
	for _, ref := range refs {
		delete(l.changed, ref)
	}
	return nil
}

// items decodes some entries or assets. Compact has looked at them, so nothing
// can be wrong with them.
func (l *Live) items(refs []Ref) []content.Item {
	items := make([]content.Item, len(refs))
	workers := max(1, min(runtime.GOMAXPROCS(0), len(refs)/minShare))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w; i < len(refs); i += workers {
				items[i], _ = delivered(l.docs[refs[i]], refs[i])
			}
		})
	}
	group.Wait()
	return items
}

// minShare is how many items are worth a goroutine.
const minShare = 256
