package segment

// A contextTest tests one attribute of the request; if the request does not
// carry it, that of the visitor's latest signal of the current session that
// does.
type contextTest struct {
	attribute *attribute
	tests     []test
	column    int // of the attribute in signals, by session
}

func (n *contextTest) eval(f *frame) (truth, int64) {
	return absentUnknown(n.tests, n.values(f)), Forever
}

func (n *contextTest) values(f *frame) []prop {
	vals := n.attribute.in(f, &f.buf)
	if len(vals) == 0 && f.session >= 0 {
		c := &f.log.columns[n.column]
		vals = f.latest(c, f.inGroup(c, f.session))
	}
	if len(vals) == 0 {
		f.inSession(true)
	}
	return vals
}

// absentUnknown tests values of something of which absence says nothing: then
// every test but exists is unknown.
func absentUnknown(tests []test, vals []prop) truth {
	result := yes
	for i := range tests {
		t := &tests[i]
		if len(vals) == 0 && t.one != nil {
			result = min(result, unknown)
		} else if !t.passes(vals) {
			return no
		}
	}
	return result
}

// A traitTest tests one trait: as the visitor's latest identify signal that
// names it says, or, if that has left the log, as the record's summary does.
type traitTest struct {
	name   string
	tests  []test
	column int // of the trait in identify signals
}

func (n *traitTest) eval(f *frame) (truth, int64) {
	return absentUnknown(n.tests, n.values(f)), Forever
}

func (n *traitTest) values(f *frame) []prop {
	c := &f.log.columns[n.column]
	if vals := f.latest(c, span{0, f.existing(c.pos)}); len(vals) > 0 {
		return vals
	}
	t, ok := f.log.traits[n.name]
	switch {
	case ok && t.At <= f.at:
		f.buf[0].Value = t.Value
		return f.buf[:1]
	case ok && f.log.dropped > 0: // an earlier assertion may have been dropped
		f.truncated = true
	}
	return nil
}
