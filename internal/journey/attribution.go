package journey

import (
	"cmp"
	"math"
	"slices"
)

// maxChannels is how many channels are told apart: those with most touches. The
// others are one.
const maxChannels = 50

// otherChannels is the name of the channels that are not told apart.
const otherChannels = "(other)"

// Attribution divides the conversions among the touches that came before. It
// describes what came before them and says nothing of what caused them.
type Attribution struct {
	Touch           string    `json:"touch"` // what a touch is
	LookbackSeconds float64   `json:"lookbackSeconds"`
	HalfLifeSeconds float64   `json:"halfLifeSeconds"` // of time decay
	Conversions     int       `json:"conversions"`     // with a touch before; every model divides just these
	Untouched       int       `json:"untouched"`       // conversions without one
	Paths           int       `json:"paths"`           // visitors with a touch
	Rate            float64   `json:"rate"`            // conversions of these; what the Markov model says of them, too
	Channels        []Channel `json:"channels"`
	Lift            *Lift     `json:"lift"` // what a holdout says; null = there is no result yet
}

// A Channel is credited with conversions by each model.
type Channel struct {
	Name     string  `json:"name"`
	Touches  int     `json:"touches"`
	Visitors int     `json:"visitors"`
	First    float64 `json:"first"`
	Last     float64 `json:"last"`
	Linear   float64 `json:"linear"`
	Position float64 `json:"position"` // 40 % first, 40 % last, 20 % between
	Decay    float64 `json:"decay"`
	Markov   float64 `json:"markov"`
	Removal  float64 `json:"removal"` // the share of conversions that the Markov model loses without the channel
}

// A Lift is what a holdout says that the goal gained by all that is
// personalized, relative to those who see nothing personalized.
type Lift struct {
	Relative float64 `json:"relative"`
	Low      float64 `json:"low"` // always-valid 95 % interval
	High     float64 `json:"high"`
	Visitors int     `json:"visitors"` // of the holdout
}

// A credit is shares of conversions in units so small that nobody sees them. They
// are whole, so their sum depends on no order and all of them are all conversions.
type credit [byAge + 1]int64

// unit is how many units make one conversion.
const unit = 1 << 36

// The models that divide each conversion by itself.
const (
	toFirst = iota
	toLast
	evenly
	byPosition
	byAge
)

// A chain counts the transitions between channels in the paths of touches. Its
// states are the channels, then the start, then conversion and its absence.
type chain struct {
	channels int
	counts   [][]float64
}

func newChain(channels int) *chain {
	c := &chain{channels: channels, counts: make([][]float64, channels+1)}
	for i := range c.counts {
		c.counts[i] = make([]float64, channels+3)
	}
	return c
}

// add counts a path, which is not empty.
func (c *chain) add(path []int32, converted bool) {
	from := c.channels
	for _, to := range path {
		c.counts[from][to]++
		from = int(to)
	}
	end := c.channels + 2
	if converted {
		end--
	}
	c.counts[from][end]++
}

// conversion returns the probability of conversion from the start, exactly: the
// solution of (I-Q)x = b. A channel that is removed leads nowhere; -1 removes
// none.
func (c *chain) conversion(removed int) float64 {
	n := c.channels + 1
	m := make([][]float64, n)
	for i := range m {
		m[i] = make([]float64, n+1) // I-Q, and b
		m[i][i] = 1
		total := 0.0
		for _, x := range c.counts[i] {
			total += x
		}
		if i == removed || total == 0 {
			continue
		}
		for j := range c.channels {
			if j != removed {
				m[i][j] -= c.counts[i][j] / total
			}
		}
		m[i][n] = c.counts[i][n] / total
	}
	return solve(m)[n-1]
}

// solve solves a system of equations by Gaussian elimination with pivots. Each
// row has its right side at the end. m is used up; it must not be singular.
func solve(m [][]float64) []float64 {
	n := len(m)
	for k := range n {
		best := k
		for i := k + 1; i < n; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[best][k]) {
				best = i
			}
		}
		m[k], m[best] = m[best], m[k]
		for i := k + 1; i < n; i++ {
			factor := m[i][k] / m[k][k]
			for j := k; factor != 0 && j <= n; j++ {
				m[i][j] -= factor * m[k][j]
			}
		}
	}
	x := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		x[i] = m[i][n]
		for j := i + 1; j < n; j++ {
			x[i] -= m[i][j] * x[j]
		}
		x[i] /= m[i][i]
	}
	return x
}

// attribution returns nil without a goal or touches.
func (p *paths) attribution() *Attribution {
	o := &p.opts.Touches
	if p.opts.Goal == nil || o.Of == "" || !p.timed {
		return nil
	}
	a := &Attribution{
		Touch: o.Of, LookbackSeconds: o.Lookback.Seconds(), HalfLifeSeconds: o.HalfLife.Seconds(), Lift: p.opts.Lift,
	}
	number, names := p.touches.mostTouched()
	a.Channels = make([]Channel, len(names))
	for i, name := range names {
		a.Channels[i].Name = name
	}
	c, credits := newChain(len(names)), make([]credit, len(names))
	for v := range p.visitors() {
		a.add(&p.touches, v, p.goal[v], number, c, credits)
	}
	for i, got := range credits {
		ch := &a.Channels[i]
		for model, into := range []*float64{&ch.First, &ch.Last, &ch.Linear, &ch.Position, &ch.Decay} {
			*into = float64(got[model]) / unit
		}
	}
	a.Rate = share(a.Conversions, a.Paths)
	a.credit(c)
	slices.SortStableFunc(a.Channels, func(x, y Channel) int {
		return cmp.Or(cmp.Compare(y.Linear, x.Linear), cmp.Compare(y.Touches, x.Touches))
	})
	return a
}

// mostTouched returns the number of each channel among those that are told
// apart, and their names in order.
func (c *touches) mostTouched() (number []int32, names []string) {
	touched := make([]int, len(c.names))
	for _, id := range c.channel {
		touched[id]++
	}
	var order []int32
	for id, n := range touched {
		if n > 0 {
			order = append(order, int32(id))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(touched[b], touched[a]), cmp.Compare(c.names[a], c.names[b]))
	})
	kept := order
	if len(order) > maxChannels {
		kept = order[:maxChannels-1]
	}
	number = make([]int32, len(c.names))
	for i := range number {
		number[i] = int32(len(kept))
	}
	for i, id := range kept {
		number[id] = int32(i)
		names = append(names, c.names[id])
	}
	if len(kept) < len(order) {
		names = append(names, otherChannels)
	}
	return number, names
}

// add counts a visitor, who reached the goal at an instant or never.
func (a *Attribution) add(all *touches, v int, goal int64, number []int32, c *chain, credits []credit) {
	lo, hi := all.offset[v], all.offset[v+1]
	if lo == hi {
		if goal != never {
			a.Untouched++
		}
		return
	}
	path := make([]int32, hi-lo)
	for i := range path {
		path[i] = number[all.channel[lo+i]]
		ch := &a.Channels[path[i]]
		ch.Touches++
		if !slices.Contains(path[:i], path[i]) {
			ch.Visitors++
		}
	}
	a.Paths++
	c.add(path, goal != never)
	if goal != never {
		a.Conversions++
		a.divide(path, all.at[lo:hi], credits)
	}
}

// divide divides one conversion among the touches before it.
func (a *Attribution) divide(path []int32, at []int64, credits []credit) {
	n := len(path)
	credits[path[0]][toFirst] += unit
	credits[path[n-1]][toLast] += unit
	weights := make([]float64, n)
	by := func(model int, weight func(i int) float64) {
		sum, given, so := 0.0, int64(0), 0.0
		for i := range path {
			weights[i] = weight(i)
			sum += weights[i]
		}
		for i, s := range path {
			so += weights[i]
			upTo := int64(math.Round(so / sum * unit))
			credits[s][model] += upTo - given
			given = upTo
		}
	}
	by(evenly, func(int) float64 { return 1 })
	by(byPosition, func(i int) float64 { return position(i, n) })
	// From the last touch, so that no sum is 0 when all are old.
	by(byAge, func(i int) float64 { return math.Exp2(-float64(at[n-1]-at[i]) / 1000 / a.HalfLifeSeconds) })
}

// position returns the share of touch i of n.
func position(i, n int) float64 {
	switch {
	case n == 1:
		return 1
	case n == 2:
		return 0.5
	case i == 0 || i == n-1:
		return 0.4
	default:
		return 0.2 / float64(n-2)
	}
}

// credit divides the conversions by the effect of removing each channel.
func (a *Attribution) credit(c *chain) {
	whole := c.conversion(-1)
	if a.Conversions == 0 || whole == 0 {
		return
	}
	sum := 0.0
	for i := range a.Channels {
		ch := &a.Channels[i]
		ch.Removal = max(0, 1-c.conversion(i)/whole)
		sum += ch.Removal
	}
	for i := range a.Channels {
		ch := &a.Channels[i]
		ch.Markov = ch.Removal / sum * float64(a.Conversions)
	}
}
