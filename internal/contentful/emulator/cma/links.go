package cma

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// linked returns what a link leads to; false if it is not there.
func (v *validator) linked(value any) (*store.Entity, bool) {
	return v.tx.Get(store.Kind(store.Text(value, "sys", "linkType")), store.Text(value, "sys", "id"))
}

// link checks that a link leads to something.
func (v *validator) link(value any, path []any) {
	if _, ok := v.linked(value); ok {
		return
	}
	sys, _ := store.At(value, "sys").(store.Object)
	v.unresolved = append(v.unresolved, problem{Name: "notResolvable", Path: path, Link: sys, Details: "The linked entity does not exist"})
}

// target checks the type of what a link leads to.
func (v *validator) target(name string, value, arg any, path []any) {
	e, ok := v.linked(value)
	if !ok {
		return // link has said so
	}
	switch {
	case name == "linkContentType" && e.Kind == store.Entry && !contains(arg, e.ContentType):
		v.add(problem{Name: name, Path: path, Value: value, Types: arg, Details: "The content type of the linked entry is not one of those allowed"})
	case name == "linkMimetypeGroup" && e.Kind == store.Asset && !v.inGroup(e, arg):
		v.add(problem{Name: name, Path: path, Value: value, Allowed: arg, Details: "The file of the linked asset is not of an allowed type"})
	}
}

func contains(list any, s string) bool {
	switch list := list.(type) {
	case []any:
		return slices.ContainsFunc(list, func(v any) bool { return v == any(s) })
	case string: // an old form of linkContentType
		return list == s
	}
	return false
}

// inGroup reports whether all files of an asset are of the MIME type groups.
func (v *validator) inGroup(asset *store.Entity, groups any) bool {
	files, _ := store.Fields(asset.Body)["file"].(store.Object)
	for _, f := range files {
		if !contains(groups, mimeGroup(store.Text(f, "contentType"))) {
			return false
		}
	}
	return true
}

// documents are the MIME types of groups that their first part does not name.
var documents = []struct{ part, group string }{
	{"pdf", "pdfdocument"},
	{"wordprocessing", "richtext"},
	{"msword", "richtext"},
	{"rtf", "richtext"},
	{"presentation", "presentation"},
	{"powerpoint", "presentation"},
	{"spreadsheet", "spreadsheet"},
	{"excel", "spreadsheet"},
	{"zip", "archive"},
	{"tar", "archive"},
	{"compressed", "archive"},
	{"javascript", "code"},
	{"json", "code"},
	{"css", "code"},
	{"xml", "markup"},
	{"html", "markup"},
}

// mimeGroup returns the group of a MIME type as Contentful names them.
func mimeGroup(mime string) string {
	for _, d := range documents {
		if strings.Contains(mime, d.part) && !strings.HasPrefix(mime, "image/") {
			return d.group
		}
	}
	switch group, _, _ := strings.Cut(mime, "/"); group {
	case "image", "audio", "video":
		return group
	case "text":
		return "plaintext"
	}
	return "attachment"
}

// richText checks the links in rich text.
func (v *validator) richText(value any, path []any) {
	walkNodes(value, func(node store.Object) {
		if target := store.At(node, "data", "target"); store.Text(target, "sys", "type") == "Link" {
			v.link(target, path)
		}
	})
}

// walkNodes calls f for a node of rich text and all below.
func walkNodes(value any, f func(store.Object)) {
	node, ok := value.(store.Object)
	if !ok {
		return
	}
	f(node)
	children, _ := node["content"].([]any)
	for _, child := range children {
		walkNodes(child, f)
	}
}

// alwaysAllowed are the types of nodes that every rich text may have.
var alwaysAllowed = []string{"document", "paragraph", "text", "list-item", "table-row", "table-cell", "table-header-cell"}

// nodes checks which types of nodes, or which marks, rich text has.
func (v *validator) nodes(name string, value, allowed any, path []any) {
	var wrong string
	walkNodes(value, func(node store.Object) {
		if name == "enabledNodeTypes" {
			if kind := store.Text(node, "nodeType"); !slices.Contains(alwaysAllowed, kind) && !contains(allowed, kind) {
				wrong = kind
			}
			return
		}
		marks, _ := node["marks"].([]any)
		for _, m := range marks {
			if kind := store.Text(m, "type"); !contains(allowed, kind) {
				wrong = kind
			}
		}
	})
	if wrong != "" {
		v.add(problem{Name: name, Path: path, Value: wrong, Allowed: allowed, Details: "Rich text may not have " + wrong})
	}
}
