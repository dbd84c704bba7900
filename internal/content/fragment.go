package content

import (
	"bytes"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/rawjson"
)

// An op says what composition does with a fragment.
type op uint8

// The ops.
const (
	copied  op = iota // raw, as it is
	joined            // its parts, one after the other; left out if a link in it shows nothing
	listed            // an array of its parts, without those that show nothing
	linked            // what its link leads to
	inline            // as joined; a merge tag if that is what its link, the second part, leads to
	written           // raw, with its tags in the texts of it
)

// A fragment is a piece of a field value, made ready for composition: what can
// be copied is copied, and only links are looked at.
type fragment struct {
	op    op
	raw   []byte
	link  *link
	parts []fragment
	tags  []textTag
}

// A link leads from a field value to an entry or asset.
type link struct {
	id        string // for a link into another space, its address
	kind      linkKind
	hyperlink bool   // it surrounds text, and so is never left out
	open      []byte // `{"sys":{…}`, open for a mark
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

// compiled returns the fragment of a field value, a link, a list of links, rich
// text or text with merge tags, and nil for anything else: it is copied.
func compiled(raw []byte) *fragment {
	var f fragment
	switch raw[0] {
	case '"':
		f = textOf(raw)
	case '[':
		f = listOf(raw, element)
	case '{':
		if f = element(raw); f.op == copied && bytes.Contains(raw, nodeType) {
			f = node(raw)
		}
	}
	if f.op == copied {
		return nil
	}
	return &f
}

// element returns the fragment of an element of a list of links or texts.
func element(raw []byte) fragment {
	if l := linkOf(raw); l != nil {
		return fragment{op: linked, link: l}
	}
	return textOf(raw)
}

// listOf returns the fragment of an array whose elements are compiled by one.
func listOf(raw []byte, one func([]byte) fragment) fragment {
	whole := fragment{op: listed}
	plain := true
	rawjson.Elements(raw, func(start, end int) {
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
	linkSys    = []byte(`{"sys":{`)    // how a link begins
	linkTarget = []byte(`"target":{`)  // how the link of a rich text node begins
	nodeType   = []byte(`"nodeType":`) // what rich text has
)

// linkOf returns the link that raw is, or nil.
func linkOf(raw []byte) *link {
	if !bytes.HasPrefix(raw, linkSys) {
		return nil
	}
	var kind, linkKind string
	start, end := len(`{"sys":`), len(raw)-1
	sys := raw[start:rawjson.End(raw, start)]
	l := &link{open: raw[:end:end]}
	rawjson.Members(sys, func(name []byte, start, end int) {
		switch string(name) {
		case `"type"`:
			kind = rawjson.Unquote(sys[start:end])
		case `"linkType"`:
			linkKind = rawjson.Unquote(sys[start:end])
		case `"id"`, `"urn"`:
			l.id = rawjson.Unquote(sys[start:end])
		}
	})
	switch {
	case kind == "ResourceLink":
		l.kind = toOtherSpace
	case kind == "Link" && linkKind == "Entry":
	case kind == "Link" && linkKind == "Asset":
		l.kind = toAsset
	default:
		return nil
	}
	return l
}

// A span is a range of bytes within a rich text node.
type span struct{ start, end int }

// node returns the fragment of a rich text node: it has a nodeType, perhaps a
// link at data.target, and perhaps nodes in content.
func node(raw []byte) fragment {
	if raw[0] != '{' || !bytes.Contains(raw, linkTarget) {
		return withTags(raw)
	}
	var kind string
	var target, children span
	rawjson.Members(raw, func(name []byte, start, end int) {
		switch string(name) {
		case `"nodeType"`:
			kind = rawjson.Unquote(raw[start:end])
		case `"content"`:
			children = span{start, end}
		case `"data"`:
			rawjson.Members(raw[start:end], func(name []byte, from, to int) {
				if string(name) == `"target"` {
					target = span{start + from, start + to}
				}
			})
		}
	})
	if kind == "" {
		return fragment{raw: raw}
	}
	return join(raw, kind, target, children)
}

// join returns the fragment of a rich text node from where its link and its
// content are.
func join(raw []byte, kind string, target, children span) fragment {
	type piece struct {
		span
		fragment
	}
	pieces := []piece{
		{target, targetOf(raw[target.start:target.end], kind)},
		{children, listOf(raw[children.start:children.end], node)},
	}
	if children.start < target.start {
		slices.Reverse(pieces)
	}
	whole := fragment{op: joined}
	if kind == inlineNode {
		whole.op = inline
	}
	at := 0
	for _, p := range pieces {
		if p.op != copied {
			whole.parts = append(whole.parts, withTags(raw[at:p.start]), p.fragment)
			at = p.end
		}
	}
	if at == 0 {
		return withTags(raw)
	}
	whole.parts = append(whole.parts, withTags(raw[at:]))
	return whole
}

// targetOf returns the fragment of the link of a rich text node.
func targetOf(raw []byte, kind string) fragment {
	part := element(raw)
	if part.op == linked {
		part.link.hyperlink = strings.HasSuffix(kind, "hyperlink")
	}
	return part
}
