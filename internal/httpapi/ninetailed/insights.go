package ninetailed

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// insightsBatch is what one profile brings to the Insights API.
type insightsBatch struct {
	Profile struct {
		ID string `json:"id"`
	} `json:"profile"`
	Events []json.RawMessage `json:"events"`
}

// decodeInsights reads the body of the Insights API.
func decodeInsights(body []byte) ([]signal.Message, error) {
	var batches []insightsBatch
	if err := json.Unmarshal(body, &batches); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, `body: not a list of batches: send [{"profile": {"id": "…"}, "events": [event, …]}]`)
	}
	var all []signal.Message
	for _, b := range batches {
		if len(all)+len(b.Events) > signal.MaxBatch {
			return nil, fault.New(fault.TooLarge, "events: more than %d in one request; send several requests", signal.MaxBatch)
		}
		messages := decodeEvents(b.Events)
		for i := range messages {
			messages[i].AnonymousID = b.Profile.ID
			all = appendInsight(all, messages[i])
		}
	}
	return all, nil
}

// An occurrence is something that is reported more than once: when it begins and
// with how long it has been so far.
type occurrence struct {
	id, duration string // properties
	ended        string // track event that says how long it was
}

// occurrences are those of each type of event.
var occurrences = map[string]occurrence{
	"component":       {"viewId", "viewDurationMs", "Component View Ended"},
	"component_hover": {"hoverId", "hoverDurationMs", "Component Hover Ended"},
}

// trackEvents are the names of events whose types are those of Insights alone.
var trackEvents = map[string]string{"component_click": "Component Clicked", "component_hover": "Component Hovered"}

// longest is how long a view or hover may last, in milliseconds: a day.
const longest = 24 * 60 * 60 * 1000

// appendInsight appends what one event of the Insights API is to us. A view or
// hover becomes one signal, however often it is reported, named by its own id
// and dated when it began; and each length that is reported one track event, of
// which the longest counts.
func appendInsight(all []signal.Message, m signal.Message) []signal.Message {
	of, repeated := occurrences[m.Type]
	if event := trackEvents[m.Type]; event != "" {
		m.Type, m.Event = signal.Track.String(), event
	}
	id, _ := m.Props.Get(of.id)
	if !repeated || id.String() == "" {
		return append(all, m)
	}
	length, _ := m.Props.Get(of.duration)
	ms, _ := length.Float()
	ms = min(max(ms, 0), longest)
	begun := m
	begun.MessageID = id.String()
	begun.Props = slices.DeleteFunc(slices.Clone(m.Props), func(p signal.Prop) bool { return p.Key == of.duration })
	if !m.Timestamp.IsZero() {
		begun.Timestamp = m.Timestamp.Add(-time.Duration(ms) * time.Millisecond)
	}
	all = append(all, begun)
	if ms > 0 {
		m.MessageID = id.String() + ":" + strconv.FormatFloat(ms, 'f', -1, 64)
		m.Type, m.Event = signal.Track.String(), of.ended
		all = append(all, m)
	}
	return all
}
