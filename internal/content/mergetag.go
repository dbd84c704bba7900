package content

// A mergeTag is the place in rich text where something known of the visitor
// goes.
type mergeTag struct {
	id       string
	fallback string
	mark     []byte // `,"mergeTag":{"id":…,"fallback":…}`
}

// mergeTags fills the tags of the entries that are merge tags. One without an
// id stays an ordinary entry.
func (a *assembly) mergeTags() {
	v := a.Vocabulary
	if v.MergeTag == "" {
		return
	}
	for _, e := range a.compiler.entries {
		if e.Type != v.MergeTag {
			continue
		}
		if e.text(v.MergeTagID, a.locales.standard) == "" {
			a.doubt(e.ID, v.MergeTagID, "is missing: the merge tag cannot be filled")
			continue
		}
		for at := range a.locales.codes {
			e.tags = append(e.tags, newMergeTag(e.text(v.MergeTagID, at), e.text(v.MergeTagFallback, at)))
		}
	}
}

// newMergeTag returns a tag with its mark.
func newMergeTag(id, fallback string) *mergeTag {
	mark := appendQuoted([]byte(`,"mergeTag":{"id":`), id)
	mark = appendQuoted(append(mark, `,"fallback":`...), fallback)
	return &mergeTag{id: id, fallback: fallback, mark: append(mark, '}')}
}

// Fill returns p's JSON with every merge tag replaced by a text node: of what
// value returns for the tag's id, or of its fallback. A page without merge tags
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
		filled = append(filled, `{"nodeType":"text","value":`...)
		filled = appendQuoted(filled, text)
		filled = append(filled, `,"marks":[],"data":{}}`...)
		at = place.end
	}
	return append(filled, p.JSON[at:]...)
}

// A place is where in a page a merge tag's node is.
type place struct {
	start, end int
	tag        *mergeTag
}
