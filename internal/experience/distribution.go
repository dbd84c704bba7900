package experience

import (
	"math"

	"github.com/segue-dev/segue/internal/fault"
)

// A Range gives the bucket values in [Start, End] to variant Index.
type Range struct {
	Index      int
	Start, End float64
}

// sumTolerance is how far shares may miss 1: enough for thirds and sixths
// written with two digits, far too little for percentages.
const sumTolerance = 0.05

// Ranges lays shares end to end: shares[0] is the baseline's, shares[k] the
// k-th variant's. Shares may miss a sum of 1 by a rounding error, and what they
// leave over is the baseline's. The error is a fault.Invalid.
func Ranges(shares []float64) ([]Range, error) {
	ranges := make([]Range, len(shares))
	sum := 0.0
	for i, share := range shares {
		if !(share >= 0 && share <= 1) { // NaN is none either
			return nil, fault.New(fault.Invalid, "distribution[%d]: %v is not a share from 0 to 1", i, share)
		}
		ranges[i] = Range{Index: i, Start: sum, End: sum + share}
		sum += share
	}
	if len(shares) == 0 || math.Abs(sum-1) > sumTolerance {
		return nil, fault.New(fault.Invalid, "distribution: shares sum to %.4g, not to 1", sum)
	}
	return ranges, nil
}

func (r Range) check(i int) error {
	switch {
	case r.Index < 0:
		return fault.New(fault.Invalid, "distribution[%d]: index %d is negative", i, r.Index)
	case !(r.Start >= 0 && r.Start <= r.End && r.End <= 1+sumTolerance):
		return fault.New(fault.Invalid, "distribution[%d]: [%v, %v] is not a range between 0 and 1", i, r.Start, r.End)
	}
	return nil
}
