package geo

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// A database is a MaxMind DB: GeoLite2 or GeoIP2 with cities or countries, or
// another of that form.
type database struct{ reader *maxminddb.Reader }

func openDatabase(path string) (*database, error) {
	reader, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("location database %s: %w: give a MaxMind DB file with cities or countries", path, err)
	}
	return &database{reader}, nil
}

// A place is one thing that a database names.
type place struct {
	Code    string            `maxminddb:"code"`
	ISOCode string            `maxminddb:"iso_code"`
	Names   map[string]string `maxminddb:"names"`
}

func (d *database) lookUp(addr netip.Addr, locale string) Location {
	var found struct {
		City         place   `maxminddb:"city"`
		Continent    place   `maxminddb:"continent"`
		Country      place   `maxminddb:"country"`
		Subdivisions []place `maxminddb:"subdivisions"`
		Postal       place   `maxminddb:"postal"`
		Location     struct {
			Latitude  *float64 `maxminddb:"latitude"`
			Longitude *float64 `maxminddb:"longitude"`
			TimeZone  string   `maxminddb:"time_zone"`
		} `maxminddb:"location"`
	}
	if d.reader.Lookup(addr).Decode(&found) != nil {
		return Location{} // a damaged record is as good as none
	}
	at := Location{
		City: found.City.name(locale), PostalCode: found.Postal.Code, Timezone: found.Location.TimeZone,
		Country: found.Country.name(locale), CountryCode: found.Country.ISOCode, Continent: found.Continent.Code,
	}
	if len(found.Subdivisions) > 0 {
		at.Region, at.RegionCode = found.Subdivisions[0].name(locale), found.Subdivisions[0].ISOCode
	}
	if l := found.Location; l.Latitude != nil && l.Longitude != nil {
		at.Coordinates = &Coordinates{*l.Latitude, *l.Longitude}
	}
	return at
}

// name returns the name in the language of locale, else in English.
func (p place) name(locale string) string {
	base, _, _ := strings.Cut(locale, "-")
	return cmp.Or(p.Names[locale], p.Names[base], p.Names["en"])
}
