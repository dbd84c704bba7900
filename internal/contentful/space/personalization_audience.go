package space

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

const (
	rulesField    = "nt_rules"
	audiencePlace = "nt_audience " // and the entry's id: where a definition is from
)

// readAudiences gathers the audiences that can be used.
func (r *personalizationReader) readAudiences(configured func(key string) bool) {
	first := map[string]string{} // key → entry id
	for _, e := range r.published("nt_audience") {
		key := r.id(e, "nt_audience_id")
		if other, doubled := first[key]; doubled {
			r.leaveOut(e.ID, "nt_audience_id", "%q is the id of audience %s too: this one is left out; give it its own", key, other)
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
	raw, _ := e.Field(rulesField, r.locale)
	place := syntax.Pos{File: audiencePlace + e.ID}
	when, problems := translateRules(raw, place)
	if len(problems) > 0 {
		r.refuseAudience(e, key, rulesField, problems)
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

// refuseAudience leaves out an audience whose rule is not understood.
func (r *personalizationReader) refuseAudience(e *content.Entry, key, field string, problems []problem) {
	for _, p := range problems {
		r.leaveOut(e.ID, field, "%s; the audience %q is left out", p, key)
	}
	r.out.Refused[key] = refusal(key, e.ID, field, problems)
}

// refusal says why nobody is in an audience.
func refusal(key, entry, field string, problems []problem) string {
	why := make([]string, len(problems))
	for i, p := range problems {
		why[i] = p.in(field)
	}
	return fmt.Sprintf("audience %s (entry %s) cannot be understood: %s", key, entry, strings.Join(why, "; "))
}

// Refuse takes out one of Audiences that turned out to be mistaken.
func (p *Personalization) Refuse(audience syntax.Definition, mistake error) {
	p.Audiences = slices.DeleteFunc(slices.Clone(p.Audiences), func(d syntax.Definition) bool { return d.Key == audience.Key })
	entry := strings.TrimPrefix(audience.Pos.File, audiencePlace)
	why := problem{text: strings.TrimPrefix(oneLine(mistake), audience.Pos.File+": ")}
	p.Findings = append(p.Findings, content.Finding{
		Entry: entry, Field: rulesField, LeftOut: true,
		Message: fmt.Sprintf("%s; the audience %q is left out", why, audience.Key),
	})
	p.Refused[audience.Key] = refusal(audience.Key, entry, rulesField, []problem{why})
}
