package content

import (
	"bytes"
	"regexp"

	"github.com/segue-dev/segue/internal/rawjson"
	"github.com/segue-dev/segue/internal/spelling"
)

// A textTag is a merge tag within a text, such as {{traits.firstName | there}}.
type textTag struct {
	start, end int // in the raw text, from brace to brace
	tag        *mergeTag
}

var openTag = []byte("{{")

// textTags finds merge tags in a raw text. Only what begins with something that
// can be known of a visitor is one: other braces mean something else.
var textTags = regexp.MustCompile(`\{\{\s*((?:traits|location|campaign)[._][^\s{}|"\\]+)\s*(?:\|((?:[^{}"\\]|\\.)*))?\}\}`)

// textOf returns the fragment of a raw text; anything else is copied.
func textOf(raw []byte) fragment {
	if len(raw) == 0 || raw[0] != '"' {
		return fragment{raw: raw}
	}
	return withTags(raw)
}

// withTags returns the fragment of some JSON, perhaps a part of it, with the
// merge tags in its texts.
func withTags(raw []byte) fragment {
	if !bytes.Contains(raw, openTag) {
		return fragment{raw: raw}
	}
	f := fragment{op: written, raw: raw}
	for _, at := range textTags.FindAllSubmatchIndex(raw, -1) {
		tag := &mergeTag{id: spelling.ID(string(raw[at[2]:at[3]]))}
		if at[4] >= 0 {
			fallback := bytes.TrimSpace(raw[at[4]:at[5]])
			tag.fallback = rawjson.Unquote(bytes.Join([][]byte{{'"'}, fallback, {'"'}}, nil))
		}
		f.tags = append(f.tags, textTag{at[0], at[1], tag})
	}
	if len(f.tags) == 0 {
		return fragment{raw: raw}
	}
	return f
}

// text writes texts and notes where its merge tags are.
func (c *composer) text(f *fragment) {
	for _, t := range f.tags {
		c.places = append(c.places, place{start: len(c.buf) + t.start, end: len(c.buf) + t.end, tag: t.tag, text: true})
	}
	c.buf = append(c.buf, f.raw...)
}

// appendUnquoted appends s as part of a JSON string.
func appendUnquoted(dst []byte, s string) []byte {
	quoted := rawjson.AppendQuoted(nil, s)
	return append(dst, quoted[1:len(quoted)-1]...)
}
