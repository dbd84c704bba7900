package space

import (
	"cmp"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// readAudiences gathers the audiences that can be used.
func (r *personalizationReader) readAudiences(configured func(key string) bool) {
	first := map[string]string{} // key → entry id
	for _, e := range r.published("nt_audience") {
		key := r.id(e, "nt_audience_id")
		if other, doubled := first[key]; doubled {
			r.find(e.ID, "nt_audience_id", "%q is the id of audience %s too: this one is left out; give it its own", key, other)
			continue
		}
		first[key] = e.ID
		if configured(key) || r.readAudience(e, key) {
			r.audiences[e.ID] = key
		}
	}
}

// readAudience adds an audience, unless its rule cannot be translated.
func (r *personalizationReader) readAudience(e *content.Entry, key string) bool {
	const field = "nt_rules"
	raw, _ := e.Field(field, r.locale)
	place := syntax.Pos{File: "nt_audience " + e.ID}
	when, problems := translateRules(raw, place)
	for _, p := range problems {
		r.find(e.ID, field, "%s; the audience %q is left out", p, key)
	}
	if len(problems) > 0 {
		return false
	}
	r.out.Audiences = append(r.out.Audiences, syntax.Definition{
		Key:    key,
		Name:   cmp.Or(r.text(e, "nt_name"), key),
		SoWhat: cmp.Or(r.text(e, "nt_description"), "audience of the CMS"),
		Status: syntax.Active,
		When:   when,
		Pos:    place,
	})
	return true
}
