package measure

import (
	"cmp"
	"iter"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/visitor"
)

// A Cell is who is counted together: the visitors who took part in an
// experience, as members of a segment, with one variant, from one day on. Cells
// of a split have no day, but a side and a half.
type Cell struct {
	Experience string
	Segment    string // "" = in none
	Variant    int
	Day        string // of the first exposure, UTC: 2006-01-02; "" = a cell of a split
	Split      string // a declared split; "" = a cell of a day
	Inside     bool   // on which side of the split
	Half       int    // 0 or 1; what is found in one half is confirmed in the other
}

// compare orders cells.
func (c Cell) compare(o Cell) int {
	return cmp.Or(strings.Compare(c.Experience, o.Experience), strings.Compare(c.Segment, o.Segment), cmp.Compare(c.Variant, o.Variant),
		strings.Compare(c.Day, o.Day), strings.Compare(c.Split, o.Split), cmp.Compare(c.side(), o.side()), cmp.Compare(c.Half, o.Half))
}

func (c Cell) side() string {
	if c.Inside {
		return inside
	}
	return outside
}

// Counts are what visitors of a cell, or of several, add up to.
type Counts struct {
	Visitors int64
	Metrics  map[string]Sums // by Metric.ID; a metric that nobody has anything of is not there
}

// Sums are those of one metric over visitors, in the metric's least unit.
type Sums struct {
	Sum       int64 // of the values
	Some      int64 // visitors whose value is not 0
	Squares   Wide  // of the values
	Per       int64 // what a ratio is divided by; its squares, and its products with the values
	PerSq     Wide
	SumPer    Wide
	Before    int64 // the same of the time before; its squares, and its products with the values
	BeforeSq  Wide
	SumBefore Wide
}

// A Wide is an exact sum of products, as limbs of 32 bits that have not been
// carried.
type Wide [limbs]int64

// Big returns w as a number.
func (w Wide) Big() *big.Int {
	sum := new(big.Int)
	for i := limbs - 1; i >= 0; i-- {
		sum.Lsh(sum, 32)
		sum.Add(sum, big.NewInt(w[i]))
	}
	return sum
}

func (w *Wide) add(o Wide) {
	for i := range w {
		w[i] += o[i]
	}
}

// Plus returns the sums of the visitors of s and of those of o, who are others.
func (s Sums) Plus(o Sums) Sums {
	s.Sum, s.Some, s.Per, s.Before = s.Sum+o.Sum, s.Some+o.Some, s.Per+o.Per, s.Before+o.Before
	s.Squares.add(o.Squares)
	s.PerSq.add(o.PerSq)
	s.SumPer.add(o.SumPer)
	s.BeforeSq.add(o.BeforeSq)
	s.SumBefore.add(o.SumBefore)
	return s
}

// A Tally is all that has been counted.
type Tally struct {
	cells map[Cell]*Counts
	mixed map[Cell]int64   // visitors who have seen several variants; their cell has no variant
	leaks map[string]int64 // by the day on which a visitor who is held out was first seen
}

// ReadTally reads the counters of a store; others than measurement's are passed
// over.
func ReadTally(counters iter.Seq2[visitor.Counter, error]) (*Tally, error) {
	t := &Tally{cells: map[Cell]*Counts{}, mixed: map[Cell]int64{}, leaks: map[string]int64{}}
	for c, err := range counters {
		if err != nil {
			return nil, err
		}
		if c.N == 0 || !isCounter(c.Key) {
			continue
		}
		if err := t.read(c); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "counter %q cannot be read: it is of another program; run segue recount", c.Key)
		}
	}
	return t, nil
}

func (t *Tally) read(c visitor.Counter) error {
	parts, err := partsOf(c.Key)
	if err != nil {
		return err
	}
	kind, parts := parts[0]+"/", parts[1:]
	if kind == mixedPrefix && len(parts) == 3 {
		t.mixed[Cell{Experience: parts[0], Segment: parts[1], Day: parts[2]}] += c.N
		return nil
	}
	if kind == leakPrefix && len(parts) == 1 {
		t.leaks[parts[0]] += c.N
		return nil
	}
	cell, rest, err := cellOf(kind, parts)
	if err != nil {
		return err
	}
	counts := t.cells[cell]
	if counts == nil {
		counts = &Counts{Metrics: map[string]Sums{}}
		t.cells[cell] = counts
	}
	switch {
	case len(rest) == 1 && rest[0] == visitorsField:
		counts.Visitors = c.N
	case len(rest) == 2:
		sums := counts.Metrics[rest[0]]
		if !sums.set(rest[1], c.N) {
			return fault.New(fault.Internal, "unknown field %q", rest[1])
		}
		counts.Metrics[rest[0]] = sums
	default:
		return fault.New(fault.Internal, "wrong number of parts")
	}
	return nil
}

func partsOf(key string) ([]string, error) {
	parts := strings.Split(key, "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

// cellOf returns the cell that the parts of a key name, and what is left of
// them.
func cellOf(kind string, parts []string) (Cell, []string, error) {
	const ofDay, ofSplit = 4, 5
	var c Cell
	if len(parts) < ofDay || kind == splitPrefix && len(parts) < ofSplit {
		return c, nil, fault.New(fault.Internal, "too few parts")
	}
	variant, err := strconv.Atoi(parts[2])
	c = Cell{Experience: parts[0], Segment: parts[1], Variant: variant}
	if kind != splitPrefix {
		c.Day = parts[3]
		return c, parts[ofDay:], err
	}
	c.Inside = strings.HasSuffix(parts[3], inside)
	c.Split = parts[3][:max(0, len(parts[3])-len(inside))]
	if err == nil {
		c.Half, err = strconv.Atoi(parts[4])
	}
	return c, parts[ofSplit:], err
}

// set sets a field, and reports whether there is one of that name.
func (s *Sums) set(field string, n int64) bool {
	switch field {
	case sumField:
		s.Sum = n
	case someField:
		s.Some = n
	case perField:
		s.Per = n
	case beforeField:
		s.Before = n
	default:
		name, limb := field[:max(0, len(field)-1)], int(field[max(0, len(field)-1)]-'0')
		wide := s.wide(name)
		if wide == nil || limb < 0 || limb >= limbs {
			return false
		}
		wide[limb] = n
	}
	return true
}

func (s *Sums) wide(name string) *Wide {
	switch name {
	case squareField:
		return &s.Squares
	case perSquareField:
		return &s.PerSq
	case perProductField:
		return &s.SumPer
	case beforeSquareField:
		return &s.BeforeSq
	case beforeProdField:
		return &s.SumBefore
	default:
		return nil
	}
}

// Cells returns the cells that somebody is counted in, in a stable order.
func (t *Tally) Cells() []Cell { return slices.SortedFunc(maps.Keys(t.cells), Cell.compare) }

// All yields every cell with what its visitors add up to, in the order of Cells.
// The counts belong to the tally.
func (t *Tally) All() iter.Seq2[Cell, *Counts] {
	return func(yield func(Cell, *Counts) bool) {
		for _, cell := range t.Cells() {
			if !yield(cell, t.cells[cell]) {
				return
			}
		}
	}
}

// AllMixed yields how many visitors have seen several variants, by experience,
// segment and day.
func (t *Tally) AllMixed() iter.Seq2[Cell, int64] { return maps.All(t.mixed) }

// Leaks returns how many visitors are held out of everything and were shown a
// variant nevertheless, as components reported: 0 unless something serves
// without asking Segue, or an identity was joined after it was served.
func (t *Tally) Leaks() int64 {
	var n int64
	for _, visitors := range t.leaks {
		n += visitors
	}
	return n
}

// Of returns what the visitors of all cells add up to that pass. Cells of days
// and of splits count the same visitors: ask for one kind.
func (t *Tally) Of(pass func(Cell) bool) Counts {
	sum := Counts{Metrics: map[string]Sums{}}
	for cell, counts := range t.cells {
		if !pass(cell) {
			continue
		}
		sum.Visitors += counts.Visitors
		for id, s := range counts.Metrics {
			sum.Metrics[id] = sum.Metrics[id].Plus(s)
		}
	}
	return sum
}

// Mixed returns how many visitors have seen several variants of one experience,
// over the cells that pass. These have no variant.
func (t *Tally) Mixed(pass func(Cell) bool) int64 {
	var n int64
	for cell, visitors := range t.mixed {
		if pass(cell) {
			n += visitors
		}
	}
	return n
}
