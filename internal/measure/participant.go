package measure

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/visitor"
)

// A Participant is one visitor in one experience, as a row for other programs.
type Participant struct {
	Visitor    string             `json:"visitor"`
	Experience string             `json:"experience"`
	Segment    string             `json:"segment"` // at the first exposure; "" = in none
	Variant    int                `json:"variant"`
	Mixed      bool               `json:"mixed"` // several variants were seen: leave the row out
	ExposedAt  time.Time          `json:"exposedAt"`
	Rules      string             `json:"rules"`  // revision of the segments
	Splits     map[string]bool    `json:"splits"` // declared splits, and whether they held
	Values     map[string]float64 `json:"values"` // by metric: what counts, in the unit that people read
	Before     map[string]float64 `json:"before"` // the same of the time before the exposure
	Per        map[string]float64 `json:"per"`    // of ratios: what the value is divided by
}

// Participants yields who took part in what, visitor by visitor, by the metrics of
// b; metrics of which a visitor has nothing are 0.
func Participants(ctx context.Context, store visitor.Store, b *Book) iter.Seq2[Participant, error] {
	return func(yield func(Participant, error) bool) {
		for r, err := range store.All(ctx) {
			if err != nil {
				yield(Participant{}, err)
				return
			}
			for _, key := range slices.Sorted(maps.Keys(r.Summary.Exposures)) {
				e := r.Summary.Exposures[key]
				if e.Rules != "" && !yield(b.participant(r.ID, key, e), nil) {
					return
				}
			}
		}
	}
}

func (b *Book) participant(id, experience string, e visitor.Exposure) Participant {
	p := Participant{
		Visitor: id, Experience: experience, Segment: e.Segment, Variant: e.Variant, Mixed: e.Mixed, Rules: e.Rules,
		ExposedAt: time.UnixMilli(e.At).UTC(), Splits: map[string]bool{}, Values: map[string]float64{}, Before: map[string]float64{}, Per: map[string]float64{},
	}
	for _, side := range e.In {
		if split, ok := strings.CutSuffix(side, inside); ok {
			p.Splits[split] = true
		} else {
			p.Splits[strings.TrimSuffix(side, outside)] = false
		}
	}
	for i := range b.metrics {
		m := &b.metrics[i]
		t, unit := e.Total(m.id), m.Unit()
		p.Values[m.Key] = float64(t.Value) / unit
		if m.Before > 0 {
			p.Before[m.Key] = float64(t.Before) / unit
		}
		if m.Kind == Ratio {
			p.Per[m.Key] = float64(t.Per)
		}
	}
	return p
}

// Columns returns the names of the columns that rows of b have in a table.
func (b *Book) Columns() []string {
	columns := []string{"visitor", "experience", "segment", "variant", "mixed", "exposed_at", "rules"}
	if b.opts.Splits != nil {
		for _, side := range sides(b.opts.Splits, nil) {
			columns = append(columns, "split_"+strings.TrimSuffix(side, outside))
		}
	}
	for _, m := range b.ordered() {
		columns = append(columns, m.Key)
		if m.Before > 0 {
			columns = append(columns, m.Key+"_before")
		}
		if m.Kind == Ratio {
			columns = append(columns, m.Key+"_per")
		}
	}
	return columns
}

// ordered returns the metrics by key.
func (b *Book) ordered() []compiled {
	return slices.SortedFunc(slices.Values(b.metrics), func(x, y compiled) int { return cmp.Compare(x.Key, y.Key) })
}
