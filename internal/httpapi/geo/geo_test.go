package geo_test

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/geo"
	"github.com/segue-dev/segue/internal/signal"
)

const remote = "192.0.2.1" // whence httptest's requests come

func locate(t *testing.T, f *geo.Finder, locale string, header map[string]string) geo.Location {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	return f.Locate(r, locale)
}

func open(t *testing.T, opts geo.Options) *geo.Finder {
	t.Helper()
	f, err := geo.Open(opts)
	require.NoError(t, err)
	return f
}

func TestANetworkSaysWhereTheVisitorIs(t *testing.T) {
	munich := geo.Location{
		City: "München", PostalCode: "80331", Region: "Bavaria", RegionCode: "BY", Country: "Germany", CountryCode: "DE",
		Continent: "EU", Timezone: "Europe/Berlin", Coordinates: &geo.Coordinates{Latitude: 48.1, Longitude: 11.5},
	}
	without := func(edit func(*geo.Location)) geo.Location {
		l := munich
		edit(&l)
		return l
	}
	nf := `{"city":"München","country":{"code":"DE","name":"Germany"},"subdivision":{"code":"BY","name":"Bavaria"},` +
		`"timezone":"Europe/Berlin","postal_code":"80331","latitude":48.1,"longitude":11.5}`
	for name, tc := range map[string]struct {
		header map[string]string
		want   geo.Location
	}{
		"Cloudflare": {map[string]string{
			"CF-IPCountry": "DE", "CF-IPContinent": "EU", "CF-Region": "Bavaria", "CF-Region-Code": "BY", "CF-IPCity": "München",
			"CF-Postal-Code": "80331", "CF-Timezone": "Europe/Berlin", "CF-IPLatitude": "48.1", "CF-IPLongitude": "11.5",
		}, munich},
		"CloudFront": {map[string]string{
			"CloudFront-Viewer-Country": "DE", "CloudFront-Viewer-Country-Name": "Germany", "CloudFront-Viewer-Country-Region": "BY",
			"CloudFront-Viewer-Country-Region-Name": "Bavaria", "CloudFront-Viewer-City": "M%C3%BCnchen", "CloudFront-Viewer-Postal-Code": "80331",
			"CloudFront-Viewer-Time-Zone": "Europe/Berlin", "CloudFront-Viewer-Latitude": "48.1", "CloudFront-Viewer-Longitude": "11.5",
		}, munich},
		"Vercel": {map[string]string{
			"x-vercel-ip-country": "DE", "x-vercel-ip-continent": "EU", "x-vercel-ip-country-region": "BY", "x-vercel-ip-city": "M%C3%BCnchen",
			"x-vercel-ip-postal-code": "80331", "x-vercel-ip-timezone": "Europe/Berlin", "x-vercel-ip-latitude": "48.1", "x-vercel-ip-longitude": "11.5",
		}, without(func(l *geo.Location) { l.Region = "" })},
		"App Engine": {map[string]string{
			"X-AppEngine-Country": "DE", "X-AppEngine-Region": "by", "X-AppEngine-City": "münchen", "X-AppEngine-CityLatLong": "48.1,11.5",
		}, without(func(l *geo.Location) {
			l.City, l.Region, l.RegionCode, l.PostalCode, l.Timezone = "münchen", "", "by", "", ""
		})},
		"Netlify":           {map[string]string{"x-nf-geo": base64.StdEncoding.EncodeToString([]byte(nf))}, munich},
		"Netlify, as JSON":  {map[string]string{"x-nf-geo": nf}, munich},
		"Netlify, nonsense": {map[string]string{"x-nf-geo": "{"}, geo.Location{}},
		"Akamai": {map[string]string{
			"X-Akamai-Edgescape": "georegion=53,country_code=DE,region_code=BY,city=MUNICH,lat=48.1,long=11.5,timezone=GMT+1,continent=EU,zip=80331-80339",
		}, without(func(l *geo.Location) { l.City, l.Region, l.Timezone = "", "", "" })},
		"the country alone": {map[string]string{"CF-IPCountry": "de"}, geo.Location{Country: "Germany", CountryCode: "DE", Continent: "EU"}},
		"unknown":           {map[string]string{"CF-IPCountry": "XX", "CF-IPCity": "Nowhere"}, geo.Location{}},
		"Tor":               {map[string]string{"CF-IPCountry": "T1"}, geo.Location{}},
		"App Engine cannot": {map[string]string{"X-AppEngine-Country": "ZZ", "X-AppEngine-City": "?"}, geo.Location{}},
		"no such place": {
			map[string]string{"CF-IPCountry": "DE", "CF-IPLatitude": "91", "CF-IPLongitude": "NaN", "CF-IPCity": "a\x01b"},
			geo.Location{Country: "Germany", CountryCode: "DE", Continent: "EU"},
		},
		"nothing": {nil, geo.Location{}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, locate(t, open(t, geo.Options{}), "en", tc.header))
		})
	}
}

func TestCountriesAreNamedInTheLanguageAskedFor(t *testing.T) {
	f := open(t, geo.Options{})
	for locale, want := range map[string]string{"": "Germany", "de-DE": "Deutschland", "fr": "Allemagne", "tlh": "Germany", "!": "Germany"} {
		require.Equal(t, want, locate(t, f, locale, map[string]string{"CF-IPCountry": "DE"}).Country, locale)
	}
}

// database writes a database of three networks and returns its path.
func database(t *testing.T) string {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-City", IncludeReservedNetworks: true})
	require.NoError(t, err)
	for network, country := range map[string]string{"203.0.113.0/24": "FR", "198.51.100.0/24": "US", remote + "/32": "AT"} {
		_, ipNet, err := net.ParseCIDR(network)
		require.NoError(t, err)
		require.NoError(t, tree.Insert(ipNet, mmdbtype.Map{
			"country":      mmdbtype.Map{"iso_code": mmdbtype.String(country), "names": mmdbtype.Map{"en": mmdbtype.String(country)}},
			"city":         mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("City of " + country), "de": mmdbtype.String("Stadt in " + country)}},
			"subdivisions": mmdbtype.Slice{mmdbtype.Map{"iso_code": mmdbtype.String("R"), "names": mmdbtype.Map{"en": mmdbtype.String("Region")}}},
			"postal":       mmdbtype.Map{"code": mmdbtype.String("1000")},
			"location": mmdbtype.Map{
				"latitude": mmdbtype.Float64(1.5), "longitude": mmdbtype.Float64(-2.5), "time_zone": mmdbtype.String("Europe/Paris"),
			},
		}))
	}
	path := filepath.Join(t.TempDir(), "city.mmdb")
	file, err := os.Create(path)
	require.NoError(t, err)
	_, err = tree.WriteTo(file)
	require.NoError(t, err)
	require.NoError(t, file.Close())
	return path
}

func TestADatabaseKnowsWhatNoNetworkSays(t *testing.T) {
	f := open(t, geo.Options{Database: database(t), Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("10.0.0.0/8")}})
	require.Equal(t, geo.Location{
		City: "Stadt in FR", PostalCode: "1000", Region: "Region", RegionCode: "R", Country: "Frankreich", CountryCode: "FR",
		Continent: "EU", Timezone: "Europe/Paris", Coordinates: &geo.Coordinates{Latitude: 1.5, Longitude: -2.5},
	}, locate(t, f, "de-DE", map[string]string{"X-Force-IP": "203.0.113.9"}))
	for name, tc := range map[string]struct {
		header map[string]string
		want   string
	}{
		"the client":                      {nil, "AT"},
		"whom trusted proxies name":       {map[string]string{"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.1.1.1"}, "US"},
		"a proxy that names nonsense":     {map[string]string{"X-Forwarded-For": "nonsense"}, "AT"},
		"the network goes before":         {map[string]string{"CF-IPCountry": "PL"}, "PL"},
		"but not before a forced address": {map[string]string{"CF-IPCountry": "PL", "X-Force-IP": "198.51.100.1"}, "US"},
		"forced, as IPv6 has it":          {map[string]string{"X-Force-IP": "::ffff:198.51.100.1"}, "US"},
		"forced, unknown":                 {map[string]string{"CF-IPCountry": "PL", "X-Force-IP": "127.0.0.1"}, ""},
		"forced, nonsense":                {map[string]string{"CF-IPCountry": "PL", "X-Force-IP": "here"}, ""},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tc.want, locate(t, f, "", tc.header).CountryCode) })
	}
	distrustful := open(t, geo.Options{Database: database(t)})
	require.Equal(t, "AT", locate(t, distrustful, "", map[string]string{"X-Forwarded-For": "203.0.113.9"}).CountryCode)
}

func TestAFileThatIsNoDatabaseIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	require.NoError(t, os.WriteFile(path, []byte("no database"), 0o600))
	_, err := geo.Open(geo.Options{Database: path})
	require.ErrorContains(t, err, path)
}

func TestPropsAreSortedAndSayNothingUnknown(t *testing.T) {
	require.Empty(t, geo.Location{}.Props("location."))
	l := geo.Location{
		City: "c", CountryCode: "DE", Timezone: "tz", Continent: "EU", Country: "Germany", PostalCode: "1", Region: "r", RegionCode: "R",
		Coordinates: &geo.Coordinates{Latitude: 0, Longitude: 2},
	}
	props := l.Props("context.location.")
	sorted := append(signal.Props{}, props...)
	sorted.Sort()
	require.Equal(t, sorted, props)
	require.Len(t, props, 10)
}
