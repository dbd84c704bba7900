package audit

import (
	"math/bits"

	"github.com/segue-dev/segue/internal/measure/stats"
)

// A ratio is a share over visitors: the sum of a part over the sum of a whole,
// of which each visitor has some. What is kept are integers, so ratios add up
// to the same whatever the order.
type ratio struct {
	units       int // visitors with a whole
	part, whole int
	// The sums of squares and products tell how much visitors differ: signals
	// of one visitor are alike, and must not count as if they were independent.
	partSq, wholeSq, product wide
}

// add adds a visitor's part of their whole.
func (r *ratio) add(part, whole int) {
	if whole == 0 {
		return
	}
	r.units++
	r.part += part
	r.whole += whole
	r.partSq.addProduct(part, part)
	r.wholeSq.addProduct(whole, whole)
	r.product.addProduct(part, whole)
}

// tell adds a visitor of whom something is so or is not.
func (r *ratio) tell(so bool) {
	if so {
		r.add(1, 1)
	} else {
		r.add(0, 1)
	}
}

func (r *ratio) merge(o *ratio) {
	r.units += o.units
	r.part += o.part
	r.whole += o.whole
	r.partSq.add(o.partSq)
	r.wholeSq.add(o.wholeSq)
	r.product.add(o.product)
}

func (r *ratio) share() float64 {
	if r.whole == 0 {
		return 0
	}
	return float64(r.part) / float64(r.whole)
}

// weight returns how many independent observations the share is worth: the
// number of visitors where each has one, and fewer than the whole where the
// signals of a visitor are alike.
func (r *ratio) weight() float64 {
	p, n := r.share(), float64(r.units)
	if p == 0 || p == 1 || r.units < 2 {
		return n
	}
	spread := r.partSq.float() - 2*p*r.product.float() + p*p*r.wholeSq.float()
	variance := spread / float64(r.whole) / float64(r.whole)
	if variance <= 0 {
		return float64(r.whole)
	}
	return min(p*(1-p)/variance, float64(r.whole))
}

// figure returns the share with its 95 % interval.
func (r *ratio) figure() *Figure {
	if r.whole == 0 {
		return nil
	}
	f := &Figure{Share: r.share(), Count: r.part, Of: r.whole}
	f.Low, f.High = wilson(f.Share, r.weight())
	return f
}

// wilson returns the 95 % interval of a share p that is worth n observations.
func wilson(p, n float64) (low, high float64) {
	i := stats.WilsonOf(p, n, 0.05)
	return i.Low, i.High
}

// A wide is an integer of 128 bits, which squares of counts do not overflow.
type wide struct{ high, low uint64 }

func (w *wide) add(o wide) {
	var carry uint64
	w.low, carry = bits.Add64(w.low, o.low, 0)
	w.high, _ = bits.Add64(w.high, o.high, carry)
}

func (w *wide) addProduct(a, b int) {
	high, low := bits.Mul64(uint64(a), uint64(b))
	w.add(wide{high, low})
}

func (w wide) float() float64 { return float64(w.high)*(1<<64) + float64(w.low) }
