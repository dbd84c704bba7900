package query

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// A point is on the earth, in degrees.
type point struct{ lat, lon float64 }

const earthRadius = 6371 // km

// distance returns the kilometres between two points over ground.
func (p point) distance(q point) float64 {
	rad := math.Pi / 180
	dLat, dLon := (q.lat-p.lat)*rad, (q.lon-p.lon)*rad
	a := math.Pow(math.Sin(dLat/2), 2) + math.Cos(p.lat*rad)*math.Cos(q.lat*rad)*math.Pow(math.Sin(dLon/2), 2)
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(a)))
}

// location reads the value of a field of type Location.
func location(raw json.RawMessage) (point, bool) {
	var wire struct{ Lat, Lon *float64 }
	if json.Unmarshal(raw, &wire) != nil || wire.Lat == nil || wire.Lon == nil {
		return point{}, false
	}
	return point{*wire.Lat, *wire.Lon}, true
}

// numbers reads a list such as 52.5,13.4.
func numbers(s string) ([]float64, bool) {
	var list []float64
	for part := range strings.SplitSeq(s, ",") {
		n, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// area returns the test for being in a circle (latitude, longitude, kilometres)
// or a rectangle (south west and north east corner), nil for anything else.
func area(n []float64) func(point) bool {
	switch len(n) {
	case 3:
		center := point{n[0], n[1]}
		return func(p point) bool { return p.distance(center) <= n[2] }
	case 4:
		return func(p point) bool { return p.lat >= n[0] && p.lat <= n[2] && between(p.lon, n[1], n[3]) }
	}
	return nil
}

// between reports whether a longitude is east of one and west of another.
func between(lon, west, east float64) bool {
	if west <= east {
		return west <= lon && lon <= east
	}
	return lon >= west || lon <= east // over the date line
}
