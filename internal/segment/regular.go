package segment

// A regular holds when matching signals lie in at least so many of the last
// calendar days or weeks, the current one included.
type regular struct {
	matcher int
	column  int
	atLeast int
	ofLast  int64
	weekly  bool
	cal     *calendar
}

func (n *regular) eval(f *frame) (truth, int64) {
	first := n.period(f.now) - n.ofLast + 1
	if f.log.dropped > 0 {
		f.lookBack(n.matcher, n.start(first))
	}
	count, oldest := n.count(f, &f.log.columns[n.column], first, n.atLeast)
	if count < n.atLeast {
		return no, Forever
	}
	return yes, f.until(n.start(oldest + n.ofLast))
}

// count returns how many periods from first on have an entry of c, but no more
// than most, and the oldest of those that it counted, the latest first.
func (n *regular) count(f *frame, c *column, first int64, most int) (count int, oldest int64) {
	for end := f.existing(c.pos); end > 0 && count < most; count++ {
		p := n.period(f.log.at[c.pos[end-1]])
		if p < first {
			break
		}
		oldest = p
		end = f.log.firstFrom(c.pos[:end], n.start(p))
	}
	return count, oldest
}

// period returns the number of the day or week that instant ms lies in.
func (n *regular) period(ms int64) int64 {
	cal := n.cal
	d := cal.day(ms)
	if n.weekly {
		return floorDiv(cal.week(d)-cal.week(0), 7)
	}
	return d
}

// start returns the first instant of a period.
func (n *regular) start(period int64) int64 {
	cal := n.cal
	if n.weekly {
		return cal.start(cal.week(0) + 7*period)
	}
	return cal.start(period)
}
