package segment

// Flips returns the instants after v.At at which membership of segment i
// changes without another signal, the earliest first: at most so many, and none
// after last. Who is a member at v.At leaves at the first of them, and enters
// at the next. Drafts have members here.
func (l *Log) Flips(i int, v View, most int, last int64) []int64 {
	var f frame
	f.begin(l, v.Context, v.Known, v.At)
	rule := l.set.segments[i].rule
	var flips []int64
	for len(flips) < most {
		f.horizons = f.horizons[:0]
		f.watch(rule, f.now)
		at := f.validUntil()
		if at == Forever || at > last {
			break
		}
		flips = append(flips, at)
	}
	return flips
}
