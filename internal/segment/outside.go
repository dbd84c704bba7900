package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A Missing is something outside the rules that a rule rests on and that is
// not there.
type Missing struct {
	Segment string // its key
	Pos     syntax.Pos
	What    string // "list" or "topic"
	Name    string
}

// String says what is missing, what comes of it, and what to do.
func (m Missing) String() string {
	effect, fix := "the condition is unknown", "upload it with segue lists put"
	if m.What == "topic" {
		effect, fix = "the affinity is 0", "use the id of a concept or tag that published entries have"
	}
	return fmt.Sprintf("%s: segment %s: there is no %s %q, so that %s: %s", m.Pos, m.Segment, m.What, m.Name, effect, fix)
}

// Missing returns what the rules rest on and is not there, in the order of the
// segments. The caller must not change it.
func (s *Set) Missing() []Missing { return s.missing }

// listTest asks whether the visitor is on a list.
type listTest struct {
	list int // of the Set
	key  string
}

func (n listTest) eval(f *frame) (truth, int64) { return f.log.listed[n.list], Forever }

func (n listTest) evidence(x *explainer) evidence {
	if x.log.listed[n.list] == unknown {
		return evidence{reason: fmt.Sprintf("no list %s has been uploaded", n.key)}
	}
	return evidence{}
}

// listed says for each list whether a visitor is on it, by any of their ids. Of a list that is not there (nil) it is unknown.
func listed(lists []List, rec *visitor.Record) []truth {
	if len(lists) == 0 {
		return nil
	}
	on := make([]truth, len(lists))
	for i, l := range lists {
		if l == nil {
			on[i] = unknown
			continue
		}
		on[i] = truthOf(l.Has(rec.ID) || slices.ContainsFunc(rec.Others, l.Has) || rec.Summary.UserID != "" && l.Has(rec.Summary.UserID))
	}
	return on
}

// onNoList takes the visitor off all lists.
func (l *Log) onNoList() {
	for i := range l.listed {
		l.listed[i] = no
	}
}

func (c *compiler) list(x syntax.List) node {
	i, ok := c.listed[x.Key]
	if !ok {
		i = len(c.set.lists)
		c.listed[x.Key] = i
		c.set.lists = append(c.set.lists, c.upload(x))
	}
	if c.set.lists[i] == nil {
		c.set.missing = append(c.set.missing, Missing{c.segment, x.Pos, "list", x.Key})
	}
	return listTest{i, x.Key}
}

// upload returns the list that was uploaded for a condition, nil if there is
// none.
func (c *compiler) upload(x syntax.List) List {
	if c.lists == nil {
		return nil
	}
	l, err := c.lists(x.Key)
	switch {
	case err != nil:
		c.fail(fmt.Errorf("%s: list %s: %w", x.Pos, x.Key, err))
		return nil
	case l == nil:
		return nil
	}
	c.outside = append(c.outside, "list "+x.Key+" "+l.Version())
	return l
}

// Views of entries are these signals; which entry, the first of these
// properties says.
var (
	viewEvents = []syntax.Event{
		{Kind: syntax.PageEvent}, {Kind: syntax.ScreenEvent}, {Kind: syntax.ComponentEvent}, {Kind: syntax.TrackEvent, Name: "Entry Viewed"},
	}
	entryNames = []string{"entry", "entryId", "entry_id", "componentId"}
)

// affinity compiles to a score in which each view of an entry about the topic
// weighs 1.
func (c *compiler) affinity(x syntax.Affinity) node {
	n := &score{halfLife: float64(x.HalfLife) / float64(time.Millisecond), cmps: c.comparisons(x.Cmp)}
	n.terms = []weight{{c.viewsAbout(x), 1}}
	n.column = c.column(scoreColumn{n})
	return n
}

// viewsAbout returns the matcher of the views of entries about a topic.
func (c *compiler) viewsAbout(x syntax.Affinity) int {
	var entries []string
	var known bool
	if c.topics != nil {
		entries, known = c.topics.About(x.Topic)
	}
	if !known {
		c.set.missing = append(c.set.missing, Missing{c.segment, x.Pos, "topic", x.Topic})
	}
	key := "views about " + x.Topic
	if i, ok := c.matchers[key]; ok {
		return i
	}
	if len(entries) > 0 {
		c.set.entries[x.Topic] = entries[0]
	}
	c.outside = append(c.outside, fmt.Sprintf("topic %s %s", x.Topic, hashOfTexts(entries)))
	entry := &property{key: c.set.keys.of(entryNames[0])}
	for _, name := range entryNames[1:] {
		entry.others = append(entry.others, c.set.keys.of(name))
	}
	i := c.newMatcher(key, withoutRepetition(viewEvents), []propTest{{property: entry, tests: []test{oneOf(entries)}}})
	return i
}

// oneOf returns the test for being one of many texts.
func oneOf(texts []string) test {
	set := make(map[string]struct{}, len(texts))
	for _, t := range texts {
		set[t] = struct{}{}
	}
	return test{one: func(v signal.Value) bool {
		_, ok := set[v.String()]
		return ok
	}}
}

func hashOfTexts(texts []string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%q ", t)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
