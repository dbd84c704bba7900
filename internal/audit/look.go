package audit

import (
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

const (
	week = 7 * 24 * time.Hour

	// doubleFiring is how soon the same content comes again if a tag fires
	// twice, in ms.
	doubleFiring = 1000
	// recent is how many signals before it one is compared with.
	recent = 16
	// crawled is how many pages nobody views without the page saying that it
	// was visible, on a site whose pages say that.
	crawled = 30
)

// neverSet is the time, in ms since the epoch, before which a clock was never
// set: no site of today has signals from before.
var neverSet = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// A view is one visitor as the audit looks at them.
type view struct {
	*visitor.Record
	sigs  []signal.Signal // those that count: in time, and not after the audit's instant
	late  int             // signals that came too late
	steps []int64         // times of what the visitor did: pages, screens and track events
	dwell bool            // some signal tells how long a page was visible
	depth bool            // some signal tells how far a page was scrolled
	pages int
}

// viewOf looks at a record as of an instant; ok is false if there is nothing of
// it yet.
func (o *Options) viewOf(rec *visitor.Record) (v view, ok bool) {
	v.Record = rec
	at := o.At.UnixMilli() + signal.FutureTolerance.Milliseconds()
	if rec.Summary.FirstSeen > at {
		return v, false
	}
	counts := func(s signal.Signal) bool { return s.Flags&signal.TooLate == 0 && s.At <= at }
	v.sigs = rec.Signals
	if slices.ContainsFunc(v.sigs, func(s signal.Signal) bool { return !counts(s) }) {
		v.sigs = nil
		for _, s := range rec.Signals {
			if counts(s) {
				v.sigs = append(v.sigs, s)
			}
			if s.Flags&signal.TooLate != 0 {
				v.late++
			}
		}
	}
	for i := range v.sigs {
		v.see(&v.sigs[i])
	}
	return v, len(v.sigs) > 0 || v.late > 0 || rec.Summary.Dropped > 0
}

func (v *view) see(s *signal.Signal) {
	switch s.Type {
	case signal.Page, signal.Screen:
		v.pages++
	case signal.Track:
		switch signal.Normalize(s.Name) {
		case "heartbeat":
			v.dwell = true
			if _, ok := s.Props.Get("scroll"); ok {
				v.depth = true
			}
			return
		case "scroll", "scroll depth":
			v.depth = true
			return
		}
		if _, exposure := s.Exposure(); exposure {
			return
		}
	default:
		return
	}
	v.steps = append(v.steps, s.At)
}

// ties returns how many of the steps follow the one before at the same instant.
func (v *view) ties() (ties, pairs int) {
	for i := 1; i < len(v.steps); i++ {
		if v.steps[i] == v.steps[i-1] {
			ties++
		}
	}
	return ties, max(0, len(v.steps)-1)
}

// copies returns how many signals say what another one said within a second,
// under another id.
func (v *view) copies() int {
	n := 0
	for i := range v.sigs {
		for j := i - 1; j >= max(0, i-recent) && v.sigs[i].At-v.sigs[j].At <= doubleFiring; j-- {
			if sameContent(&v.sigs[i], &v.sigs[j]) {
				n++
				break
			}
		}
	}
	return n
}

func sameContent(a, b *signal.Signal) bool {
	return a.Type == b.Type && a.Name == b.Name && a.Device == b.Device && a.UserID == b.UserID && slices.Equal(a.Props, b.Props)
}

// busiest returns the greatest number of steps in one minute.
func (v *view) busiest() int {
	most, lo := 0, 0
	for i, at := range v.steps {
		for at-v.steps[lo] >= time.Minute.Milliseconds() {
			lo++
		}
		most = max(most, i-lo+1)
	}
	return most
}

// returned reports whether the visitor came back within a week after their
// first visit; known is false if that week is not over, or if how the first
// visit went has left the record.
func (v *view) returned(at int64, gap time.Duration) (back, known bool) {
	if v.Summary.Dropped > 0 || len(v.sigs) == 0 {
		return false, false
	}
	end := v.sigs[0].At
	for _, s := range v.sigs[1:] {
		if s.At-end >= gap.Milliseconds() {
			back = s.At-end <= week.Milliseconds()
			break
		}
		end = s.At
	}
	return back, end+week.Milliseconds() <= at
}

// hasAny reports whether some signal has one of the properties.
func (v *view) hasAny(keys []string) bool {
	for i := range v.sigs {
		for _, key := range keys {
			if _, ok := v.sigs[i].Props.Get(key); ok {
				return true
			}
		}
	}
	return false
}

// latest returns the latest value of a property.
func (v *view) latest(key string) (signal.Value, bool) {
	for _, s := range slices.Backward(v.sigs) {
		if value, ok := s.Props.Get(key); ok {
			return value, true
		}
	}
	return signal.Value{}, false
}

const consentPrefix = "context.consent."

// saysConsent reports whether some signal says what the visitor consents to.
func (v *view) saysConsent() bool {
	for i := range v.sigs {
		for _, p := range v.sigs[i].Props {
			if strings.HasPrefix(p.Key, consentPrefix) {
				return true
			}
		}
	}
	return false
}

// namedBot reports whether the browser says that it is a bot.
func (v *view) namedBot() bool {
	name, _ := v.latest("context.browser.name")
	lower := strings.ToLower(name.String())
	return slices.ContainsFunc([]string{"bot", "crawler", "spider", "headless"}, func(s string) bool { return strings.Contains(lower, s) })
}

// user returns the user id of the visitor; "" if nobody has said it.
func (v *view) user() string {
	if v.Summary.UserID != "" {
		return v.Summary.UserID
	}
	for i := range v.sigs {
		if v.sigs[i].UserID != "" {
			return v.sigs[i].UserID
		}
	}
	return ""
}
