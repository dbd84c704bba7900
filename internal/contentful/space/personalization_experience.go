package space

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/spelling"
)

// The fields that hold what an experience does, and the entries it shows.
const (
	configField   = "nt_config"
	variantsField = "nt_variants"
)

// readExperiences gathers the experiences that can be offered. Those whose
// arrangement or audience is not understood are left out whole: half of an
// experience is not what editors arranged.
func (r *personalizationReader) readExperiences() {
	first := map[string]string{} // id → entry id
	for _, e := range r.published("nt_experience") {
		x := experience.Experience{ID: r.id(e, "nt_experience_id"), Entry: e.ID, Name: r.text(e, "nt_name")}
		if other, doubled := first[x.ID]; doubled {
			r.leaveOut(e.ID, "nt_experience_id", "%q is the id of experience %s too: this one is left out; give it its own", x.ID, other)
			continue
		}
		first[x.ID] = e.ID
		if !r.readAudienceOf(e, &x) {
			continue
		}
		if !r.readKind(e, &x) || !r.readConfig(e, &x) {
			r.out.LeftOut[x.Audience] = append(r.out.LeftOut[x.Audience], r.lost(&x))
			continue
		}
		r.out.Experiences = append(r.out.Experiences, x)
	}
	for i := range r.out.Experiences {
		x := &r.out.Experiences[i]
		r.experiences[x.Entry] = x
		r.inspect(x)
	}
}

// lost says why x, which was left out just now, is.
func (r *personalizationReader) lost(x *experience.Experience) string {
	last := r.out.Findings[len(r.out.Findings)-1]
	return fmt.Sprintf("experience %s (entry %s): %s: %s", x.ID, x.Entry, last.Field, last.Message)
}

func (r *personalizationReader) readKind(e *content.Entry, x *experience.Experience) bool {
	switch kind := spelling.ID(r.text(e, "nt_type")); kind {
	case "nt_personalization":
		x.Kind = experience.Personalization
	case "nt_experiment":
		x.Kind = experience.Experiment
	default:
		r.leaveOut(e.ID, "nt_type", "%q is neither nt_personalization nor nt_experiment: the experience is left out", kind)
		return false
	}
	return true
}

// readAudienceOf finds the audience of an experience. Without one it is for
// everybody; with one that cannot be used it is for nobody.
func (r *personalizationReader) readAudienceOf(e *content.Entry, x *experience.Experience) bool {
	const field = "nt_audience"
	raw, ok := e.Field(field, r.locale)
	if !ok || string(raw) == "null" {
		return true
	}
	var to ntLink
	if err := json.Unmarshal(raw, &to); err != nil || to.Sys.ID == "" {
		r.leaveOut(e.ID, field, "is not a link: the experience is left out")
		return false
	}
	x.Audience, ok = r.audiences[to.Sys.ID]
	if !ok {
		why := "which cannot be used"
		if target, exists := r.snap.Entry(to.Sys.ID); !exists {
			why = "which does not exist"
		} else if target.Type != field {
			why = "which is no audience"
		} else if !r.snap.Publishable(to.Sys.ID, r.locale) {
			why = "which is not published"
		}
		r.leaveOut(e.ID, field, "is for audience %s, %s: the experience is left out", to.Sys.ID, why)
	}
	return ok
}

func (r *personalizationReader) readConfig(e *content.Entry, x *experience.Experience) bool {
	var c experienceConfig
	if raw, ok := e.Field(configField, r.locale); ok {
		if err := json.Unmarshal(raw, &c); err != nil {
			r.leaveOut(e.ID, configField, "%s: the experience is left out", oneLine(err))
			return false
		}
	}
	ranges, err := c.ranges()
	if err != nil {
		r.leaveOut(e.ID, configField, "%s: the experience is left out", oneLine(err))
		return false
	}
	x.Traffic, x.Distribution, x.Sticky, x.Bucket = float64(c.Traffic), ranges, bool(c.Sticky), c.Bucket
	for i := range c.Components {
		if !r.readComponent(e, &c.Components[i], i, x) {
			return false
		}
	}
	if err := x.Check(); err != nil {
		r.leaveOut(e.ID, configField, "%s: the experience is left out", oneLine(err))
		return false
	}
	if x.Traffic > 0 && !c.distributed() {
		r.find(e.ID, configField, "has no distribution: one half gets the baseline, the other the first variant; write the shares down")
	}
	if t := c.DistributionType; t != "" && t != "manual" && t != "even-split" {
		r.find(e.ID, configField, "distributionType %q is not supported: the shares stay as they are in distribution", t)
	}
	return true
}

func (r *personalizationReader) readComponent(e *content.Entry, c *configComponent, i int, x *experience.Experience) bool {
	switch c.Type {
	case entryReplacement, "":
		of := c.component()
		if of.Baseline == "" || x.Component(of.Baseline) != nil {
			r.find(e.ID, configField, "components[%d]: no baseline, or one that a component before it has: ignored", i)
			return true
		}
		x.Components = append(x.Components, of)
	case inlineVariable:
		v, err := c.variable()
		if err != nil {
			r.leaveOut(e.ID, configField, "components[%d]: %v: the experience is left out", i, err)
			return false
		}
		x.Variables = append(x.Variables, v)
	default:
		r.leaveOut(e.ID, configField, "components[%d]: unknown type %q: the experience is left out", i, c.Type)
		return false
	}
	return true
}

// inspect notes what about an experience will surprise its editors.
func (r *personalizationReader) inspect(x *experience.Experience) {
	top := 0 // the greatest index that somebody gets
	for _, s := range x.Distribution {
		if s.End > s.Start {
			top = max(top, s.Index)
		}
	}
	if x.Traffic == 0 {
		r.find(x.Entry, configField, "has no traffic: nobody takes part; set traffic to 1 for all of the audience")
	}
	listed := r.variantsOf(x.Entry)
	for _, c := range x.Components {
		if _, ok := r.snap.Entry(c.Baseline); !ok {
			r.find(x.Entry, configField, "replaces entry %s, which does not exist", c.Baseline)
		}
		for k := range c.Variants {
			r.inspectVariant(x, &c, k, listed)
		}
		if len(c.Variants) > top && top > 0 {
			r.find(x.Entry, configField, "entry %s has %d variants, but the distribution stops at %d: nobody sees the rest", c.Baseline, len(c.Variants), top)
		}
	}
}

// inspectVariant notes what about a variant will surprise editors; listed are
// the entries that the experience lists as variants.
func (r *personalizationReader) inspectVariant(x *experience.Experience, c *experience.Component, k int, listed []string) {
	v := c.Variants[k]
	if v.Hidden {
		return
	}
	if _, ok := r.snap.Entry(v.Entry); !ok {
		r.find(x.Entry, configField, "variant %d of entry %s is entry %s, which does not exist", k+1, c.Baseline, v.Entry)
	} else if !slices.Contains(listed, v.Entry) {
		r.find(x.Entry, variantsField, "does not list entry %s, variant %d of entry %s: Contentful's SDKs do not show it; add it", v.Entry, k+1, c.Baseline)
	}
}

// variantsOf returns the ids of the entries that an experience lists as its
// variants.
func (r *personalizationReader) variantsOf(entry string) (ids []string) {
	e, _ := r.snap.Entry(entry)
	raw, ok := e.Field(variantsField, r.locale)
	if !ok {
		return nil
	}
	var links []ntLink
	if err := json.Unmarshal(raw, &links); err != nil {
		r.find(entry, variantsField, "is not a list of links: ignored")
	}
	for _, l := range links {
		ids = append(ids, l.Sys.ID)
	}
	return ids
}
