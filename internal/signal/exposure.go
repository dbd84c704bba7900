package signal

import (
	"math"
	"strings"
)

// An Exposure is that the visitor saw what an experience chose.
type Exposure struct {
	Experience string // its id
	Variant    int    // the index that was seen; 0 = the baseline
}

// reserved begins the ids that no experience has: measurement names things of its
// own by them.
const reserved = '$'

// exposureEvent is the normalised name of track events that report exposures.
const exposureEvent = "experience viewed"

// The properties of exposures, best first.
var (
	experienceNames = [...]string{"experienceId", "experience_id"}
	variantNames    = [...]string{"variantIndex", "variant_index"}
)

// Exposure returns the exposure that s reports: a component signal, or a track
// event "Experience Viewed", with an experienceId and a variantIndex. ok is
// false if s reports none.
func (s *Signal) Exposure() (e Exposure, ok bool) {
	if s.Type != Component && !s.isExposureEvent() {
		return Exposure{}, false
	}
	e.Experience = s.Props.first(experienceNames[:]).String()
	index, ok := s.Props.first(variantNames[:]).Float()
	if e.Experience == "" || e.Experience[0] == reserved || !ok || index != math.Trunc(index) || index < 0 || index > math.MaxInt32 {
		return Exposure{}, false
	}
	e.Variant = int(index)
	return e, true
}

// isExposureEvent reports whether s is a track event that reports exposures. Most
// events are turned away by their first letters.
func (s *Signal) isExposureEvent() bool {
	const letters = 3
	return s.Type == Track && len(s.Name) >= len(exposureEvent) &&
		strings.EqualFold(s.Name[:letters], exposureEvent[:letters]) && Normalize(s.Name) == exposureEvent
}

// first returns the first value of the first of keys that p has; "" if it has
// none of them.
func (p Props) first(keys []string) Value {
	for _, key := range keys {
		if v, ok := p.Get(key); ok {
			return v
		}
	}
	return Value{}
}
