package segment

import (
	"net/url"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/signal"
)

// An attribute is something a request, or a signal's context, says of the
// visitor's surroundings, under one of several names.
type attribute struct {
	name    string
	n       int // its place among the attributes of the Set
	keys    []attributeKey
	sources []*attribute // those that can tell it if nothing else does
	// parameter is that of the sources' query strings which tells it; "" if it
	// is told otherwise.
	parameter string
	clock     bool // told by the instant alone
}

// An attributeKey is one name of an attribute: in a request, in a signal, and
// among the properties of a page signal (nil if it has none there).
type attributeKey struct {
	request      string
	signal, page *key
}

// aliases are the names of each attribute, best first.
var aliases = [][]string{
	{"device", "device.type"},
	{"browser", "browser.name"},
	{"os", "os.name"},
	{"country", "location.countryCode", "location.country"},
	{"continent", "location.continent"},
	{"region", "location.region", "location.regionCode"},
	{"city", "location.city"},
	{"language", "locale"},
	{"locale"},
	{"referrer", "page.referrer", "referrer.url"},
	{"path", "page.path"},
	{"url", "page.url"},
	{"title", "page.title"},
	{"search", "page.search"},
	{"utm_source", "campaign.source"},
	{"utm_medium", "campaign.medium"},
	{"utm_campaign", "campaign.name"},
	{"utm_term", "campaign.term"},
	{"utm_content", "campaign.content"},
	{"hour"},
	{"weekday"},
}

// namesOf returns the names of the attribute of a name, the best first, and
// whether it is one of the aliases.
func namesOf(name string) (names []string, known bool) {
	is := func(names []string) bool { return names[0] == name }
	called := func(names []string) bool { return slices.Contains(names, name) }
	for _, meant := range []func([]string) bool{is, called} {
		if i := slices.IndexFunc(aliases, meant); i >= 0 {
			return aliases[i], true
		}
	}
	return []string{name}, false
}

// parameterOf returns the parameter of a page's query string that tells the
// attribute of a name; "" if none does.
func parameterOf(name string) string {
	names, known := namesOf(name)
	if known && strings.HasPrefix(names[0], "utm_") {
		return names[0]
	}
	if parameter, ok := strings.CutPrefix(strings.TrimPrefix(name, "page."), "query."); ok && !known {
		return parameter
	}
	return ""
}

// attribute returns the attribute of a name: one of the aliases, "query." and
// the name of a parameter of the page, or anything else literally.
func (ks *keys) attribute(name string) *attribute {
	names, known := namesOf(name)
	for _, a := range ks.attributes {
		if a.name == names[0] {
			return a
		}
	}
	a := &attribute{name: names[0], parameter: parameterOf(name)}
	switch {
	case a.name == "hour" || a.name == "weekday":
		a.clock = true
	case a.name == "continent":
		a.sources = []*attribute{ks.attribute("country")}
	case a.parameter != "":
		a.sources = []*attribute{ks.attribute("search"), ks.attribute("url")}
		if !known {
			names = []string{"query." + a.parameter, "page.query." + a.parameter}
		}
	}
	for _, name := range names {
		k := attributeKey{request: name, signal: ks.of("context." + name)}
		if slices.Contains(pageProperties, name) {
			k.page = ks.of(name)
		}
		a.keys = append(a.keys, k)
	}
	a.n = len(ks.attributes)
	ks.attributes = append(ks.attributes, a)
	return a
}

// A carrier is what can carry attributes.
type carrier interface {
	carried(a *attribute) []prop
}

// carried returns what the request says. The result is good until the next
// call.
func (f *frame) carried(a *attribute) []prop {
	for i := range a.keys {
		if v, ok := f.ctx[a.keys[i].request]; ok {
			f.carry[0].Value = v
			return f.carry[:]
		}
	}
	return nil
}

// in returns a's values in c; none if c does not carry it. The result may
// share buf.
func (a *attribute) in(c carrier, buf *[2]prop) []prop {
	if vals := c.carried(a); len(vals) > 0 {
		return a.shape(vals, buf)
	}
	v, ok := a.derive(c, buf)
	if !ok {
		return nil
	}
	buf[0].Value = signal.TextOf(v)
	return buf[:1]
}

// shape gives a language without its region besides the whole, so that "de" is
// equal to "de-DE".
func (a *attribute) shape(vals []prop, buf *[2]prop) []prop {
	if a.name != "language" {
		return vals
	}
	whole := vals[0].Value.String()
	buf[0].Value = signal.TextOf(whole)
	i := strings.IndexAny(whole, "-_")
	if i < 0 {
		return buf[:1]
	}
	buf[1].Value = signal.TextOf(whole[:i])
	return buf[:2]
}

// derive tells a from its sources.
func (a *attribute) derive(c carrier, buf *[2]prop) (string, bool) {
	for _, source := range a.sources {
		vals := source.in(c, buf)
		if len(vals) == 0 {
			continue
		}
		text := vals[0].Value.String()
		if a.parameter == "" {
			return ContinentOf(text)
		}
		if v, ok := queryParameter(text, a.parameter); ok {
			return v, true
		}
	}
	return "", false
}

// queryParameter returns the first value of a parameter in a URL or in a query
// string that begins with "?". A parameter without "=" has the empty value.
func queryParameter(link, name string) (string, bool) {
	link, _, _ = strings.Cut(link, "#")
	_, query, _ := strings.Cut(link, "?")
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, value, _ := strings.Cut(pair, "=")
		if unescape(key) == name && pair != "" {
			return unescape(value), true
		}
	}
	return "", false
}

// unescape returns s itself if it is not escaped well.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}
