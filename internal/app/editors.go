package app

import (
	"fmt"
	"maps"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// compile compiles the configured segments and the audiences of editors. A
// mistake in a file is an error. An audience that does not compile, say since it
// is about a segment that there is not, is refused alone: what one editor writes
// must not keep all else from being served.
func compile(definitions []syntax.Definition, editors *space.Personalization, opts segment.Options) (*segment.Set, error) {
	set, err := segment.Compile(slices.Concat(definitions, editors.Audiences), opts)
	if err == nil || len(editors.Audiences) == 0 {
		return set, err
	}
	if set, err = segment.Compile(definitions, opts); err != nil {
		return nil, err
	}
	good, waiting := definitions, editors.Audiences
	var mistakes []error // of those waiting
	for more := true; more; {
		more = false
		var left []syntax.Definition
		mistakes = nil
		for _, audience := range waiting {
			next, err := segment.Compile(append(slices.Clip(good), audience), opts)
			if err != nil {
				left, mistakes = append(left, audience), append(mistakes, err)
				continue
			}
			set, good, more = next, append(slices.Clip(good), audience), true
		}
		waiting = left
	}
	for i, audience := range waiting {
		editors.Refuse(audience, mistakes[i])
	}
	return set, nil
}

// catalogOf joins the experiences of editors with those of files. Of two with
// one id that of the file is taken.
func catalogOf(editors *space.Personalization, filed []experience.Experience, filedOrder map[string][]string) (*experience.Catalog, error) {
	doubled := func(x experience.Experience) bool {
		same := func(f experience.Experience) bool { return f.ID == x.ID }
		if !slices.ContainsFunc(filed, same) {
			return false
		}
		editors.Findings = append(editors.Findings, content.Finding{
			Entry: x.Entry, Field: "nt_experience_id", LeftOut: true,
			Message: fmt.Sprintf("%q is the id of an experience in a file too: this one is left out; give it its own", x.ID),
		})
		return true
	}
	all := append(slices.DeleteFunc(slices.Clone(editors.Experiences), doubled), filed...)
	return experience.NewCatalog(all, joined(editors.Order, filedOrder))
}

// joined returns, for each baseline, the experiences of the content before
// those of files.
func joined(editors, filed map[string][]string) map[string][]string {
	order := maps.Clone(editors)
	if order == nil {
		order = map[string][]string{}
	}
	for baseline, ids := range filed {
		order[baseline] = append(slices.Clip(order[baseline]), ids...)
	}
	return order
}
