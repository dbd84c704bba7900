package geo

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// names are the headers in which a network says where a visitor is, in the
// canonical form of HTTP; "" = it does not say.
type names struct {
	countryCode, country, continent string
	region, regionCode, city        string
	postalCode, timezone            string
	latitude, longitude             string
}

// Networks that have a header for each thing. Cloudflare sends the country
// alone unless its transform "Add visitor location headers" is on.
var networks = []names{
	{ // Cloudflare
		countryCode: "Cf-Ipcountry", continent: "Cf-Ipcontinent", region: "Cf-Region", regionCode: "Cf-Region-Code",
		city: "Cf-Ipcity", postalCode: "Cf-Postal-Code", timezone: "Cf-Timezone", latitude: "Cf-Iplatitude", longitude: "Cf-Iplongitude",
	},
	{ // Amazon CloudFront
		countryCode: "Cloudfront-Viewer-Country", country: "Cloudfront-Viewer-Country-Name",
		region: "Cloudfront-Viewer-Country-Region-Name", regionCode: "Cloudfront-Viewer-Country-Region",
		city: "Cloudfront-Viewer-City", postalCode: "Cloudfront-Viewer-Postal-Code", timezone: "Cloudfront-Viewer-Time-Zone",
		latitude: "Cloudfront-Viewer-Latitude", longitude: "Cloudfront-Viewer-Longitude",
	},
	{ // Vercel
		countryCode: "X-Vercel-Ip-Country", continent: "X-Vercel-Ip-Continent", regionCode: "X-Vercel-Ip-Country-Region",
		city: "X-Vercel-Ip-City", postalCode: "X-Vercel-Ip-Postal-Code", timezone: "X-Vercel-Ip-Timezone",
		latitude: "X-Vercel-Ip-Latitude", longitude: "X-Vercel-Ip-Longitude",
	},
	{ // Google App Engine; its coordinates are read by fromHeaders
		countryCode: "X-Appengine-Country", regionCode: "X-Appengine-Region", city: "X-Appengine-City",
	},
}

// fromHeaders returns what the network before us says.
func fromHeaders(h http.Header) Location {
	for i := range networks {
		if at := networks[i].read(h); at.CountryCode != "" {
			if lat, long, ok := strings.Cut(h.Get("X-Appengine-Citylatlong"), ","); ok {
				at.Coordinates = coordinates(lat, long)
			}
			return at
		}
	}
	if at := netlify(h.Get("X-Nf-Geo")); at.CountryCode != "" {
		return at
	}
	return akamai(h.Get("X-Akamai-Edgescape"))
}

func (n *names) read(h http.Header) Location {
	code := h.Get(n.countryCode)
	if code == "" {
		return Location{}
	}
	text := func(name string) string {
		if name == "" {
			return ""
		}
		return plain(h.Get(name))
	}
	return Location{
		CountryCode: code, Country: text(n.country), Continent: text(n.continent),
		Region: text(n.region), RegionCode: text(n.regionCode), City: text(n.city),
		PostalCode: text(n.postalCode), Timezone: text(n.timezone),
		Coordinates: coordinates(text(n.latitude), text(n.longitude)),
	}
}

// maxText is the greatest length of a name that is read, in bytes.
const maxText = 200

// plain returns a name, with its percent-encoding undone; "" for what is none.
func plain(value string) string {
	if text, err := url.PathUnescape(value); err == nil {
		value = text
	}
	value = strings.TrimSpace(value)
	if len(value) > maxText || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) || value == "?" {
		return ""
	}
	return value
}

// netlify reads the header of Netlify: JSON, also as base64.
func netlify(value string) Location {
	if value == "" {
		return Location{}
	}
	raw := []byte(value)
	if decoded, err := base64.StdEncoding.DecodeString(value); err == nil {
		raw = decoded
	}
	var geo struct {
		City, Timezone       string
		Country, Subdivision struct{ Code, Name string }
		PostalCode           string `json:"postal_code"`
		Latitude, Longitude  *float64
	}
	if json.Unmarshal(raw, &geo) != nil {
		return Location{}
	}
	at := Location{
		CountryCode: geo.Country.Code, Country: plain(geo.Country.Name), City: plain(geo.City), PostalCode: plain(geo.PostalCode),
		Region: plain(geo.Subdivision.Name), RegionCode: plain(geo.Subdivision.Code), Timezone: plain(geo.Timezone),
	}
	if geo.Latitude != nil && geo.Longitude != nil {
		at.Coordinates = &Coordinates{*geo.Latitude, *geo.Longitude}
	}
	return at
}

// akamai reads the header of Akamai's EdgeScape, pairs such as
// country_code=US,city=SANFRANCISCO. Its cities have no spaces and are left out.
func akamai(value string) Location {
	said := map[string]string{}
	for pair := range strings.SplitSeq(value, ",") {
		if key, text, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			said[key] = plain(text)
		}
	}
	zip, _, _ := strings.Cut(said["zip"], "-")
	zip, _, _ = strings.Cut(zip, "+")
	return Location{
		CountryCode: said["country_code"], Continent: said["continent"], RegionCode: said["region_code"], PostalCode: zip,
		Coordinates: coordinates(said["lat"], said["long"]),
	}
}
