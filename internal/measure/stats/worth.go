package stats

// A Business is what a segment costs and what its effect is worth, in a period.
type Business struct {
	Visitors float64 // treated in the period
	Value    float64 // of 1 of the metric
	Cost     float64 // of the period
}

// A Net is what a segment brings in a period, less what it costs.
type Net struct {
	Value     float64
	Interval  Interval // 90 %
	BreakEven float64  // the effect at which it pays for itself
	Positive  float64  // probability that it pays
	Decision  Decision
}

// A Decision says what to do with a segment, going by its net value.
type Decision string

// The decisions.
const (
	Keep   Decision = "keep"
	Retire Decision = "retire"
	Test   Decision = "keep testing"
)

// netAlpha is how sure a decision about money is: 90 % to both sides.
const netAlpha = 0.10

// Worth says what an effect brings, on a date fixed before. The effect is shrunk,
// and over the best single variant for everybody: what the visitors would have
// had without the segment.
func (b Business) Worth(effect Estimate) (Net, error) {
	return b.worth(effect, quantile(1-netAlpha/2)*effect.SE)
}

// WorthAnyTime is Worth with an interval, and a decision, that hold however often
// one looks.
func (b Business) WorthAnyTime(effect Estimate, planned float64) (Net, error) {
	return b.worth(effect, Sequential{Alpha: netAlpha, Planned: planned}.HalfWidth(effect))
}

// worth says what an effect brings whose interval reaches so far to each side.
func (b Business) worth(effect Estimate, reach float64) (Net, error) {
	if b.Visitors <= 0 || b.Value <= 0 {
		return Net{}, ErrTooFew
	}
	if effect.SE <= 0 {
		return Net{}, ErrZeroVariance
	}
	scale := b.Visitors * b.Value
	n := Net{Value: scale*effect.Value - b.Cost, BreakEven: b.Cost / scale, Decision: Test}
	n.Interval = Interval{n.Value - scale*reach, n.Value + scale*reach}
	n.Positive = upper(-n.Value / (scale * effect.SE))
	switch {
	case n.Interval.Low > 0:
		n.Decision = Keep
	case n.Interval.High < 0:
		n.Decision = Retire
	}
	return n, nil
}
