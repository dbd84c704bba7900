package delivery

import (
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// A request is one to an environment.
type request struct {
	*http.Request
	api    *API
	view   *view
	params url.Values
	ignore []string // parameters that the route reads itself
}

// refused returns an error in a query as it is answered.
func refused(err error) error {
	e, ok := errors.AsType[*query.Error](err)
	if !ok {
		return err
	}
	failed := wire.Errorf(http.StatusBadRequest, e.ID, "%s", e.Message)
	if len(e.Details) > 0 {
		failed.Details = map[string]any{"errors": e.Details}
	}
	return failed
}

// cursorOnly are the kinds that have pages by cursor and no others.
var cursorOnly = []store.Kind{store.Concept, store.ConceptScheme}

// list returns what answers with those of a kind that a query asks for.
func list(kind store.Kind, of query.Kind) func(*request) (answer, error) {
	return func(r *request) (answer, error) {
		if slices.Contains(cursorOnly, kind) {
			r.params.Set("cursor", "true")
		}
		q, err := query.New(of, r.params, r.view.space, r.ignore...)
		if err != nil {
			return answer{}, refused(err)
		}
		page, err := q.Page(r.candidates(kind, q))
		if err != nil {
			return answer{}, refused(err)
		}
		return r.collection(q, page)
	}
}

// candidates yields those that a query may ask for: of queries by id only these.
func (r *request) candidates(kind store.Kind, q *query.Query) iter.Seq[*query.Entity] {
	visible := r.visible(q.Locale)
	return func(yield func(*query.Entity) bool) {
		if q.IDs == nil {
			for _, e := range r.view.list(kind) {
				if visible(e) && !yield(e) {
					return
				}
			}
			return
		}
		for _, id := range q.IDs {
			if e := r.view.find(kind, id); e != nil && visible(e) && !yield(e) {
				return
			}
		}
	}
}

// visible returns the test for what is there in a locale: with locale-based
// publishing, what is published in it.
func (r *request) visible(locale string) func(*query.Entity) bool {
	if r.Header.Get("X-Contentful-Locale-Based-Publishing") != "true" || r.view.preview || locale == query.AllLocales {
		return func(*query.Entity) bool { return true }
	}
	locale = r.locale(locale)
	return func(e *query.Entity) bool {
		of, ok := r.view.scope.Get(store.Kind(e.Type), e.ID)
		return ok && of.Published != nil && of.Published.InLocale(locale)
	}
}

// locale returns the one that an answer is in.
func (r *request) locale(asked string) string {
	if asked == "" {
		return r.view.space.DefaultLocale()
	}
	return asked
}

// collection answers with a page.
func (r *request) collection(q *query.Query, page query.Page) (answer, error) {
	locale := r.locale(q.Locale)
	b := []byte(`{"sys":{"type":"Array"},`)
	if q.Cursor {
		b = append(b, `"limit":`+strconv.Itoa(q.Limit)+`,"pages":`...)
		b = append(b, q.Pages(page, r.URL.Path)...)
	} else {
		b = append(b, `"total":`+strconv.Itoa(page.Total)+`,"skip":`+strconv.Itoa(q.Skip)+`,"limit":`+strconv.Itoa(q.Limit)...)
	}
	b = append(b, `,"items":[`...)
	for i, e := range page.Items {
		if i > 0 {
			b = append(b, ',')
		}
		if b = q.Append(b, e, locale); len(b) > r.api.opts.MaxBytes {
			return answer{}, tooBig(r.api.opts.MaxBytes)
		}
	}
	b = append(b, ']')
	b, err := r.appendIncludes(b, q, page.Items, locale)
	if err != nil {
		return answer{}, err
	}
	return answer{body: append(b, '}')}, nil
}

// one returns what answers with the one of a kind that the path names. Its links
// are not followed.
func one(kind store.Kind) func(*request) (answer, error) {
	return func(r *request) (answer, error) {
		locale, err := r.single(kind)
		if err != nil {
			return answer{}, err
		}
		id := r.PathValue("id")
		e := r.view.find(kind, id)
		if e == nil || (kind == store.Entry || kind == store.Asset) && !r.visible(locale)(e) {
			return answer{}, wire.NotFound(string(kind), id, r.view.scope.Space, r.view.scope.Environment)
		}
		return answer{body: r.view.space.Append(nil, e, locale)}, nil
	}
}

// single reads the parameters that a request for one entity may have, and
// returns the locale of the answer.
func (r *request) single(kind store.Kind) (string, error) {
	if r.params.Has("select") {
		return "", refused(&query.Error{ID: query.InvalidQuery, Message: notApplicable, Details: []query.Detail{
			{Name: "select", Details: "Select is only applicable when querying a collection of entities."},
		}})
	}
	params := url.Values{}
	for name, values := range r.params {
		if name != "locale" && name != "access_token" && !slices.Contains(r.ignore, name) {
			return "", refused(&query.Error{ID: query.InvalidQuery, Message: notApplicable, Details: []query.Detail{
				{Name: "unknown", Path: []string{name}, Details: `The path "` + name + `" is not recognized`},
			}})
		}
		if name == "locale" {
			params[name] = values
		}
	}
	if kind != store.Entry && kind != store.Asset {
		return query.AllLocales, nil
	}
	q, err := query.New(query.Entries, params, r.view.space)
	if err != nil {
		return "", refused(err)
	}
	return r.locale(q.Locale), nil
}

const notApplicable = "The query you sent was invalid. Probably a filter or ordering specification is not applicable to the type of a field."
