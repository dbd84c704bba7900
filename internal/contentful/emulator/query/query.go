package query

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Kind is what a collection is of.
type Kind int

// The kinds.
const (
	Entries Kind = iota
	Assets
	Others // content types, locales, tags: what has neither fields nor metadata
)

const (
	defaultLimit   = 100
	maxLimit       = 1000
	defaultInclude = 1
	maxInclude     = 10
	maxSelect      = 100
	maxSelectDepth = 2

	// AllLocales is the locale of answers that have the values of all.
	AllLocales = "*"
)

// A Query is what the parameters of a URL ask for.
type Query struct {
	ContentType string // the only one asked for, "" = any
	IDs         []string
	Include     int    // how many levels of links to include
	Locale      string // as asked for: a code, AllLocales, "" = none
	Limit, Skip int
	Cursor      bool // pages by cursor rather than by offset

	space   *Space
	kind    Kind
	filters []filter
	order   []term
	selects selection
	at      *cursor // where a page by cursor begins; nil = at the start
	params  url.Values
}

// New reads the parameters of a URL. It also lets through those named in ignore,
// which the caller reads. The error is an *Error.
//
// IDs, if not nil, are those of the only entities that can be asked for, so that
// a caller who has them by id need not try all.
func New(kind Kind, params url.Values, space *Space, ignore ...string) (*Query, error) {
	params = maps.Clone(params)
	for _, name := range append(ignore, "access_token") {
		delete(params, name)
	}
	q := &Query{space: space, kind: kind, Include: defaultInclude, Limit: defaultLimit}
	if err := q.resume(params); err != nil {
		return nil, err
	}
	if err := q.read(params); err != nil {
		return nil, err
	}
	return q, nil
}

// read reads all parameters but those of the cursor.
func (q *Query) read(params url.Values) error {
	if err := q.readNumbers(params); err != nil {
		return err
	}
	s := scope{space: q.space, kind: q.kind, locale: q.space.DefaultLocale()}
	if err := q.readLocale(params, &s); err != nil {
		return err
	}
	if err := q.readContentType(params, &s); err != nil {
		return err
	}
	if err := q.readSelect(params, s); err != nil {
		return err
	}
	if err := q.readOrder(params, s); err != nil {
		return err
	}
	return q.readFilters(params, s)
}

// take returns a parameter and takes it away, so that what is left are filters.
func take(params url.Values, name string) (string, bool) {
	values, ok := params[name]
	delete(params, name)
	if !ok || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

func (q *Query) readNumbers(params url.Values) error {
	bounds := []struct {
		name     string
		into     *int
		min, max int
	}{
		{"limit", &q.Limit, 0, maxLimit},
		{"skip", &q.Skip, 0, 1 << 31},
	}
	if q.kind == Entries {
		bounds = append(bounds, struct {
			name     string
			into     *int
			min, max int
		}{"include", &q.Include, 0, maxInclude})
	}
	for _, b := range bounds {
		value, ok := take(params, b.name)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < b.min || n > b.max {
			return badValue(b.name, value, b.name+" must be a whole number from "+strconv.Itoa(b.min)+" to "+strconv.Itoa(b.max))
		}
		*b.into = n
	}
	if q.Cursor && q.Skip > 0 {
		return badValue("skip", strconv.Itoa(q.Skip), "skip is not possible with a cursor")
	}
	return nil
}

// readLocale reads which locale is asked for. Values of the default locale are
// what filters look at in answers with all.
func (q *Query) readLocale(params url.Values, s *scope) error {
	locale, ok := take(params, "locale")
	if !ok || locale == "" {
		return nil
	}
	if locale != AllLocales {
		if !q.space.HasLocale(locale) {
			return badRequest("Unknown locale: " + locale)
		}
		s.locale = locale
	}
	q.Locale = locale
	return nil
}

func (q *Query) readContentType(params url.Values, s *scope) error {
	if q.kind == Assets {
		s.ct = assetType
	}
	if q.kind != Entries {
		return nil
	}
	id, ok := take(params, "content_type")
	if !ok {
		id, ok = params.Get("sys.contentType.sys.id"), params.Has("sys.contentType.sys.id")
	}
	if !ok {
		return nil
	}
	s.ct = q.space.Types[id]
	if s.ct == nil {
		return invalid(Detail{Name: "unknownContentType", Value: id})
	}
	q.ContentType = id
	return nil
}

func (q *Query) readSelect(params url.Values, s scope) error {
	list, ok := take(params, "select")
	if !ok || list == "" {
		return nil
	}
	if q.kind == Others {
		return badRequest("Select is only applicable for Entries and Assets.")
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		parts := strings.Split(name, ".")
		switch {
		case !slices.Contains([]string{"sys", "fields", "metadata"}, parts[0]), slices.Contains(parts, ""):
			return unknown(name)
		case len(parts) > maxSelectDepth:
			return badValue("select", name, "select takes paths of at most 2 levels")
		case parts[0] == "fields" && len(parts) > 1 && s.ct == nil && q.kind == Entries:
			return contentTypeRequired()
		}
		q.selects = append(q.selects, name)
	}
	if len(q.selects) > maxSelect {
		return badValue("select", strconv.Itoa(len(q.selects)), "select takes at most 100 paths")
	}
	return nil
}

func (q *Query) readOrder(params url.Values, s scope) error {
	list, ok := take(params, "order")
	if !ok || list == "" {
		q.order = newest()
		return nil
	}
	var err error
	q.order, err = s.terms(list)
	return err
}

// operator takes the name of a parameter apart, such as fields.price[lte].
var operator = regexp.MustCompile(`^([^\[\]]+)(?:\[([^\[\]]+)\])?$`)

// readFilters reads what is left, in the order of names so that of several
// mistakes always the same is reported.
func (q *Query) readFilters(params url.Values, s scope) error {
	if q.ContentType != "" {
		q.filters = append(q.filters, func(e *Entity) bool { return e.ContentType == q.ContentType })
	}
	refs := references{}
	var near []term
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range params[name] {
			if refs.take(s, name, value) {
				continue
			}
			f, t, err := q.readFilter(s, name, value)
			if err != nil {
				return err
			}
			if t != nil {
				near = append(near, *t)
				continue
			}
			q.filters = append(q.filters, f)
		}
	}
	q.order = append(near, q.order...)
	more, err := refs.filters(s)
	q.filters = append(q.filters, more...)
	return err
}

// readFilter reads one filter, or the order that operator near is.
func (q *Query) readFilter(s scope, name, value string) (filter, *term, error) {
	if f, err := s.special(name, value); f != nil || err != nil {
		return f, nil, err
	}
	parts := operator.FindStringSubmatch(name)
	if parts == nil {
		return nil, nil, unknown(name)
	}
	p, err := s.path(parts[1])
	if err != nil {
		return nil, nil, err
	}
	op := parts[2]
	if op == "near" {
		t, err := p.near(value)
		return nil, t, err
	}
	if p.text == "sys.id" && (op == "" || op == "in") {
		q.limitTo(op, value)
	}
	f, err := p.filter(op, value)
	return f, nil, err
}

// limitTo notes the ids of a filter by id.
func (q *Query) limitTo(op, value string) {
	if q.IDs != nil {
		return // the filters see to the others
	}
	q.IDs = []string{value}
	if op == "in" {
		q.IDs = strings.Split(value, ",")
	}
	slices.Sort(q.IDs)
	q.IDs = slices.Compact(q.IDs)
}

// near makes an order by distance of a path.
func (p path) near(operand string) (*term, error) {
	if p.typ != "Location" {
		return nil, p.inapplicable("near")
	}
	n, ok := numbers(operand)
	if !ok || len(n) != 2 {
		return nil, p.badOperand("near", operand)
	}
	return &term{path: p, near: &point{n[0], n[1]}}, nil
}

// special makes a filter of the parameters that are not paths. It returns nil
// for any other.
func (s scope) special(name, value string) (filter, error) {
	switch {
	case name == "query":
		wanted := words(value)
		return func(e *Entity) bool { return matches(s.space.allTexts(e, s.locale), wanted) }, nil
	case name == "links_to_entry" && s.kind == Entries:
		return func(e *Entity) bool { return e.linksTo(Link{"Entry", value}) }, nil
	case name == "links_to_asset" && s.kind == Entries:
		return func(e *Entity) bool { return e.linksTo(Link{"Asset", value}) }, nil
	case name == "mimetype_group" && s.kind == Assets:
		return s.mimeFilter(value)
	case name == "metadata.concepts[descendants][in]" && s.kind != Others:
		p, _ := metadataPath("metadata.concepts.sys.id", []string{"concepts", "sys", "id"}) // it is there
		wanted := strings.Split(value, ",")
		if s.space.Narrower != nil {
			for _, id := range slices.Clone(wanted) {
				wanted = append(wanted, s.space.Narrower(id)...)
			}
		}
		return p.anyOf("in", true, wanted)
	}
	return nil, nil
}

// Match reports whether an entity is asked for.
func (q *Query) Match(e *Entity) bool {
	for _, f := range q.filters {
		if !f(e) {
			return false
		}
	}
	return true
}
