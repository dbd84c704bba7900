package journey

import (
	"cmp"
	"slices"
)

// pathSteps is how many steps of a path are told.
const pathSteps = 8

// A Path is the way that some visitors took from their first step on, while all
// are watched.
type Path struct {
	Steps     []string `json:"steps"`
	Longer    bool     `json:"longer"` // there are more steps, which differ
	Visitors  int      `json:"visitors"`
	Converted int      `json:"converted"`
	Share     float64  `json:"share"` // of those visitors who converted
}

// A way is the beginning of a path.
type way struct {
	steps  []int32
	longer bool
	by     counts
}

// top returns the paths of most visitors.
func (p *paths) top() []Path {
	ways := map[string]*way{}
	var buf []byte
	p.each(func(v, group int) {
		lo, hi := p.watched(v)
		shown := min(hi, lo+pathSteps)
		buf = appendKey(buf[:0], p.steps[lo:shown])
		if hi > shown {
			buf = append(buf, 1)
		}
		w := ways[string(buf)]
		if w == nil {
			w = &way{steps: p.steps[lo:shown], longer: hi > shown}
			ways[string(buf)] = w
		}
		w.by[group]++
	})
	list := make([]*way, 0, len(ways))
	for _, w := range ways {
		list = append(list, w)
	}
	slices.SortFunc(list, func(a, b *way) int {
		shorter := 0
		if a.longer != b.longer {
			shorter = -1
			if a.longer {
				shorter = 1
			}
		}
		return cmp.Or(cmp.Compare(b.by.total(), a.by.total()), slices.Compare(a.steps, b.steps), shorter)
	})
	out := []Path{}
	for _, w := range list[:p.opts.top(len(list))] {
		out = append(out, Path{p.names(w.steps), w.longer, w.by.total(), w.by[0], share(w.by[0], w.by.total())})
	}
	return out
}
