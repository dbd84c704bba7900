package measure

import (
	"cmp"
	"math"
	"strings"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A matcher says which signals a match is about. The events are told apart by
// their keys; where is asked of the evaluator of rules, of the one signal.
type matcher struct {
	keys  []string // as visitor.EventKey has them; nil = any event
	track bool     // any track event
	where *segment.Set
}

func newMatcher(m syntax.Match) (matcher, error) {
	var out matcher
	set, err := segment.Compile([]syntax.Definition{{Key: "other", Name: "other", SoWhat: "-", When: syntax.Never{Match: m}}}, segment.Options{})
	if err != nil {
		return out, err
	}
	for _, e := range m.Events {
		switch {
		case e.Kind == syntax.AnyEvent:
			out.keys = nil
			out.where = set
			return out, nil
		case e == syntax.Event{Kind: syntax.TrackEvent}:
			out.track = true
		case e.Kind == syntax.TrackEvent:
			out.keys = append(out.keys, "track:"+signal.NormalizeEvent(e.Name))
		case e.Name != "":
			out.keys = append(out.keys, syntax.Event{Kind: e.Kind}.String()+":"+signal.Normalize(e.Name))
		default:
			out.keys = append(out.keys, e.String())
		}
	}
	if len(m.Where) > 0 {
		out.where = set
	}
	return out, nil
}

// matches reports whether m is about s.
func (m *matcher) matches(s *signal.Signal) bool {
	return m.isEvent(s) && (m.where == nil || m.satisfied(s))
}

func (m *matcher) isEvent(s *signal.Signal) bool {
	if m.keys == nil && !m.track || m.track && s.Type == signal.Track {
		return true
	}
	key, named := visitor.EventKey(*s)
	for _, k := range m.keys {
		if k == key || k == named && named != "" {
			return true
		}
	}
	return false
}

// satisfied asks the rule that never saw such a signal.
func (m *matcher) satisfied(s *signal.Signal) bool {
	alone := visitor.Record{Signals: []signal.Signal{*s}}
	return len(m.where.Evaluate(&alone, nil, s.At).Members) == 0
}

// valueOf returns the number that s has at a path, in units of which there are
// so many in 1, rounded; 0 if it has none.
func valueOf(s *signal.Signal, path string, unit float64) int64 {
	path = strings.TrimPrefix(path, "properties.")
	v, ok := s.Props.Get(path)
	if !ok {
		return 0
	}
	f, ok := v.Float()
	if !ok || math.IsNaN(f) {
		return 0
	}
	return int64(min(max(math.Round(f*unit), -maxValue), maxValue))
}

// A place is where a signal stands in the order of signals.
type place struct {
	at  int64
	pos int
	by  string
}

func placeOf(s *signal.Signal) place { return place{s.At, s.Pos, s.ID} }

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.at, q.at), cmp.Compare(p.pos, q.pos), strings.Compare(p.by, q.by))
}
