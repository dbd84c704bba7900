package content

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/rawjson"
)

// A Choice is what a slot shows.
type Choice struct {
	Entry      string // the entry to show; the baseline itself if nothing replaces it
	Hidden     bool   // render nothing
	Experience string // what chose it; "" = nobody: no sys.segue is added
	Variant    int
}

// A Page is a composed page.
type Page struct {
	JSON       []byte   // {"sys": …, "fields": …} with the chosen variants in place
	Unresolved []string // ids of links that lead nowhere, sorted, also marked in JSON
	Entities   []string // ids of all entries and assets shown, sorted: what a purge goes by
	MergeTags  []string // ids of the merge tags that occur, sorted; e.g. "traits.firstname"
	Cut        bool     // the page is too large to follow every link, see Compose

	places []place // of the merge tags in JSON, in order
	hashed sync.Once
	hash   string
}

// hashBytes is how much of the hash of a page names it.
const hashBytes = 12

// Hash names what the page shows: equal JSON has an equal hash, on any machine.
// It is found out once.
func (p *Page) Hash() string {
	p.hashed.Do(func() {
		sum := sha256.Sum256(p.JSON)
		p.hash = hex.EncodeToString(sum[:hashBytes])
	})
	return p.hash
}

// A page larger than this is cut: entries that link to each other in circles
// can be arranged in more ways than any front end can use. The bytes are what
// the Delivery API of the CMS answers at most.
const (
	maxParts = 5_000
	maxBytes = 7 << 20
)

// Depths to which links are followed.
const (
	uncut    = math.MaxInt
	maxDepth = 10 // tried first for a page that is cut: as deep as the Delivery API of the CMS goes
)

// Compose builds the page whose root is entry page, in locale.
//
// choose says what a slot shows. It is asked for page and for every published
// entry that is linked to, and must give the same answer each time. What it
// chooses is shown only if that is published in locale; else the baseline is.
// A chosen entry may link to its own baseline, and then contains it as it is.
// A hidden entry is left out of the list or the rich text that links to it, and
// a field that links to it alone is null; a hyperlink to it keeps its text. The page itself is never hidden.
//
// Merge tags are left as rich text nodes with the tag's entry and a mark, in
// data: {"target": …, "mergeTag": {"id": …, "fallback": …}}; Fill puts values in.
//
// A page that exceeds 5,000 entries and assets or 7 MiB is cut at the greatest
// depth at which it does not.
//
// The error is a fault.NotFound if page is not published in locale.
func (s *Snapshot) Compose(page, locale string, choose func(entry string) Choice) (*Page, error) {
	at, ok := s.locales.find(locale)
	if !ok {
		return nil, s.unknownLocale(locale)
	}
	root := s.entries.get(page)
	if root == nil || !root.served(at) {
		return nil, fault.New(fault.NotFound, "page %q: %s", page, s.whyNot(root, at))
	}
	c := composers.Get().(*composer)
	defer composers.Put(c)
	c.content, c.locale, c.choose = s, at, choose
	defer func() { c.content, c.choose = nil, nil }()
	limit := uncut
	for !c.compose(root, limit) {
		limit = min(limit, maxDepth+1) - 1
	}
	return c.page(limit < uncut), nil
}

// whyNot says why an entry is not served in a locale.
func (s *Snapshot) whyNot(e *Entry, locale int) string {
	switch {
	case e == nil:
		return "there is no such entry"
	case e.State == Draft || e.State == Archived:
		return "the entry is not published (" + e.State.String() + ")"
	}
	return "the entry is not published in locale " + s.locales.codes[locale]
}

// composers keeps the working memory of compositions.
var composers = sync.Pool{New: func() any { return new(composer) }}

// A composer writes one page.
type composer struct {
	content *Snapshot
	locale  int
	choose  func(string) Choice

	limit      int // links nested deeper are not followed
	over       bool
	buf        []byte
	open       []*Entry // the entries that what is written next is inside of
	shown      []string
	unresolved []string
	places     []place
}

// compose writes the page of root and reports whether it stayed within bounds.
// A page with a limit of 0 is a single entry, and always does.
func (c *composer) compose(root *Entry, limit int) bool {
	c.limit, c.over = limit, false
	c.buf, c.open = c.buf[:0], c.open[:0]
	c.shown, c.unresolved, c.places = c.shown[:0], c.unresolved[:0], c.places[:0]
	choice := c.choose(root.ID)
	c.entry(c.chosen(root, choice), root, choice)
	return !c.over
}

// page returns what was written.
func (c *composer) page(cut bool) *Page {
	p := &Page{
		JSON:       slices.Clone(c.buf),
		Entities:   distinct(c.shown),
		Unresolved: distinct(c.unresolved),
		Cut:        cut,
		places:     slices.Clone(c.places),
	}
	for _, place := range p.places {
		p.MergeTags = append(p.MergeTags, place.tag.id)
	}
	p.MergeTags = distinct(p.MergeTags)
	return p
}

// distinct returns a sorted copy of ids, each once; nil if there are none.
func distinct(ids []string) []string {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return slices.Clone(slices.Compact(ids))
}

// chosen returns the entry that a choice shows in place of baseline.
func (c *composer) chosen(baseline *Entry, choice Choice) *Entry {
	if choice.Hidden || choice.Entry == baseline.ID {
		return baseline
	}
	if e := c.content.entries.get(choice.Entry); e != nil && e.served(c.locale) && !slices.Contains(c.open, e) {
		return e
	}
	return baseline
}

// entry writes e, which stands for baseline.
func (c *composer) entry(e, baseline *Entry, choice Choice) {
	if len(c.shown) >= maxParts || len(c.buf) > maxBytes {
		c.over = true
		return
	}
	c.shown = append(c.shown, e.ID)
	c.buf = append(c.buf, `{"sys":`...)
	c.buf = append(c.buf, e.head...)
	c.buf = append(c.buf, e.locales.members[c.locale]...)
	if e != baseline && choice.Experience != "" {
		c.origin(baseline, choice)
	}
	c.buf = append(c.buf, '}')
	if len(e.metadata) > 0 {
		c.buf = append(c.buf, `,"metadata":`...)
		c.buf = append(c.buf, e.metadata...)
	}
	c.buf = append(c.buf, `,"fields":{`...)
	c.open = append(c.open, e)
	c.fields(e)
	c.open = c.open[:len(c.open)-1]
	c.buf = append(c.buf, "}}"...)
}

// origin writes what an entry replaces, and why.
func (c *composer) origin(baseline *Entry, choice Choice) {
	c.buf = append(c.buf, `,"segue":{"baseline":`...)
	c.buf = rawjson.AppendQuoted(c.buf, baseline.ID)
	c.buf = append(c.buf, `,"experience":`...)
	c.buf = rawjson.AppendQuoted(c.buf, choice.Experience)
	c.buf = append(c.buf, `,"variant":`...)
	c.buf = strconv.AppendInt(c.buf, int64(choice.Variant), 10)
	c.buf = append(c.buf, '}')
}

// fields writes the fields of e.
func (c *composer) fields(e *Entry) {
	first := true
	for i := range e.fields {
		f := &e.fields[i]
		v := f.at[c.locale]
		if v == nil || f.internal {
			continue
		}
		if !first {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.buf, f.key...)
		if v.body == nil {
			c.buf = append(c.buf, v.raw...)
		} else if !c.fragment(v.body) { // hidden, which is not the same as empty
			c.buf = append(c.buf, "null"...)
		}
		first = false
	}
}

// fragment writes f. It reports false, and has written nothing, if f shows
// nothing.
func (c *composer) fragment(f *fragment) bool {
	if c.over {
		return true
	}
	switch f.op {
	case copied:
		c.buf = append(c.buf, f.raw...)
	case linked:
		return c.link(f.link)
	case listed:
		c.list(f.parts)
	case joined:
		return c.join(f.parts)
	case inline:
		return c.inline(f.parts)
	case written:
		c.text(f)
	}
	return true
}

// list writes an array of the parts that show something.
func (c *composer) list(parts []fragment) {
	c.buf = append(c.buf, '[')
	first := true
	for i := range parts {
		before := len(c.buf)
		if !first {
			c.buf = append(c.buf, ',')
		}
		if !c.fragment(&parts[i]) {
			c.buf = c.buf[:before]
			continue
		}
		first = false
	}
	c.buf = append(c.buf, ']')
}

// join writes the parts one after the other, or nothing if a link among them
// shows nothing.
func (c *composer) join(parts []fragment) bool {
	for i := range parts {
		if parts[i].op == linked && c.hides(parts[i].link) {
			return false
		}
	}
	for i := range parts {
		c.fragment(&parts[i])
	}
	return true
}
