package audit

import (
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// Arrivals count how signals arrive at a running server, in the last days: it is
// told of batches as an ingest.Observer, and hands them on. It is safe for
// concurrent use.
type Arrivals struct {
	next ingest.Observer
	now  func() time.Time

	mu   sync.Mutex
	kept arrived
}

// arrived is what is kept, and the form in which it is saved.
type arrived struct {
	Since time.Time              `json:"since"`
	Days  map[string]*arrivalDay `json:"days"` // by date, UTC
}

// An arrivalDay is what came on a day.
type arrivalDay struct {
	Deliveries int                 `json:"deliveries"`
	Repeated   int                 `json:"repeated"`
	Rejected   map[signal.Code]int `json:"rejected,omitempty"`
}

// arrivalDays is how many days are kept.
const arrivalDays = 28

// NewArrivals returns Arrivals that tell next and go on from what an earlier
// process saved; nil is nothing. If that cannot be read, they begin anew and the
// error says so.
func NewArrivals(now func() time.Time, next ingest.Observer, saved []byte) (*Arrivals, error) {
	a := &Arrivals{next: next, now: now}
	var err error
	if saved != nil {
		err = json.Unmarshal(saved, &a.kept)
	}
	if err != nil || a.kept.Since.IsZero() {
		a.kept = arrived{Since: now().UTC()}
	}
	if a.kept.Days == nil {
		a.kept.Days = map[string]*arrivalDay{}
	}
	maps.DeleteFunc(a.kept.Days, func(_ string, d *arrivalDay) bool { return d == nil })
	return a, err
}

// Ingested implements ingest.Observer.
func (a *Arrivals) Ingested(t ingest.Tally) {
	a.next.Ingested(t)
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.today()
	d.Deliveries += t.Accepted + t.Duplicates + t.Conflicting
	d.Repeated += t.Duplicates + t.Conflicting
	for code, n := range t.Rejected {
		if d.Rejected == nil {
			d.Rejected = map[signal.Code]int{}
		}
		d.Deliveries += n
		d.Rejected[code] += n
	}
}

// today returns what is kept of this day, and forgets the days that are too old.
func (a *Arrivals) today() *arrivalDay {
	now := a.now().UTC()
	date := now.Format(time.DateOnly)
	d := a.kept.Days[date]
	if d != nil {
		return d
	}
	oldest := now.AddDate(0, 0, 1-arrivalDays).Truncate(24 * time.Hour)
	maps.DeleteFunc(a.kept.Days, func(day string, _ *arrivalDay) bool { return day < oldest.Format(time.DateOnly) })
	if a.kept.Since.Before(oldest) {
		a.kept.Since = oldest
	}
	d = &arrivalDay{}
	a.kept.Days[date] = d
	return d
}

// Save returns what NewArrivals goes on from.
func (a *Arrivals) Save() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return json.Marshal(a.kept)
}

// Counted returns what has been counted so far.
func (a *Arrivals) Counted() *Counted {
	a.mu.Lock()
	defer a.mu.Unlock()
	sum := &Counted{Since: a.kept.Since, Rejected: map[signal.Code]int{}}
	for _, date := range slices.Sorted(maps.Keys(a.kept.Days)) {
		d := a.kept.Days[date]
		sum.Deliveries += d.Deliveries
		sum.Repeated += d.Repeated
		for code, n := range d.Rejected {
			sum.Rejected[code] += n
		}
	}
	return sum
}
