package ingest

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// The formats that can be replayed.
const (
	CSV    = "csv"    // with a header row
	NDJSON = "ndjson" // one JSON object a line
)

// A Mapping says how the rows of a recording are signals. Columns are named as
// in the header row of a CSV file, and by dotted paths in NDJSON.
type Mapping struct {
	Format     string            `yaml:"format"` // CSV or NDJSON; empty = CSV
	Visitor    string            `yaml:"visitor"`
	Time       TimeColumn        `yaml:"time"`
	Event      EventColumn       `yaml:"event"`
	Properties map[string]string `yaml:"properties"` // property to column; empty cells are left out
	// MessageID names the columns that make a row what it is: rows that agree
	// in them are one signal. Empty = all columns. Of a single column the
	// value itself is the message id.
	MessageID []string `yaml:"messageId"`
}

// A TimeColumn says where and how a row gives its time.
type TimeColumn struct {
	Column string `yaml:"column"`
	Unit   string `yaml:"unit"` // ms or s since the Unix epoch, rfc3339, or a layout of Go's package time
	Zone   string `yaml:"zone"` // IANA name, for a layout without one; empty = UTC
}

// An EventColumn says which column names the event, and how to translate it.
// A value that Map lacks is the event's name. The translations page, page:NAME,
// screen, screen:NAME and identify make signals of those types, all others
// track signals.
type EventColumn struct {
	Column string            `yaml:"column"`
	Map    map[string]string `yaml:"map"`
}

// Check returns every mistake of m at once, each naming its key; nil if there
// is none.
func (m Mapping) Check() error {
	var mistakes []error
	wrong := func(format string, args ...any) {
		mistakes = append(mistakes, fault.New(fault.Invalid, format, args...))
	}
	if f := m.format(); f != CSV && f != NDJSON {
		wrong("format: %q is unknown; give csv or ndjson", m.Format)
	}
	for _, c := range [...][2]string{{"visitor", m.Visitor}, {"time.column", m.Time.Column}, {"event.column", m.Event.Column}} {
		if c[1] == "" {
			wrong("%s: missing; name a column", c[0])
		}
	}
	if _, err := m.Time.reader(); err != nil {
		mistakes = append(mistakes, err)
	}
	for _, value := range slices.Sorted(maps.Keys(m.Event.Map)) {
		if m.Event.Map[value] == "" {
			wrong("event.map.%s: empty; name an event", value)
		}
	}
	for _, property := range slices.Sorted(maps.Keys(m.Properties)) {
		if property == "" || m.Properties[property] == "" {
			wrong("properties: %q: %q; name a property and its column", property, m.Properties[property])
		}
	}
	if slices.Contains(m.MessageID, "") {
		wrong("messageId: has an empty name; name columns")
	}
	return errors.Join(mistakes...)
}

func (m Mapping) format() string {
	if m.Format == "" {
		return CSV
	}
	return m.Format
}

// columns returns the columns that m reads, sorted.
func (m Mapping) columns() []string {
	columns := append([]string{m.Visitor, m.Time.Column, m.Event.Column}, m.MessageID...)
	columns = append(columns, slices.Collect(maps.Values(m.Properties))...)
	slices.Sort(columns)
	return slices.Compact(columns)
}

// reader returns the function that reads the column's cells.
func (c TimeColumn) reader() (func(string) (time.Time, bool), error) {
	if c.Zone != "" && (c.Unit == "ms" || c.Unit == "s" || c.Unit == "rfc3339") {
		return nil, fault.New(fault.Invalid, "time.zone: the unit %s needs none; leave it out", c.Unit)
	}
	switch c.Unit {
	case "":
		return nil, fault.New(fault.Invalid, "time.unit: missing; give ms, s, rfc3339 or a layout such as \"2006-01-02 15:04:05\"")
	case "ms":
		return readMillis, nil
	case "s":
		return readSeconds, nil
	case "rfc3339":
		return signal.ParseTime, nil
	default:
		return c.layoutReader()
	}
}

func (c TimeColumn) layoutReader() (func(string) (time.Time, bool), error) {
	if sample := time.Date(1987, 9, 8, 23, 34, 45, 0, time.UTC); sample.Format(c.Unit) == c.Unit {
		return nil, fault.New(fault.Invalid,
			"time.unit: %q shows no time; give ms, s, rfc3339 or a layout such as \"2006-01-02 15:04:05\"", c.Unit)
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || strings.EqualFold(c.Zone, "local") {
		return nil, fault.New(fault.Invalid, "time.zone: %q is unknown; give an IANA name such as Europe/Berlin", c.Zone)
	}
	return func(s string) (time.Time, bool) {
		t, err := time.ParseInLocation(c.Unit, s, zone)
		return t, err == nil && signal.InRange(t)
	}, nil
}
