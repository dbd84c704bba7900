package resolve

import (
	"strings"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// mergeTags returns the visitor's values for merge tags, by tag; those without
// a value are absent.
func (q *question) mergeTags(rec *visitor.Record, tags []string) map[string]string {
	values := make(map[string]string, len(tags))
	for _, tag := range tags {
		if v, ok := q.mergeTag(rec, tag); ok {
			values[tag] = v
		}
	}
	return values
}

// mergeTag returns the visitor's value for a merge tag. Its id is a path such
// as "traits.firstName" or "location.city"; the CMS may write dots as
// underscores, so "traits_firstName" is tried as "traits.firstName" too. What is
// empty, zero or false counts as missing, so that the tag's fallback is shown.
func (q *question) mergeTag(rec *visitor.Record, id string) (string, bool) {
	for path := id; ; {
		if strings.Contains(path, ".") || !strings.Contains(path, "_") {
			if v, ok := q.profile(rec, path); ok {
				return v, true
			}
		}
		dotted := strings.Replace(path, "_", ".", 1)
		if dotted == path {
			return "", false
		}
		path = dotted
	}
}

// profile returns what is known of the visitor at a path.
func (q *question) profile(rec *visitor.Record, path string) (string, bool) {
	root, rest, _ := strings.Cut(path, ".")
	var v signal.Value
	var ok bool
	switch root {
	case "traits":
		v, ok = segment.TraitOf(rec, rest, q.at)
	case "id":
		v, ok = signal.TextOf(rec.ID), rest == ""
	default: // location, page, campaign, device …: what the request or the session says
		v, ok = q.site.Segments.Attribute(rec, q.context, path, q.at)
	}
	text := v.String()
	return text, ok && text != "" && text != "0" && text != "false"
}

// contextOf returns the attributes of a request. Of several values the first
// counts.
func contextOf(props signal.Props) segment.Context {
	if len(props) == 0 {
		return nil
	}
	ctx := make(segment.Context, len(props))
	for _, p := range props {
		if _, ok := ctx[p.Key]; !ok {
			ctx[p.Key] = p.Value
		}
	}
	return ctx
}
