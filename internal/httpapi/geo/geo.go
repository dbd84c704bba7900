// Package geo finds out where a request comes from: from what the content
// delivery network before us says in headers, or from a database of addresses
// on disk. It asks nobody.
//
// The rule it upholds: an address is looked up and forgotten. What comes out is
// a place, and never finer than a city's.
package geo

import (
	"cmp"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
)

// A Location is a place. What is not known is empty; without CountryCode
// nothing is.
type Location struct {
	City        string
	PostalCode  string
	Region      string // name of the first subdivision, such as a state
	RegionCode  string // ISO 3166-2 without the country
	Country     string // name
	CountryCode string // ISO 3166-1 alpha-2
	Continent   string // two letters
	Timezone    string // IANA name
	Coordinates *Coordinates
}

// Coordinates are in degrees.
type Coordinates struct{ Latitude, Longitude float64 }

// Options are the settings of a Finder.
type Options struct {
	Database string         // path of a MaxMind DB with cities or countries; "" = none
	Trusted  []netip.Prefix // proxies whose X-Forwarded-For is believed
}

// A Finder locates requests. It is safe for concurrent use.
type Finder struct {
	trusted  []netip.Prefix
	database *database // nil = none
}

// Open returns a Finder. Its database stays open for the life of the process.
func Open(opts Options) (*Finder, error) {
	f := &Finder{trusted: opts.Trusted}
	if opts.Database == "" {
		return f, nil
	}
	var err error
	f.database, err = openDatabase(opts.Database)
	return f, err
}

// ForcedHeader names the visitor's address in requests that a server sends for
// them, so that the visitor is located and not the server.
const ForcedHeader = "X-Force-Ip"

// Locate returns where a request comes from, with names in the language of
// locale (a BCP 47 tag; "" = English) where they are known in it. It is the zero
// Location if that cannot be told.
func (f *Finder) Locate(r *http.Request, locale string) Location {
	var at Location
	if forced := r.Header.Get(ForcedHeader); forced != "" {
		addr, err := netip.ParseAddr(strings.TrimSpace(forced))
		if err != nil {
			return Location{}
		}
		at = f.lookUp(addr, locale) // the headers would tell of the server
	} else if at = fromHeaders(r.Header); at.CountryCode == "" {
		at = f.lookUp(f.client(r), locale)
	}
	return at.completed(locale)
}

func (f *Finder) lookUp(addr netip.Addr, locale string) Location {
	if f.database == nil || !addr.IsValid() {
		return Location{}
	}
	return f.database.lookUp(addr.Unmap(), locale)
}

// client returns the address that a request comes from: of the proxies that
// handed it on, those that are trusted are passed.
func (f *Finder) client(r *http.Request) netip.Addr {
	remote, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := remote.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && f.trusts(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop.Unmap()
	}
	return addr
}

func (f *Finder) trusts(addr netip.Addr) bool {
	for _, p := range f.trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// completed returns l with what its country tells. A code that is no country's,
// as networks send for what they cannot locate, tells nothing.
func (l Location) completed(locale string) Location {
	l.CountryCode = strings.ToUpper(l.CountryCode)
	continent, ok := segment.ContinentOf(l.CountryCode)
	if !ok {
		return Location{}
	}
	l.Continent = cmp.Or(l.Continent, continent)
	l.Country = cmp.Or(countryName(l.CountryCode, locale), l.Country)
	return l
}

// countryName returns the name of a country in a language, English if it is not
// known in that.
func countryName(code, locale string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return ""
	}
	tag, err := language.Parse(locale)
	if err != nil || locale == "" {
		tag = language.English
	}
	namer := display.Regions(tag)
	if namer == nil {
		namer = display.Regions(language.English)
	}
	return namer.Name(region)
}

// Props returns what is known as properties, sorted, each key after prefix.
func (l Location) Props(prefix string) signal.Props {
	var props signal.Props
	add := func(key string, value signal.Value) {
		if value != signal.TextOf("") {
			props = append(props, signal.Prop{Key: prefix + key, Value: value})
		}
	}
	add("city", signal.TextOf(l.City))
	add("continent", signal.TextOf(l.Continent))
	if l.Coordinates != nil {
		add("coordinates.latitude", signal.NumberOf(l.Coordinates.Latitude))
		add("coordinates.longitude", signal.NumberOf(l.Coordinates.Longitude))
	}
	add("country", signal.TextOf(l.Country))
	add("countryCode", signal.TextOf(l.CountryCode))
	add("postalCode", signal.TextOf(l.PostalCode))
	add("region", signal.TextOf(l.Region))
	add("regionCode", signal.TextOf(l.RegionCode))
	add("timezone", signal.TextOf(l.Timezone))
	return props
}

// coordinates returns those that two texts spell; nil if they are none.
func coordinates(latitude, longitude string) *Coordinates {
	lat, err := strconv.ParseFloat(latitude, 64)
	if err != nil || !(lat >= -90 && lat <= 90) {
		return nil
	}
	long, err := strconv.ParseFloat(longitude, 64)
	if err != nil || !(long >= -180 && long <= 180) {
		return nil
	}
	return &Coordinates{lat, long}
}
