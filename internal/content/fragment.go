package content

import (
	"bytes"
	"slices"
	"strings"
)

// An op says what composition does with a fragment.
type op uint8

// The ops.
const (
	copied op = iota // raw, as it is
	joined           // its parts, one after the other; left out if a link in it shows nothing
	listed           // an array of its parts, without those that show nothing
	linked           // what its link leads to
	tagged           // a merge tag: raw, what its link leads to, the tag's mark, its parts
)

// A fragment is a piece of a field value, made ready for composition: what can
// be copied is copied, and only links are looked at.
type fragment struct {
	op    op
	raw   []byte
	link  *link
	parts []fragment
}

// A link leads from a field value to an entry or asset.
type link struct {
	id        string // for a link into another space, its address
	kind      linkKind
	hyperlink bool   // it surrounds text, and so is never left out
	open      []byte // `{"sys":{…}`, open for a mark
	target    *Entry // nil: there is none
}

// A linkKind says what a link says it leads to.
type linkKind uint8

// The kinds of links.
const (
	toEntry linkKind = iota
	toAsset
	toOtherSpace
)

// String returns the word for the kind that messages use.
func (k linkKind) String() string {
	return [...]string{"entry", "asset", "resource"}[k]
}

// eachLink calls visit with the links of a fragment, in order.
func (f *fragment) eachLink(visit func(*link)) {
	if f.link != nil {
		visit(f.link)
	}
	for i := range f.parts {
		f.parts[i].eachLink(visit)
	}
}

// A compiler makes fragments of field values. It knows all entries and assets
// that links can lead to.
type compiler struct {
	entries map[string]*Entry
	assets  map[string]*Entry
}

// value returns the fragment of a field value: a link, a list of links, or rich
// text. Anything else is copied.
func (c *compiler) value(raw []byte) fragment {
	if l := c.link(raw); l != nil {
		return fragment{op: linked, link: l}
	}
	if raw[0] == '[' {
		return c.list(raw, c.element)
	}
	return c.node(raw)
}

// element returns the fragment of an element of a list of links.
func (c *compiler) element(raw []byte) fragment {
	if l := c.link(raw); l != nil {
		return fragment{op: linked, link: l}
	}
	return fragment{raw: raw}
}

// list returns the fragment of an array whose elements are compiled by one.
func (c *compiler) list(raw []byte, one func([]byte) fragment) fragment {
	whole := fragment{op: listed}
	plain := true
	eachElement(raw, func(start, end int) {
		part := one(raw[start:end])
		plain = plain && part.op == copied
		whole.parts = append(whole.parts, part)
	})
	if plain {
		return fragment{raw: raw}
	}
	return whole
}

// inlineNode is the rich text node that shows an entry within a line of text.
const inlineNode = "embedded-entry-inline"

var (
	linkSys    = []byte(`{"sys":{`)   // how a link begins
	linkTarget = []byte(`"target":{`) // how the link of a rich text node begins
)

// link returns the link that raw is, or nil.
func (c *compiler) link(raw []byte) *link {
	if !bytes.HasPrefix(raw, linkSys) {
		return nil
	}
	var kind, linkKind string
	start, end := len(`{"sys":`), len(raw)-1
	sys := raw[start:valueEnd(raw, start)]
	l := &link{open: raw[:end:end]}
	eachMember(sys, func(name []byte, start, end int) {
		switch string(name) {
		case `"type"`:
			kind = unquote(sys[start:end])
		case `"linkType"`:
			linkKind = unquote(sys[start:end])
		case `"id"`, `"urn"`:
			l.id = unquote(sys[start:end])
		}
	})
	switch {
	case kind == "ResourceLink":
		l.kind = toOtherSpace
	case kind == "Link" && linkKind == "Entry":
		l.target = c.entries[l.id]
	case kind == "Link" && linkKind == "Asset":
		l.kind, l.target = toAsset, c.assets[l.id]
	default:
		return nil
	}
	return l
}

// A span is a range of bytes within a rich text node.
type span struct{ start, end int }

// node returns the fragment of a rich text node: it has a nodeType, perhaps a
// link at data.target, and perhaps nodes in content.
func (c *compiler) node(raw []byte) fragment {
	if raw[0] != '{' || !bytes.Contains(raw, linkTarget) {
		return fragment{raw: raw}
	}
	var kind string
	var target, children span
	eachMember(raw, func(name []byte, start, end int) {
		switch string(name) {
		case `"nodeType"`:
			kind = unquote(raw[start:end])
		case `"content"`:
			children = span{start, end}
		case `"data"`:
			eachMember(raw[start:end], func(name []byte, from, to int) {
				if string(name) == `"target"` {
					target = span{start + from, start + to}
				}
			})
		}
	})
	if kind == "" {
		return fragment{raw: raw}
	}
	return c.join(raw, kind, target, children)
}

// join returns the fragment of a rich text node from where its link and its
// content are.
func (c *compiler) join(raw []byte, kind string, target, children span) fragment {
	type piece struct {
		span
		fragment
	}
	pieces := []piece{
		{target, c.target(raw[target.start:target.end], kind)},
		{children, c.list(raw[children.start:children.end], c.node)},
	}
	if children.start < target.start {
		slices.Reverse(pieces)
	}
	whole := fragment{op: joined}
	at := 0
	for _, p := range pieces {
		if p.op != copied {
			whole.parts = append(whole.parts, fragment{raw: raw[at:p.start]}, p.fragment)
			at = p.end
		}
	}
	if at == 0 {
		return fragment{raw: raw}
	}
	whole.parts = append(whole.parts, fragment{raw: raw[at:]})
	return whole.asMergeTag(kind)
}

// target returns the fragment of the link of a rich text node.
func (c *compiler) target(raw []byte, kind string) fragment {
	part := c.element(raw)
	if part.op == linked {
		part.link.hyperlink = strings.HasSuffix(kind, "hyperlink")
	}
	return part
}

// asMergeTag turns the fragment of an inline node that leads to a merge tag
// into that of the tag.
func (f fragment) asMergeTag(kind string) fragment {
	if kind != inlineNode || len(f.parts) < 3 || f.parts[1].op != linked {
		return f
	}
	l := f.parts[1].link
	if l.target == nil || l.target.tags == nil {
		return f
	}
	return fragment{op: tagged, raw: f.parts[0].raw, link: l, parts: f.parts[2:]}
}
