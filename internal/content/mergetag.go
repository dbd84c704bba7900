package content

import (
	"github.com/segue-dev/segue/internal/rawjson"
	"github.com/segue-dev/segue/internal/spelling"
)

// A mergeTag is the place in text where something known of the visitor goes.
type mergeTag struct {
	id       string
	fallback string
	mark     []byte // `,"mergeTag":{"id":…,"fallback":…}`; of one in rich text
}

// mergeTag fills the tags of an entry that is a merge tag. One without an id
// stays an ordinary entry.
func (m *model) mergeTag(e *Entry, f *form) {
	v := m.vocabulary
	if v.MergeTag == "" || !f.mergeTag {
		return
	}
	if spelling.ID(e.text(v.MergeTagID, m.locales.standard)) == "" {
		e.doubt(v.MergeTagID, "is missing: the merge tag cannot be filled")
		return
	}
	for at := range m.locales.codes {
		e.tags = append(e.tags, newMergeTag(spelling.ID(e.text(v.MergeTagID, at)), e.text(v.MergeTagFallback, at)))
	}
}

// newMergeTag returns a tag with its mark.
func newMergeTag(id, fallback string) *mergeTag {
	mark := rawjson.AppendQuoted([]byte(`,"mergeTag":{"id":`), id)
	mark = rawjson.AppendQuoted(append(mark, `,"fallback":`...), fallback)
	return &mergeTag{id: id, fallback: fallback, mark: append(mark, '}')}
}

// Fill returns p's JSON with every merge tag replaced by what value returns for
// the tag's id, or by its fallback; in rich text that is a text node. A page without merge tags
// is returned as it is, not copied.
func (p *Page) Fill(value func(id string) (string, bool)) []byte {
	if len(p.places) == 0 {
		return p.JSON
	}
	filled := make([]byte, 0, len(p.JSON))
	at := 0
	for _, place := range p.places {
		text, ok := value(place.tag.id)
		if !ok {
			text = place.tag.fallback
		}
		filled = append(filled, p.JSON[at:place.start]...)
		if place.text {
			filled = appendUnquoted(filled, text)
		} else {
			filled = append(filled, `{"nodeType":"text","value":`...)
			filled = rawjson.AppendQuoted(filled, text)
			filled = append(filled, `,"marks":[],"data":{}}`...)
		}
		at = place.end
	}
	return append(filled, p.JSON[at:]...)
}

// A place is where in a page a merge tag is: its node, or what stands for it in a
// text.
type place struct {
	start, end int
	tag        *mergeTag
	text       bool
}
