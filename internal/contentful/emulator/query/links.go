package query

import (
	"bytes"
	"encoding/json"

	"github.com/segue-dev/segue/internal/rawjson"
)

// A Link is what a field links to.
type Link struct {
	Type string // Entry, Asset, or that of a resource
	ID   string // of a ResourceLink its urn
}

// Links calls f with every link in a value, at any depth, those of rich text
// too, in order, until f returns false. It reports whether it saw them all.
func Links(value json.RawMessage, f func(Link) bool) bool {
	if !bytes.Contains(value, []byte(`"linkType"`)) {
		return true
	}
	if link, ok := asLink(value); ok {
		return f(link)
	}
	goOn := true
	members(value, func(_ string, v json.RawMessage) bool {
		goOn = Links(v, f)
		return goOn
	})
	elements(value, func(v json.RawMessage) bool {
		goOn = Links(v, f)
		return goOn
	})
	return goOn
}

// asLink returns the link that a value is, if it is one.
func asLink(value json.RawMessage) (Link, bool) {
	sys := member(value, "sys")
	if sys == nil {
		return Link{}, false
	}
	link := Link{Type: rawjson.Unquote(member(sys, "linkType")), ID: rawjson.Unquote(member(sys, "id"))}
	switch rawjson.Unquote(member(sys, "type")) {
	case "Link":
		return link, link.Type != "" && link.ID != ""
	case "ResourceLink":
		link.ID = rawjson.Unquote(member(sys, "urn"))
		return link, link.Type != "" && link.ID != ""
	}
	return Link{}, false
}

// linksTo reports whether an entity links to another, in any locale.
func (e *Entity) linksTo(want Link) bool {
	quoted, _ := json.Marshal(want.ID) // a string always encodes
	for _, v := range e.Fields {
		if bytes.Contains(v.JSON, quoted) && !Links(v.JSON, func(l Link) bool { return l != want }) {
			return true
		}
	}
	return false
}
