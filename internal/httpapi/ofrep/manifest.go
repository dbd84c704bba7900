package ofrep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/experience"
)

// manifest is all flags there are, as OpenFeature's tools want them to generate
// typed accessors.
type manifest struct {
	Flags []manifestFlag `json:"flags"`
}

type manifestFlag struct {
	Key          string `json:"key"`
	Name         string `json:"name"`
	Type         string `json:"type"` // boolean, string, integer or object
	Description  string `json:"description"`
	DefaultValue any    `json:"defaultValue"`
}

// manifest answers with the manifest of what is published.
func (a *api) manifest(c echo.Context) error {
	header := c.Response().Header()
	header.Set("X-Manifest-Capabilities", "read")
	header.Set(echo.HeaderCacheControl, "private, no-cache")
	return c.JSON(http.StatusOK, a.flagsetOf(a.resolver.Site()).manifest())
}

func (f *flagset) manifest() manifest {
	m := manifest{Flags: []manifestFlag{
		{keyFlag, "Key of the choices", "string", "Names the choices of all slots; GET /v1/pages/{page}/{key} has the page for it.", ""},
		{segmentFlag, "Current segment", "string", "The segment of the greatest priority that the visitor is in, or nothing.", ""},
	}}
	for _, s := range f.segments {
		d := f.site.Segments.Definition(s.index)
		m.Flags = append(m.Flags, manifestFlag{segmentPrefix + s.key, d.Name, "boolean", d.SoWhat, false})
	}
	for _, id := range f.site.Experiences.Slots() {
		what := f.describe(id)
		m.Flags = append(m.Flags,
			manifestFlag{slotPrefix + id, "Slot " + id, "object", "What to show for the component " + id + ". " + what, slotValue{Variant: baseline, EntryID: id, Segments: []string{}}},
			manifestFlag{variantPrefix + id, "Variant of " + id, "string", "The entry to show for the component " + id + ", or " + baseline + ", or " + hidden + ". " + what, baseline})
	}
	for _, v := range f.variables {
		if typ := typeOf(v.baseline); typ != "" {
			m.Flags = append(m.Flags, manifestFlag{variablePrefix + v.key, v.key, typ, "Set by " + named(f.setters(v.key)) + ".", wrapped(v.baseline)})
		}
	}
	return m
}

// describe names the experiences of a slot.
func (f *flagset) describe(slot string) string {
	return "Replaced by " + named(f.site.Experiences.At(slot)) + "."
}

// setters returns the experiences that set a variable.
func (f *flagset) setters(key string) (list []*experience.Experience) {
	for _, e := range f.site.Experiences.All() {
		for i := range e.Variables {
			if e.Variables[i].Key == key {
				list = append(list, e)
			}
		}
	}
	return list
}

// named names experiences and whom they are for.
func named(list []*experience.Experience) string {
	names := make([]string, len(list))
	for i, e := range list {
		name, audience := e.Name, e.Audience
		if name == "" {
			name = e.ID
		}
		if audience == "" {
			audience = "everybody"
		}
		names[i] = fmt.Sprintf("%s (%s)", name, audience)
	}
	return strings.Join(names, ", ")
}

// typeOf returns the type of a variable by the value of its baseline; "" for
// numbers with a fraction, for which manifests have no type.
func typeOf(value json.RawMessage) string {
	switch value[0] {
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case '{', '[', 'n':
		return "object"
	default:
		if bytes.ContainsAny(value, ".eE") {
			return ""
		}
		return "integer"
	}
}
