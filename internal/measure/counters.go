package measure

import (
	"hash/fnv"
	"maps"
	"math/bits"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/visitor"
)

// The kinds of counters, as what their keys begin with.
const (
	cellPrefix   = "m/" // m/EXPERIENCE/SEGMENT/VARIANT/DAY/METRIC/FIELD
	splitPrefix  = "s/" // s/EXPERIENCE/SEGMENT/VARIANT/SPLIT/HALF/METRIC/FIELD
	mixedPrefix  = "x/" // x/EXPERIENCE/SEGMENT/DAY
	leakPrefix   = "h/" // h/DAY: visitors held out who were shown a variant nevertheless
	erasedPrefix = "e/" // e/ and one of the above: what erased visitors had added to that
)

// The fields of a cell. Squares and products are kept as limbs of 32 bits, each
// a counter of its own, so that they are exact and add up like any other.
const (
	visitorsField = "n" // without a metric
	sumField      = "sum"
	someField     = "some" // visitors whose value is not 0
	perField      = "per"
	beforeField   = "before"

	squareField       = "sum2_"
	perSquareField    = "per2_"
	perProductField   = "sumper_"
	beforeSquareField = "before2_"
	beforeProdField   = "sumbefore_"
)

const limbs = 4

// A contribution adds up what participations say.
type contribution map[string]int64

// moved returns the difference that a record's exposures make to the counters,
// given those that stood for the same visitor before. Ascending by key.
func moved(after map[string]visitor.Exposure, before ...map[string]visitor.Exposure) []visitor.Counter {
	c := contribution{}
	for key, e := range after {
		if len(before) == 1 {
			if old, had := before[0][key]; had && sameExposure(old, e) {
				continue
			}
		}
		c.add(key, e, 1)
	}
	for _, exposures := range before {
		for key, e := range exposures {
			if len(before) == 1 {
				if now, has := after[key]; has && sameExposure(now, e) {
					continue
				}
			}
			c.add(key, e, -1)
		}
		c.leak(exposures, -1)
	}
	c.leak(after, 1)
	return c.counters()
}

func (c contribution) counters() []visitor.Counter {
	var out []visitor.Counter
	for _, key := range slices.Sorted(maps.Keys(c)) {
		if c[key] != 0 {
			out = append(out, visitor.Counter{Key: key, N: c[key]})
		}
	}
	return out
}

// sameExposures reports whether two sets say the same.
func sameExposures(a, b map[string]visitor.Exposure) bool { return maps.EqualFunc(a, b, sameExposure) }

func sameExposure(a, b visitor.Exposure) bool {
	return a.Variant == b.Variant && a.At == b.At && a.Pos == b.Pos && a.By == b.By && a.Mixed == b.Mixed &&
		a.Rules == b.Rules && a.Segment == b.Segment && slices.Equal(a.In, b.In) && slices.Equal(a.Totals, b.Totals)
}

// add adds what an exposure says, so many times.
func (c contribution) add(experience string, e visitor.Exposure, times int64) {
	if e.Rules == "" {
		return
	}
	who := escaped(experience) + "/" + escaped(e.Segment) + "/"
	day := time.UnixMilli(e.At).UTC().Format(time.DateOnly)
	if e.Mixed {
		c[mixedPrefix+who+day] += times
		return
	}
	who += strconv.Itoa(e.Variant) + "/"
	c.cell(cellPrefix+who+day+"/", &e, times)
	for _, side := range e.In {
		c.cell(splitPrefix+who+escaped(side)+"/"+half(e)+"/", &e, times)
	}
}

// leak adds a visitor who is held out of everything and was shown a variant all
// the same.
func (c contribution) leak(exposures map[string]visitor.Exposure, times int64) {
	programme, enrolled := exposures[Programme]
	if !enrolled || programme.Rules == "" || programme.Mixed || programme.Variant != 0 {
		return
	}
	for key, e := range exposures {
		if key != Programme && e.Rules != "" && (e.Variant > 0 || e.Mixed) {
			c[leakPrefix+time.UnixMilli(programme.At).UTC().Format(time.DateOnly)] += times
			return
		}
	}
}

// half tells two halves of the visitors apart, whatever else they have in
// common: what is found in one is confirmed in the other.
func half(e visitor.Exposure) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.By))
	return strconv.Itoa(bits.OnesCount32(h.Sum32()) & 1)
}

func (c contribution) cell(prefix string, e *visitor.Exposure, times int64) {
	c[prefix+visitorsField] += times
	for i := range e.Totals {
		t := &e.Totals[i]
		field := prefix + t.Metric + "/"
		if t.Value != 0 {
			c[field+sumField] += times * t.Value
			c[field+someField] += times
			c.product(field+squareField, t.Value, t.Value, times)
		}
		if t.Per != 0 {
			c[field+perField] += times * t.Per
			c.product(field+perSquareField, t.Per, t.Per, times)
			c.product(field+perProductField, t.Value, t.Per, times)
		}
		if t.Before != 0 {
			c[field+beforeField] += times * t.Before
			c.product(field+beforeSquareField, t.Before, t.Before, times)
			c.product(field+beforeProdField, t.Value, t.Before, times)
		}
	}
}

// product adds a product as limbs.
func (c contribution) product(field string, a, b, times int64) {
	if (a < 0) != (b < 0) {
		times = -times
	}
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	for i, limb := range [limbs]uint64{lo & 0xffffffff, lo >> 32, hi & 0xffffffff, hi >> 32} {
		if limb != 0 {
			c[field+strconv.Itoa(i)] += times * int64(limb)
		}
	}
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}

// escaped returns a part of a key as it stands between slashes.
func escaped(part string) string { return url.PathEscape(part) }
