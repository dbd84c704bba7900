package segment

// A recency compares the time since the last matching signal with d. Without
// one it is false. At exactly d both ways of comparing hold.
type recency struct {
	matcher int
	column  int
	d       int64 // ms
	atLeast bool  // since the last is at least d; else at most
}

func (n *recency) eval(f *frame) (truth, int64) {
	last, ok := f.last(n.matcher, n.column)
	if !ok {
		return no, Forever
	}
	since := f.now - last
	switch {
	case n.atLeast && since >= n.d:
		return yes, Forever
	case n.atLeast:
		return no, f.until(last + n.d)
	case since <= n.d:
		return yes, f.until(last + n.d + 1)
	default:
		return no, Forever
	}
}

// last returns the time of the last signal of a matcher, which may have left
// the log.
func (f *frame) last(m, column int) (at int64, ok bool) {
	pos := f.log.columns[column].pos
	if n := f.existing(pos); n > 0 {
		return f.log.at[pos[n-1]], true
	}
	p := f.past(m)
	if !f.log.set.matchers[m].plain() {
		f.truncated = f.truncated || p.some()
		return 0, false
	}
	f.truncated = f.truncated || p.vague || p.lastVague
	return p.last, p.count > 0
}

// A never holds when no signal ever matched.
type never struct {
	matcher int
	column  int
}

func (n *never) eval(f *frame) (truth, int64) {
	_, ok := f.last(n.matcher, n.column)
	return truthOf(!ok), Forever
}
