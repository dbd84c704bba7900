package space

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// A Personalization is what editors arranged with the personalization product.
type Personalization struct {
	Experiences []experience.Experience // in order of entry id; each can be assigned
	Order       map[string][]string     // by baseline entry: ids of Experiences, first preference first
	Audiences   []syntax.Definition     // in order of entry id; keys are unique
	Refused     map[string]string       // by key: why an audience is not among Audiences, though it is published
	LeftOut     map[string][]string     // by audience, "" = everybody: which of its experiences are not understood, and why
	Findings    []content.Finding       // what is doubtful, or was left out
}

// LoadPersonalization reads the published audiences and experiences of snap.
//
// configured says whether a segment is defined elsewhere under a key. An
// audience with that id is that segment: its own rule is not looked at, and it
// is not among Audiences. Any other audience whose rule cannot be translated
// in full is left out with a finding, and so is every experience for it: what
// was meant for some must not be shown to all.
func LoadPersonalization(snap *content.Snapshot, configured func(key string) bool) Personalization {
	r := &personalizationReader{
		snap:        snap,
		locale:      snap.DefaultLocale(),
		audiences:   map[string]string{},
		experiences: map[string]*experience.Experience{},
	}
	r.out.Order, r.out.Refused, r.out.LeftOut = map[string][]string{}, map[string]string{}, map[string][]string{}
	r.readAudiences(configured)
	r.readExperiences()
	r.readOrder()
	slices.SortStableFunc(r.out.Findings, func(a, b content.Finding) int {
		return cmp.Or(cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Field, b.Field))
	})
	return r.out
}

// A personalizationReader is a LoadPersonalization under way. The fields of the
// product's entries have no translations: they are read in the default locale.
type personalizationReader struct {
	snap        *content.Snapshot
	locale      string
	audiences   map[string]string                 // entry id → key, of those that can be used
	experiences map[string]*experience.Experience // by entry id, of those that are offered
	out         Personalization
}

// find notes a doubt about a field of an entry.
func (r *personalizationReader) find(entry, field, format string, args ...any) {
	r.out.Findings = append(r.out.Findings, content.Finding{Entry: entry, Field: field, Message: fmt.Sprintf(format, args...)})
}

// leaveOut notes why an entry is left out.
func (r *personalizationReader) leaveOut(entry, field, format string, args ...any) {
	r.find(entry, field, format, args...)
	r.out.Findings[len(r.out.Findings)-1].LeftOut = true
}

// published returns the published entries of a content type in order of id.
func (r *personalizationReader) published(contentType string) (entries []*content.Entry) {
	for e := range r.snap.Entries(contentType) {
		if r.snap.Publishable(e.ID, r.locale) {
			entries = append(entries, e)
		}
	}
	return entries
}

// text returns a field that holds text, and "" if it is empty or holds
// something else.
func (r *personalizationReader) text(e *content.Entry, field string) (s string) {
	if raw, ok := e.Field(field, r.locale); ok && json.Unmarshal(raw, &s) != nil {
		r.find(e.ID, field, "is not text: ignored")
	}
	return s
}

// id returns the id that a field gives an entry; without one it is the entry's.
func (r *personalizationReader) id(e *content.Entry, field string) string {
	return cmp.Or(spelling.ID(r.text(e, field)), e.ID)
}

// An ntLink is a link to an entry, as fields hold it.
type ntLink struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
}

// readOrder notes which experiences are attached to which entries.
func (r *personalizationReader) readOrder() {
	const field = "nt_experiences"
	for e := range r.snap.Entries("") {
		raw, ok := e.Field(field, r.locale)
		if !ok {
			continue
		}
		var links []ntLink
		if err := json.Unmarshal(raw, &links); err != nil {
			r.find(e.ID, field, "is not a list of links: ignored")
		}
		for _, l := range links {
			x, offered := r.experiences[l.Sys.ID]
			switch {
			case !offered:
			case x.Component(e.ID) == nil:
				r.find(e.ID, field, "experience %s has no variants for this entry: add them, or remove the experience here", x.ID)
			case !slices.Contains(r.out.Order[e.ID], x.ID):
				r.out.Order[e.ID] = append(r.out.Order[e.ID], x.ID)
			}
		}
	}
	for i := range r.out.Experiences {
		x := &r.out.Experiences[i]
		for _, c := range x.Components {
			if !slices.Contains(r.out.Order[c.Baseline], x.ID) {
				r.find(x.Entry, "nt_config", "replaces entry %s, which does not list it in %s: it comes after those that are listed", c.Baseline, field)
			}
		}
	}
}
