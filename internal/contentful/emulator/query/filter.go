package query

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/rawjson"
)

// A filter says whether an entity is asked for.
type filter func(*Entity) bool

// filter makes one of a path, an operator ("" = equal) and what it is compared
// with.
func (p path) filter(op, operand string) (filter, error) {
	switch op {
	case "", "ne":
		return p.anyOf(op, op == "", []string{operand})
	case "in", "nin":
		return p.anyOf(op, op == "in", strings.Split(operand, ","))
	case "all":
		return p.all(strings.Split(operand, ","))
	case "exists":
		return p.exists(operand)
	case "lt", "lte", "gt", "gte":
		return p.compare(op, operand)
	case "match":
		return p.match(operand)
	case "within":
		return p.within(operand)
	}
	return nil, unknown(p.text + "[" + op + "]")
}

// inapplicable is the error of an operator that a path's values do not have.
func (p path) inapplicable(op string) error {
	name := op
	if op == "" {
		name = "equality"
	}
	return invalid(Detail{
		Name: name, Path: p.parts, Type: p.typ,
		Details: "The operator " + name + " is not applicable to values of type " + p.typ,
	})
}

func (p path) badOperand(op, operand string) error {
	return invalid(Detail{
		Name: cmpOr(op, "equality"), Path: p.parts, Type: p.typ, Value: operand,
		Details: strconv.Quote(operand) + " is not a value of type " + p.typ,
	})
}

// equals returns the test for being equal to an operand.
func (p path) equals(op, operand string) (func(json.RawMessage) bool, error) {
	switch p.typ {
	case "Symbol", "Text":
		return func(v json.RawMessage) bool { return isText(v, operand) }, nil
	case "Integer", "Number", "Boolean", "Date":
		want, ok := p.parse(operand)
		if !ok {
			return nil, p.badOperand(op, operand)
		}
		return func(v json.RawMessage) bool {
			n, ok := number(v, p.typ)
			return ok && n == want
		}, nil
	}
	return nil, p.inapplicable(op)
}

// parse reads an operand that is a number, a boolean or a date.
func (p path) parse(operand string) (float64, bool) {
	if p.typ == "Date" {
		t, ok := instant(operand)
		return float64(t), ok
	}
	if p.typ == "Boolean" || json.Valid([]byte(operand)) {
		return number(json.RawMessage(operand), p.typ)
	}
	return 0, false
}

// anyOf asks whether a value is one of the operands, or whether none is.
func (p path) anyOf(op string, want bool, operands []string) (filter, error) {
	var tests []func(json.RawMessage) bool
	for _, operand := range operands {
		test, err := p.equals(op, operand)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(e *Entity) bool {
		return slices.ContainsFunc(p.values(e), func(v json.RawMessage) bool {
			return slices.ContainsFunc(tests, func(test func(json.RawMessage) bool) bool { return test(v) })
		}) == want
	}, nil
}

// all asks whether each operand is among the values.
func (p path) all(operands []string) (filter, error) {
	var tests []func(json.RawMessage) bool
	for _, operand := range operands {
		test, err := p.equals("all", operand)
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return func(e *Entity) bool {
		values := p.values(e)
		for _, test := range tests {
			if !slices.ContainsFunc(values, test) {
				return false
			}
		}
		return true
	}, nil
}

func (p path) exists(operand string) (filter, error) {
	want, err := strconv.ParseBool(operand)
	if err != nil {
		return nil, badValue(p.text+"[exists]", operand, "exists takes true or false")
	}
	return func(e *Entity) bool { return (len(p.values(e)) > 0) == want }, nil
}

func (p path) compare(op, operand string) (filter, error) {
	if p.typ != "Integer" && p.typ != "Number" && p.typ != "Date" {
		return nil, p.inapplicable(op)
	}
	than, ok := p.parse(operand)
	if !ok {
		return nil, p.badOperand(op, operand)
	}
	holds := map[string]func(float64) bool{
		"lt":  func(n float64) bool { return n < than },
		"lte": func(n float64) bool { return n <= than },
		"gt":  func(n float64) bool { return n > than },
		"gte": func(n float64) bool { return n >= than },
	}[op]
	return func(e *Entity) bool { return slices.ContainsFunc(p.numbers(e), holds) }, nil
}

func (p path) match(operand string) (filter, error) {
	if !searchable[p.typ] {
		return nil, p.inapplicable("match")
	}
	wanted := words(operand)
	return func(e *Entity) bool {
		var texts []string
		for _, v := range p.values(e) {
			texts = textsOf(texts, v)
		}
		return len(texts) > 0 && matches(texts, wanted)
	}, nil
}

func (p path) within(operand string) (filter, error) {
	if p.typ != "Location" {
		return nil, p.inapplicable("within")
	}
	list, _ := numbers(operand)
	inside := area(list)
	if inside == nil {
		return nil, p.badOperand("within", operand)
	}
	return func(e *Entity) bool {
		return slices.ContainsFunc(p.values(e), func(v json.RawMessage) bool {
			at, ok := location(v)
			return ok && inside(at)
		})
	}, nil
}

// mimeGroups are the groups that parameter mimetype_group knows, by what the
// type of a file begins with or is.
var mimeGroups = map[string][]string{
	"image": {"image/"}, "audio": {"audio/"}, "video": {"video/"},
	"plaintext": {"text/plain"}, "markup": {"text/html", "text/xml", "application/xhtml+xml", "application/xml"},
	"code":         {"text/css", "text/javascript", "application/javascript", "application/json", "application/x-sh"},
	"pdfdocument":  {"application/pdf"},
	"richtext":     {"application/msword", "application/rtf", "text/rtf", "application/vnd.openxmlformats-officedocument.wordprocessingml", "application/vnd.oasis.opendocument.text"},
	"presentation": {"application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.presentationml", "application/vnd.oasis.opendocument.presentation"},
	"spreadsheet":  {"application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml", "application/vnd.oasis.opendocument.spreadsheet", "text/csv"},
	"archive":      {"application/zip", "application/gzip", "application/x-tar", "application/x-gzip", "application/x-7z-compressed", "application/x-rar", "application/vnd.rar"},
}

// mimeGroup returns the group of a type, "attachment" for one in no other.
func mimeGroup(mime string) string {
	for group, prefixes := range mimeGroups {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(mime, prefix) }) {
			return group
		}
	}
	return "attachment"
}

// mimeFilter asks for assets whose files are of one of the groups.
func (s scope) mimeFilter(operand string) (filter, error) {
	wanted := strings.Split(operand, ",")
	for _, group := range wanted {
		if _, ok := mimeGroups[group]; !ok && group != "attachment" {
			return nil, badValue("mimetype_group", operand, strconv.Quote(group)+" is not a group of types of files")
		}
	}
	return func(e *Entity) bool {
		file := s.space.Value(e, "file", s.locale)
		return file != nil && slices.Contains(wanted, mimeGroup(rawjson.Unquote(member(file, "contentType"))))
	}, nil
}
