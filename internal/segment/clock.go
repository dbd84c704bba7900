package segment

import (
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

const hoursOfWeek = 7 * 24

// A clockTest tests the local hour (0 to 23) or weekday of the instant. A
// weekday is both its name (mon to sun) and its number, Monday being 1.
type clockTest struct {
	zone *time.Location
	// passes says for each hour of the week, from Sunday midnight, whether
	// the test passes.
	passes [hoursOfWeek]bool
	// lasts says for how many hours, that one included, it stays so;
	// 0 = for ever.
	lasts [hoursOfWeek]uint8
}

var weekdayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func newClockTest(a *attribute, tests []test, zone *time.Location) *clockTest {
	n := &clockTest{zone: zone}
	for h := range n.passes {
		vals := []prop{{Value: signal.NumberOf(float64(h % 24))}}
		if d := h / 24; a.name == "weekday" {
			number := float64((d+6)%7 + 1)
			vals = []prop{{Value: signal.TextOf(weekdayNames[d])}, {Value: signal.NumberOf(number)}}
		}
		n.passes[h] = absentUnknown(tests, vals) == yes
	}
	for h := range n.lasts {
		for k := 1; k < hoursOfWeek; k++ {
			if n.passes[(h+k)%hoursOfWeek] != n.passes[h] {
				n.lasts[h] = uint8(k)
				break
			}
		}
	}
	return n
}

func (n *clockTest) eval(f *frame) (truth, int64) {
	offset, zoneEnd := zoneAt(n.zone, f.now)
	local := f.now + offset
	const sunday = 3 * day // 1970-01-04
	h := floorMod(floorDiv(local-sunday, hour), hoursOfWeek)
	if n.lasts[h] == 0 {
		return truthOf(n.passes[h]), Forever
	}
	next := (floorDiv(local, hour)+int64(n.lasts[h]))*hour - offset
	return truthOf(n.passes[h]), min(next, zoneEnd)
}
