package segment

// bySession is arrange for groups that are the sessions.
func (b *binding) bySession(pos []int32) (group, order []int32) {
	return b.arrange(pos, b.sessionOf, len(b.log.sessions))
}

// arrange puts entries at positions into n groups; groupOf gives the group of
// the signal at each position, or a negative number for none. The entries of
// group g, in the order in which they came, are those from group[g] to
// group[g+1] of order; order is nil if they all stay where they are.
func (b *binding) arrange(pos, groupOf []int32, n int) (group, order []int32) {
	group = b.ints.take(n + 1)
	moved, last := false, int32(0)
	for _, p := range pos {
		g := groupOf[p]
		if moved = moved || g < last; g >= 0 {
			group[g+1]++
			last = g
		}
	}
	for g := range n {
		group[g+1] += group[g]
	}
	if !moved {
		return group, nil
	}
	order = b.work.take(int(group[n]))
	next := b.work.copy(group[:n])
	for i, p := range pos {
		if g := groupOf[p]; g >= 0 {
			order[next[g]] = int32(i)
			next[g]++
		}
	}
	return group, order
}
