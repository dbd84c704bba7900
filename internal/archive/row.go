package archive

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// A Row is one signal. Texts that are not there are empty; what may be NULL is a
// pointer.
type Row struct {
	Visitor     string    `parquet:"visitor,dict"`                       // the visitor whose record it went to, by that record's id at the time
	MessageID   string    `parquet:"message_id"`                         // with Visitor, what tells a row that is there twice
	AnonymousID string    `parquet:"anonymous_id,dict"`                  // the device
	UserID      string    `parquet:"user_id,dict"`                       //
	Type        string    `parquet:"type,dict"`                          // track, page, …
	Event       string    `parquet:"event,dict"`                         // of a track its name, of a page or screen the page's
	At          time.Time `parquet:"happened_at,timestamp(millisecond)"` // when it happened, corrected: what rules go by
	Position    int32     `parquet:"position"`                           // in its batch: orders what has one time
	StatedAt    time.Time `parquet:"stated_at,timestamp(millisecond)"`   // when the client said that it happened; 1970 if it did not
	ReceivedAt  time.Time `parquet:"received_at,timestamp(millisecond)"` //
	TooLate     bool      `parquet:"too_late"`                           // rules and metrics do not count it
	Source      string    `parquet:"source,dict"`                        // the route that brought it
	Experience  *string   `parquet:"experience,optional,dict"`           // of an exposure
	Variant     *int32    `parquet:"variant,optional"`                   // of an exposure
	Properties  string    `parquet:"properties,json"`                    // an object; several values of one property are an array
	Context     string    `parquet:"context,json"`                       // likewise
}

// rowsOf returns the rows of what arrived.
func rowsOf(a ingest.Arrival) ([]Row, error) {
	rows := make([]Row, len(a.Signals))
	for i := range a.Signals {
		s := &a.Signals[i]
		properties, context, err := objectsOf(s.Props)
		if err != nil {
			return nil, err
		}
		rows[i] = Row{
			Visitor: a.Visitor, MessageID: s.ID, AnonymousID: s.Device, UserID: s.UserID, Type: s.Type.String(), Event: s.Name,
			At: time.UnixMilli(s.At).UTC(), Position: int32(s.Pos), StatedAt: time.UnixMilli(s.Raw).UTC(), ReceivedAt: a.ReceivedAt,
			TooLate: s.Flags&signal.TooLate != 0, Source: a.Source, Properties: properties, Context: context,
		}
		if seen, ok := s.Exposure(); ok {
			variant := int32(seen.Variant)
			rows[i].Experience, rows[i].Variant = &seen.Experience, &variant
		}
	}
	return rows, nil
}

const contextPrefix = "context."

// objectsOf returns properties and context as JSON.
func objectsOf(props signal.Props) (properties, context string, err error) {
	own, around := map[string]any{}, map[string]any{}
	for _, p := range props {
		if key, ok := strings.CutPrefix(p.Key, contextPrefix); ok {
			put(around, key, p.Value)
		} else {
			put(own, p.Key, p.Value)
		}
	}
	one, err := json.Marshal(own)
	if err != nil {
		return "", "", err
	}
	other, err := json.Marshal(around)
	return string(one), string(other), err
}

// put adds a value; several of one key become an array.
func put(object map[string]any, key string, v signal.Value) {
	value := v.Any()
	switch have := object[key].(type) {
	case nil:
		object[key] = value
	case []any:
		object[key] = append(have, value)
	default:
		object[key] = []any{have, value}
	}
}
