package ingest

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

// A row is one entry of a recording.
type row interface {
	// text returns the first value in the column; "" if there is none.
	text(column string) string
	// collect appends the values in the column to props, as key.
	collect(props signal.Props, key, column string) signal.Props
	// identity returns what tells the row from others: all of it.
	identity() []byte
}

// A mapper makes messages of rows, as a Mapping says.
type mapper struct {
	Mapping
	readTime   func(string) (time.Time, bool)
	properties []string // sorted, so that equal rows make equal messages
}

// newMapper returns the mapper of a mapping that passes Check.
func newMapper(m Mapping) (*mapper, error) {
	readTime, err := m.Time.reader()
	if err != nil {
		return nil, err
	}
	return &mapper{Mapping: m, readTime: readTime, properties: slices.Sorted(maps.Keys(m.Properties))}, nil
}

func (p *mapper) message(r row) signal.Message {
	m := signal.Message{AnonymousID: r.text(p.Visitor), MessageID: p.messageID(r)}
	p.name(&m, r.text(p.Event.Column))
	for _, key := range p.properties {
		m.Props = r.collect(m.Props, key, p.Properties[key])
	}
	m.Props.Sort()
	when := r.text(p.Time.Column)
	t, ok := p.readTime(when)
	switch {
	case ok:
		m.Timestamp = t
	case when == "":
		m.Err = signal.NewDefect(signal.BadTime, p.Time.Column, "empty; every row must say when it happened")
	default:
		m.Err = signal.NewDefect(signal.BadTime, p.Time.Column, "%.40q is not a time in %s; mend it, or time.unit of the mapping", when, p.Time.Unit)
	}
	if m.AnonymousID == "" && m.Err == nil {
		m.Err = signal.NewDefect(signal.NoVisitor, p.Visitor, "empty; every row must name its visitor")
	}
	return m
}

// name sets the type and name of m from the value in the event column.
func (p *mapper) name(m *signal.Message, value string) {
	event, mapped := p.Event.Map[value]
	if !mapped {
		m.Type, m.Event = signal.Track.String(), value
		return
	}
	kind, name, _ := strings.Cut(event, ":")
	switch {
	case kind == signal.Page.String(), kind == signal.Screen.String():
		m.Type, m.Name = kind, name
	case event == signal.Identify.String():
		m.Type = event
	default:
		m.Type, m.Event = signal.Track.String(), event
	}
}

func (p *mapper) messageID(r row) string {
	switch len(p.MessageID) {
	case 0:
		return hashID(r.identity())
	case 1:
		return r.text(p.MessageID[0])
	default:
		var b []byte
		for _, column := range p.MessageID {
			b = appendText(b, r.text(column))
		}
		return hashID(b)
	}
}

// leastMillis tells milliseconds from seconds given by mistake: as milliseconds
// it lies in 1973.
const leastMillis = 1e11

// readMillis reads a decimal number of milliseconds since the Unix epoch.
func readMillis(s string) (time.Time, bool) {
	f, ok := signal.ParseNumber(s)
	return epoch(f, ok && f >= leastMillis)
}

// readSeconds reads a decimal number of seconds since the Unix epoch.
func readSeconds(s string) (time.Time, bool) {
	f, ok := signal.ParseNumber(s)
	return epoch(1000*f, ok && f >= 0)
}

// epoch returns the time ms milliseconds after the Unix epoch, if it was read
// well and lies in range.
func epoch(ms float64, ok bool) (time.Time, bool) {
	if !ok || ms >= 1e15 {
		return time.Time{}, false
	}
	t := time.UnixMilli(int64(math.Round(ms))).UTC()
	return t, signal.InRange(t)
}
