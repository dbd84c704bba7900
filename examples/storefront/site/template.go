package site

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html components.html style.css shop.js art.svg
var files embed.FS

// hide is the style that hides slots until the client has chosen, for 0.3 s at
// most. It is in the page itself: nothing of the page may wait for Segue.
//
//go:embed hide.css
var hide string

// templates has page.html, and in components.html one template for each content
// type.
var templates *template.Template

func init() { // component refers to them
	templates = template.Must(template.New("").Funcs(template.FuncMap{
		"component": component,
		"hide":      func() template.CSS { return template.CSS(hide) }, //nolint:gosec // our own
		"rich":      rich,
		"art":       art,
		"money":     func(v any) string { return fmt.Sprintf("$%v", v) },
		"stars": func(v any) string {
			rating, _ := v.(float64)
			full := min(max(int(rating+0.5), 0), 5)
			return strings.Repeat("★", full) + strings.Repeat("☆", 5-full)
		},
		"productPath": func(product object) string {
			slug, _ := field(product, "slug").(string)
			return "/products/" + slug
		},
		"spaced": spaced,
	}).ParseFS(files, "*.html"))
}

// component renders an entry by its content type; what has no template is not
// shown, and says so in the source of the page.
func component(entry object) (template.HTML, error) {
	name := typeOf(entry)
	if templates.Lookup(name) == nil {
		return template.HTML("<!-- no template for " + template.HTMLEscapeString(name) + " -->"), nil //nolint:gosec // escaped
	}
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name, entry)
	return template.HTML(b.String()), err //nolint:gosec // html/template made it
}

func render(w io.Writer, v view) error {
	var b bytes.Buffer // nothing half a page
	if err := templates.ExecuteTemplate(&b, "page.html", v); err != nil {
		return fmt.Errorf("render %s: %w", v.Path, err)
	}
	_, err := b.WriteTo(w)
	return err
}

// art returns the name of the drawing in art.svg that stands for an asset.
func art(asset any) string {
	return strings.TrimPrefix(id(asset), "img-")
}

// spaced returns a name like timePerCup as words.
func spaced(name string) string {
	var b strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// tags are the elements of rich text's nodes; a node without one is its content.
var tags = map[string]string{
	"paragraph": "p", "unordered-list": "ul", "ordered-list": "ol", "list-item": "li", "blockquote": "blockquote",
	"heading-1": "h2", "heading-2": "h2", "heading-3": "h3", "heading-4": "h4",
}

// rich renders rich text.
func rich(node any) template.HTML {
	var b strings.Builder
	writeRich(&b, node)
	return template.HTML(b.String()) //nolint:gosec // writeRich escapes what is not its own
}

func writeRich(b *strings.Builder, v any) {
	node, _ := v.(object)
	kind, _ := node["nodeType"].(string)
	if kind == "text" {
		text, _ := node["value"].(string)
		b.WriteString(template.HTMLEscapeString(text))
		return
	}
	tag, attribute := tags[kind], ""
	if href := linkOf(kind, node); href != "" {
		tag, attribute = "a", ` href="`+template.HTMLEscapeString(href)+`"`
	}
	if tag != "" {
		b.WriteString("<" + tag + attribute + ">")
	}
	content, _ := node["content"].([]any)
	for _, child := range content {
		writeRich(b, child)
	}
	if tag != "" {
		b.WriteString("</" + tag + ">")
	}
}

// linkOf returns where a hyperlink leads; "" for other nodes, and for addresses
// that are not of the web.
func linkOf(kind string, node object) string {
	data, _ := node["data"].(object)
	switch kind {
	case "hyperlink":
		uri, _ := data["uri"].(string)
		if strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "https://") {
			return uri
		}
	case "entry-hyperlink":
		target, _ := data["target"].(object)
		if slug, ok := field(target, "slug").(string); ok && typeOf(target) == "product" {
			return "/products/" + slug
		}
	}
	return ""
}
