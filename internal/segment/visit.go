package segment

// A sessionTest compares a figure of the current session. A visitor who has
// never been active is in session 0, which has no other figures.
type sessionTest struct {
	figure sessionFigure
	pages  int // column of page views by session; for sessionPages
	acts   int // column of activity by session; for sessionSeconds
	cmps   comparisons
}

type sessionFigure uint8

const (
	sessionNumber  sessionFigure = iota
	sessionPages                 // page views
	sessionSeconds               // from the first to the last activity
)

func (n *sessionTest) eval(f *frame) (truth, int64) {
	x, ok := n.value(f)
	return truthOf(ok && n.cmps.hold(x)), Forever
}

func (n *sessionTest) value(f *frame) (x float64, ok bool) {
	if !f.inSession(n.figure != sessionNumber) {
		return 0, n.figure == sessionNumber
	}
	s := &f.log.sessions[f.session]
	if n.figure == sessionNumber {
		return float64(s.number), true
	}
	if n.figure == sessionPages {
		return float64(f.inGroup(&f.log.columns[n.pages], f.session).len()), true
	}
	return float64(f.sessionEnd(n.acts, f.session)-f.log.at[s.first]) / 1000, true
}

// sessionEnd returns the time of the latest activity of a session that has
// begun.
func (f *frame) sessionEnd(acts, s int) int64 {
	c := &f.log.columns[acts]
	return f.log.at[c.pos[f.inGroup(c, s).hi-1]]
}

// A returning holds in every session but the visitor's first.
type returning struct{ want bool }

func (n returning) eval(f *frame) (truth, int64) {
	is := f.inSession(false) && f.log.sessions[f.session].number > 1
	return truthOf(is == n.want), Forever
}

// A returned holds when an earlier session of the visitor, of whichever device,
// had ended at most within ms before the current one began.
type returned struct {
	within int64
	acts   int // column of activity by session
}

func (n *returned) eval(f *frame) (truth, int64) {
	if !f.inSession(true) || f.log.sessions[f.session].continued {
		return no, Forever
	}
	start := f.log.at[f.log.sessions[f.session].first]
	for s := range f.begun() {
		if pause := start - f.sessionEnd(n.acts, s); s != f.session && pause > 0 && pause <= n.within {
			return yes, Forever
		}
	}
	for _, end := range f.log.streamEnds {
		if pause := start - end; pause > 0 && pause <= n.within {
			return yes, Forever
		}
	}
	return no, Forever
}

// An entry tests the first page view of the current session. Without one it is
// false.
type entry struct {
	pages int // column of page views by session
	match int // column of those that pass
}

func (n *entry) eval(f *frame) (truth, int64) {
	if !f.inSession(true) {
		return no, Forever
	}
	c := &f.log.columns[n.pages]
	s := f.inGroup(c, f.session)
	if s.len() == 0 {
		return no, Forever
	}
	first := c.pos[s.lo]
	match := f.log.columns[n.match].pos
	i := firstAt(match, int(first))
	return truthOf(i < len(match) && match[i] == first), Forever
}
