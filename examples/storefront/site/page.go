package site

import (
	"encoding/json"
	"fmt"
	"html/template"
	"io"
)

// A view is a page as the template wants it.
type view struct {
	Title, Description string
	Path               string
	Ref                string // what Segue calls the page, such as page:home
	Sections           []section
	State              template.JS // the answer of /v1/resolve, if a visitor's was asked for
	Resolved           bool        // the sections are a visitor's; the client has nothing to choose
}

// A section is one component of a page, perhaps in a slot.
type section struct {
	Slot       string // id of the baseline; "" = not a slot
	Variant    int
	Experience string
	Shown      object   // nil = hidden
	Others     []object // what the client may show in its place
}

// Entry returns the id of what is shown.
func (s section) Entry() string { return id(s.Shown) }

// Render writes a composed page, as /v1/pages answers it, as HTML. path is where
// it is served.
func Render(w io.Writer, path, ref string, page json.RawMessage) error {
	var composed object
	if err := json.Unmarshal(page, &composed); err != nil {
		return fmt.Errorf("render %s: %w", ref, err)
	}
	return render(w, composedView(path, ref, composed))
}

// composedView is of a page that Segue composed: what was swapped in says so.
func composedView(path, ref string, page object) view {
	v := newView(path, ref, page)
	v.Resolved = true
	for _, shown := range sectionsOf(page) {
		s := section{Slot: id(shown), Shown: shown}
		sys, _ := shown["sys"].(object)
		if swap, ok := sys["segue"].(object); ok {
			s.Slot, _ = swap["baseline"].(string)
			s.Experience, _ = swap["experience"].(string)
			index, _ := swap["variant"].(float64)
			s.Variant = int(index)
		}
		v.Sections = append(v.Sections, s)
	}
	return v
}

// staticView is of a page as it is for everybody, with what may replace its
// sections beside them. Any CDN may keep it.
func (x *export) staticView(path, ref string, page object) view {
	v := newView(path, ref, page)
	for _, shown := range sectionsOf(page) {
		s := section{Shown: shown}
		if ids, isSlot := x.variants(id(shown)); isSlot {
			s.Slot = id(shown)
			for _, variant := range ids {
				s.Others = append(s.Others, x.entry(variant))
			}
		}
		v.Sections = append(v.Sections, s)
	}
	return v
}

// An answer is what this site reads of an answer of /v1/resolve.
type answer struct {
	Slots map[string]struct {
		Variant    int
		Entry      string
		Hidden     bool
		Experience string
	}
	Page object
}

// visitorView is of a page that was resolved for a visitor. baseline says where
// hidden slots are; state goes to the client as it is.
func visitorView(path, ref string, baseline object, got answer, state json.RawMessage) view {
	composed := composedView(path, ref, got.Page)
	shown := map[string]section{}
	for _, s := range composed.Sections {
		shown[s.Slot] = s
	}
	composed.Sections = nil
	for _, b := range sectionsOf(baseline) {
		s, ok := shown[id(b)]
		decided, isSlot := got.Slots[id(b)]
		if isSlot {
			s.Slot, s.Variant, s.Experience = id(b), decided.Variant, decided.Experience
		} else {
			s.Slot = ""
		}
		if ok || isSlot {
			composed.Sections = append(composed.Sections, s)
		}
	}
	composed.State = template.JS(state) //nolint:gosec // JSON of Segue, in which < and > are escaped
	return composed
}

func newView(path, ref string, page object) view {
	title, _ := field(page, "title").(string)
	description, _ := field(page, "description").(string)
	return view{Title: title, Description: description, Path: path, Ref: ref}
}

func sectionsOf(page object) (sections []object) {
	list, _ := field(page, "sections").([]any)
	for _, s := range list {
		if entry, ok := s.(object); ok {
			sections = append(sections, entry)
		}
	}
	return sections
}
