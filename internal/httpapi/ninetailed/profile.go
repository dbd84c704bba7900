package ninetailed

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/experience/bucket"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// profile is what is known of a visitor.
type profile struct {
	ID        string         `json:"id"`
	StableID  string         `json:"stableId"` // what assignments go by
	Random    float64        `json:"random"`   // from 0 to 1, of the visitor for ever
	Audiences []string       `json:"audiences"`
	Traits    map[string]any `json:"traits"`
	Location  location       `json:"location"`
	Session   session        `json:"session"`
}

type location struct {
	Coordinates *coordinates `json:"coordinates,omitempty"`
	City        string       `json:"city,omitempty"`
	PostalCode  string       `json:"postalCode,omitempty"`
	Region      string       `json:"region,omitempty"`
	RegionCode  string       `json:"regionCode,omitempty"`
	Country     string       `json:"country,omitempty"`
	CountryCode string       `json:"countryCode,omitempty"`
	Continent   string       `json:"continent,omitempty"`
	Timezone    string       `json:"timezone,omitempty"`
}

type coordinates struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// session is how the visitor's current session began and how often they came.
// Lengths are in seconds.
type session struct {
	ID                   string  `json:"id"`
	IsReturningVisitor   bool    `json:"isReturningVisitor"`
	LandingPage          page    `json:"landingPage"`
	Count                int     `json:"count"`
	ActiveSessionLength  float64 `json:"activeSessionLength"`
	AverageSessionLength float64 `json:"averageSessionLength"`
}

type page struct {
	Path     string            `json:"path"`
	Query    map[string]string `json:"query"`
	Referrer string            `json:"referrer"`
	Search   string            `json:"search"`
	URL      string            `json:"url"`
	Title    string            `json:"title,omitempty"`
}

// profileOf returns the profile of an answer, which must have a record. Its id is
// the one that was asked for, even of a visitor who has several: a user's id has
// no business in a cookie.
func profileOf(a *resolve.Answer) profile {
	audiences := slices.Clone(a.Segments)
	slices.SortFunc(audiences, compareIDs)
	if audiences == nil {
		audiences = []string{}
	}
	stable := a.Record.StableID()
	return profile{
		ID:        a.Visitor,
		StableID:  stable,
		Random:    bucket.Traffic("profile", stable),
		Audiences: audiences,
		Traits:    traitsOf(a.Record.Summary.Traits),
		Location:  locationOf(a.Record.Signals, a.Sessions.Current.Begin),
		Session:   sessionOf(a),
	}
}

// compareIDs orders ids without regard to case.
func compareIDs(a, b string) int {
	if c := strings.Compare(strings.ToLower(a), strings.ToLower(b)); c != 0 {
		return c
	}
	return strings.Compare(a, b)
}

// traitsOf returns traits as they were nested. Where one trait is a value and
// others are within it, the value gives way.
func traitsOf(known map[string]visitor.Trait) map[string]any {
	traits := make(map[string]any, len(known))
	for path, trait := range known {
		at, name := traits, path
		for {
			parent, rest, nested := strings.Cut(name, ".")
			if !nested {
				break
			}
			below, ok := at[parent].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[parent] = below
			}
			at, name = below, rest
		}
		if _, parent := at[name].(map[string]any); !parent {
			at[name] = jsonOf(trait.Value)
		}
	}
	return traits
}

func jsonOf(v signal.Value) any {
	switch v.Kind() {
	case signal.Number:
		f, _ := v.Float()
		return f
	case signal.Bool:
		return v.Bool()
	default:
		return v.String()
	}
}

// locationOf returns where the visitor is by the latest signal since an instant
// that says so: rules go by those of the current session too.
func locationOf(sigs []signal.Signal, since int64) location {
	for i := len(sigs) - 1; i >= 0 && sigs[i].At >= since; i-- {
		from, _ := slices.BinarySearchFunc(sigs[i].Props, locationPrefix, func(p signal.Prop, key string) int { return strings.Compare(p.Key, key) })
		if props := sigs[i].Props[from:]; len(props) > 0 && strings.HasPrefix(props[0].Key, locationPrefix) {
			return readLocation(props)
		}
	}
	return location{}
}

// readLocation reads the location that props begin with. What the SDKs would
// refuse is left out.
func readLocation(props signal.Props) location {
	text := func(key string) string { v, _ := props.Get(locationPrefix + key); return v.String() }
	number := func(key string) (float64, bool) { v, _ := props.Get(locationPrefix + key); return v.Float() }
	l := location{
		City: text("city"), PostalCode: text("postalCode"), Region: text("region"), RegionCode: text("regionCode"),
		Country: text("country"), CountryCode: strings.ToUpper(text("countryCode")), Continent: text("continent"), Timezone: text("timezone"),
	}
	if _, isCountry := segment.ContinentOf(l.CountryCode); !isCountry {
		l.CountryCode = ""
	}
	latitude, known := number("coordinates.latitude")
	longitude, both := number("coordinates.longitude")
	if known && both {
		l.Coordinates = &coordinates{latitude, longitude}
	}
	return l
}

func sessionOf(a *resolve.Answer) session {
	current := a.Sessions.Current
	return session{
		ID:                   sessionID(a.Record.StableID(), current),
		IsReturningVisitor:   current.Number > 1,
		LandingPage:          landingPage(a.Record.Signals, current),
		Count:                a.Sessions.Count,
		ActiveSessionLength:  float64(current.End-current.Begin) / 1000,
		AverageSessionLength: a.Sessions.Mean,
	}
}

// sessionID names a session of a visitor.
func sessionID(visitorID string, s segment.Session) string {
	return visitorID + "-" + strconv.Itoa(s.Number)
}

// landingPage returns the first page that was viewed in a session.
func landingPage(sigs []signal.Signal, in segment.Session) page {
	begin, _ := slices.BinarySearchFunc(sigs, in.Begin, func(s signal.Signal, at int64) int { return cmp.Compare(s.At, at) })
	for i := begin; i < len(sigs); i++ {
		if s := &sigs[i]; s.Type == signal.Page && s.Flags&signal.TooLate == 0 && s.Device == sigs[begin].Device {
			return readPage(s.Props)
		}
	}
	return page{Query: map[string]string{}}
}

// readPage returns the page that the context of an event tells. Of a parameter
// that is repeated the last value counts, as in the SDKs.
func readPage(props signal.Props) page {
	text := func(field string) string {
		v, ok := props.Get(pagePrefix + field)
		if !ok {
			v, _ = props.Get(field) // as Segment's clients have it
		}
		return v.String()
	}
	p := page{
		Path: text("path"), URL: text("url"), Referrer: text("referrer"), Search: text("search"), Title: text("title"),
		Query: map[string]string{},
	}
	for _, q := range props {
		if name, ok := strings.CutPrefix(q.Key, pagePrefix+"query."); ok {
			p.Query[name] = q.Value.String()
		}
	}
	return p
}
