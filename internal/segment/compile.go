package segment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// defaultSessionGap is the pause that ends a session unless Options say
// otherwise.
const defaultSessionGap = 30 * time.Minute

// Compile checks and compiles definitions. All mistakes are reported, joined,
// each with its place: duplicate keys, unknown or cyclic segment references,
// expressions that do not compile. Retired definitions are left out; drafts
// are compiled but are members of no Result.
func Compile(defs []syntax.Definition, opts Options) (*Set, error) {
	c := newCompiler(opts)
	live := c.live(defs)
	errs := append(c.duplicates(defs), c.cycles(live, defs)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	for i, d := range live {
		c.segment, c.current, c.calendar = d.Key, i, c.calendarOf(d)
		rule := c.gate(d.Purpose, c.hold(d))
		c.set.segments = append(c.set.segments, compiled{def: d, version: VersionOf(d), rule: rule, zone: c.calendar.zone})
		c.set.live = append(c.set.live, rule)
		if d.Status != syntax.Draft {
			c.set.active = append(c.set.active, i)
		}
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	for _, d := range live {
		for _, ref := range references(d) {
			i := c.set.index[ref.Key]
			c.set.live[i] = reference{i}
		}
	}
	c.set.settling = settlingIn(len(c.clocks))
	c.touching(live)
	c.set.events.settle()
	c.set.keys.number()
	c.set.revision = revisionOf(live, c.outside)
	return c.set, nil
}

// A compiler fills a Set.
type compiler struct {
	set        *Set
	lists      func(key string) (List, error)
	listed     map[string]int // indexes of the Set's lists
	topics     Topics
	outside    []string // what rules rest on besides themselves, by version
	segment    string   // the key of the one being compiled
	errs       []error
	current    int             // the index of the segment being compiled
	calendar   *calendar       // by which it counts
	clocks     map[string]bool // the zones of the clocks that are looked at
	matchers   map[string]int
	totals     map[total]int
	columns    map[builder]int
	properties map[string]*property

	usedColumns map[int][]int // the segments that ask each column
	usedSession []int         // those that ask which session is the current one
}

func newCompiler(opts Options) *compiler {
	zone := opts.Zone
	if zone == nil {
		zone = time.UTC
	}
	set := &Set{
		gap:      cmp.Or(opts.SessionGap, defaultSessionGap).Milliseconds(),
		calendar: calendar{zone: zone, weekStart: opts.WeekStart},
		index:    map[string]int{},
		entries:  map[string]string{},
		events:   newEventIndex(),
		keys:     keys{known: map[string]*key{}},
	}
	set.beat = newBeatKeys(&set.keys)
	return &compiler{
		set:        set,
		lists:      opts.Lists,
		listed:     map[string]int{},
		clocks:     map[string]bool{},
		topics:     opts.Topics,
		matchers:   map[string]int{},
		totals:     map[total]int{},
		columns:    map[builder]int{},
		properties: map[string]*property{},

		usedColumns: map[int][]int{},
	}
}

// calendarOf returns the calendar by which a definition counts.
func (c *compiler) calendarOf(d syntax.Definition) *calendar {
	if d.Timezone == "" {
		return &c.set.calendar
	}
	zone, err := time.LoadLocation(d.Timezone)
	if err != nil {
		c.fail(invalid(d.Pos, "timezone: %v: write a zone of the IANA database, such as Europe/Berlin", err))
		return &c.set.calendar
	}
	return &calendar{zone: zone, weekStart: c.set.calendar.weekStart}
}

func (c *compiler) fail(err error) { c.errs = append(c.errs, err) }

func invalid(pos syntax.Pos, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s: %s", pos, fmt.Sprintf(format, args...))
}

// live returns the definitions that are not retired, in the order of the Set.
func (c *compiler) live(defs []syntax.Definition) []syntax.Definition {
	live := slices.DeleteFunc(slices.Clone(defs), func(d syntax.Definition) bool { return d.Status == syntax.Retired })
	slices.SortStableFunc(live, func(a, b syntax.Definition) int {
		return cmp.Or(cmp.Compare(b.Priority, a.Priority), strings.Compare(a.Key, b.Key))
	})
	for i, d := range live {
		c.set.index[d.Key] = i
	}
	return live
}

func (c *compiler) duplicates(defs []syntax.Definition) []error {
	var errs []error
	first := map[string]syntax.Pos{}
	for _, d := range defs {
		if pos, ok := first[d.Key]; ok {
			errs = append(errs, invalid(d.Pos, "segment %q is defined twice, first at %s: rename or remove one", d.Key, pos))
			continue
		}
		first[d.Key] = d.Pos
	}
	return errs
}

// cycles reports references that lead nowhere, to a retired segment, or back to
// where they come from.
func (c *compiler) cycles(live, all []syntax.Definition) []error {
	g := &trail{index: c.set.index, defs: live, state: make([]visit, len(live)), retired: map[string]bool{}}
	for _, d := range all {
		if d.Status == syntax.Retired {
			g.retired[d.Key] = true
		}
	}
	for i := range live {
		g.follow(i)
	}
	return g.errs
}

// A trail is a walk along the references between definitions.
type trail struct {
	index   map[string]int
	defs    []syntax.Definition
	retired map[string]bool
	state   []visit
	path    []string
	errs    []error
}

type visit uint8

const (
	unseen visit = iota
	open
	done
)

func (g *trail) follow(i int) {
	if g.state[i] == done {
		return
	}
	d := &g.defs[i]
	g.state[i] = open
	g.path = append(g.path, d.Key)
	for _, ref := range references(*d) {
		to, ok := g.index[ref.Key]
		switch {
		case !ok && g.retired[ref.Key]:
			g.errs = append(g.errs, invalid(ref.Pos, "segment %q is retired: make it a draft, or remove the reference", ref.Key))
		case !ok:
			g.errs = append(g.errs, invalid(ref.Pos, "there is no segment %q: define it, or mend the reference", ref.Key))
		case g.state[to] == open:
			cycle := append(slices.Clone(g.path[slices.Index(g.path, ref.Key):]), ref.Key)
			g.errs = append(g.errs, invalid(ref.Pos, "segments refer to each other in a circle: %s: remove one reference",
				strings.Join(cycle, " → ")))
		default:
			g.follow(to)
		}
	}
	g.path = g.path[:len(g.path)-1]
	g.state[i] = done
}

// references returns the references in a definition.
func references(d syntax.Definition) []syntax.Segment {
	var refs []syntax.Segment
	for c := range d.Leaves() {
		if ref, ok := c.(syntax.Segment); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}
