package segment_test

import (
	"math/rand/v2"
	"slices"
	"time"
)

// grid is what most times and durations of generated logs and rules are
// multiples of, so that they often meet exactly.
const grid = 10 * time.Minute

const (
	hour = int64(time.Hour / time.Millisecond)
	day  = 24 * hour
	noon = int64(1_772_625_600_000) // of a day, UTC
)

const asksPerLog = 5

// A generator makes cases. It is pure chance, repeatable by its seed.
type generator struct {
	*rand.Rand
	marks []int64 // ms after a signal at which the rule in the making may change its mind
	place place
}

// A kind of logs are those that a family of rules can be asked about.
type kind struct {
	log      func(*generator) oracleLog
	families []func(*generator) tree
	place    place
	pool     [][]int // questions of each family
	share    int     // of all logs, relative to other kinds
	ties     bool    // some signals have one time
}

// kinds are logs over some hours, without and with signals of one millisecond,
// and logs over days around a change of local time.
func kinds() []kind {
	all := []kind{
		{
			log: (*generator).hours, share: 4 * len(places),
			families: []func(*generator) tree{
				(*generator).funnel, (*generator).funnel, (*generator).gaps, (*generator).gaps, (*generator).adjacent,
				(*generator).often, (*generator).often, (*generator).path, (*generator).path, (*generator).tangled,
				(*generator).figure, (*generator).figure, (*generator).recency, (*generator).silence, (*generator).lapse,
				(*generator).session, (*generator).session, (*generator).inSession,
			},
		},
		{
			log: (*generator).crowded, share: 2 * len(places), ties: true,
			families: []func(*generator) tree{
				(*generator).path, (*generator).tangled, (*generator).tangled, (*generator).tangled, (*generator).orderless,
				(*generator).recency, (*generator).silence, (*generator).lapse, (*generator).session, (*generator).inSession,
			},
		},
	}
	for _, p := range places {
		all = append(all, kind{
			log: (*generator).days, share: 3, place: p,
			families: []func(*generator) tree{
				(*generator).onDays, (*generator).onDays, (*generator).onDays, (*generator).silenceOnDays, (*generator).pathOnDays,
			},
		})
	}
	return all
}

// rulesPerFamily is how many questions there are of each family of a kind.
const rulesPerFamily = 12

// generateCases returns n logs, each with questions of its kind.
func generateCases(seed uint64, n int) oracleCases {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	var cases oracleCases
	var marks [][]int64
	all := kinds()
	var turns []int // kinds, as often as their share
	for i := range all {
		k := &all[i]
		turns = append(turns, slices.Repeat([]int{i}, k.share)...)
		g.place = k.place
		for _, family := range k.families {
			var questions []int
			for range rulesPerFamily {
				questions = append(questions, len(cases.Questions))
				q := g.question(family)
				q.Ties = k.ties
				cases.Questions = append(cases.Questions, q)
				marks = append(marks, g.marks)
			}
			k.pool = append(k.pool, questions)
		}
	}
	for i := range n {
		k := all[turns[i*7%len(turns)]]
		g.place = k.place
		log := k.log(g)
		for range asksPerLog {
			q := pick(g, pick(g, k.pool...)...)
			log.Asks = append(log.Asks, oracleAsk{q, g.instants(log, marks[q])})
		}
		cases.Logs = append(cases.Logs, log)
	}
	return cases
}

// hours returns a log over some hours in which no two signals have one time.
func (g *generator) hours() oracleLog {
	return g.log(noon, 1+g.IntN(18), true, func() int64 { return g.near(int64(g.IntN(32)) * grid.Milliseconds()) })
}

// crowded returns a log in which signals often have one time.
func (g *generator) crowded() oracleLog {
	return g.log(noon, 1+g.IntN(16), false, func() int64 { return g.near(int64(g.IntN(10)) * grid.Milliseconds()) })
}

// days returns a log over ten days around the change of the generator's place,
// with signals about midnight.
func (g *generator) days() oracleLog {
	base := g.place.midnight(-6)
	return g.log(base, 1+g.IntN(20), true, func() int64 {
		d := g.IntN(10)
		if g.IntN(3) == 0 {
			return g.near(g.place.midnight(d-6) - base)
		}
		return g.near((int64(d)*24 + int64(g.IntN(24))) * hour)
	})
}

func (g *generator) log(base int64, n int, distinct bool, time func() int64) oracleLog {
	var times []int64
	for range n {
		times = append(times, max(0, time()))
	}
	slices.Sort(times)
	if distinct {
		times = slices.Compact(times)
	}
	log := oracleLog{Base: base}
	for _, t := range times {
		log.Signals = append(log.Signals, g.signal(t))
	}
	return log
}

func (g *generator) signal(t int64) oracleSignal {
	s := oracleSignal{
		t:      t,
		event:  pick(g, "a", "a", "b", "b", "c", "c", "x", "page:home", "page:price"),
		device: pick(g, "d1", "d1", "d1", "d2"),
	}
	if g.IntN(3) > 0 {
		s.p = new(pick(g, "k", "l", "m"))
	}
	if g.IntN(3) > 0 {
		s.v = new(pick(g, -3.0, 0, 1, 2.5, 4, 10.25)) // sums are exact
	}
	return s
}

// instants returns ascending instants at which to ask a rule about a log: before
// and at and after signals and the times at which they matter no more, and some
// others.
func (g *generator) instants(log oracleLog, marks []int64) []int64 {
	signals := log.Signals
	last := signals[len(signals)-1].t
	var out []int64
	for _, s := range []oracleSignal{pick(g, signals...), pick(g, signals...), signals[len(signals)-1]} {
		edge := s.t + pick(g, append(marks, 0)...)
		if g.place.zone != "" {
			edge = g.place.midnight(int((log.Base+s.t-g.place.midnight(0))/day)+g.IntN(5)) - log.Base
		}
		out = append(out, edge-1, edge, edge+1)
	}
	out = append(out, last, int64(g.IntN(int(last+2*hour))), last+40*day)
	slices.Sort(out)
	return slices.Compact(out)
}

// near returns t or, now and then, one millisecond before or after.
func (g *generator) near(t int64) int64 {
	return t + pick[int64](g, -1, 0, 0, 0, 0, 0, 1)
}

func pick[T any](g *generator, from ...T) T {
	return from[g.IntN(len(from))]
}

// A place is a zone and a date of interest there.
type place struct {
	zone string
	y    int
	m    time.Month
	d    int
}

var places = []place{
	{"UTC", 2024, time.February, 29},
	{"UTC", 2024, time.December, 31},
	{"Europe/Berlin", 2025, time.March, 30},
	{"Europe/Berlin", 2025, time.October, 26},
	{"America/New_York", 2025, time.March, 9},
	{"America/New_York", 2025, time.November, 2},
	{"Australia/Lord_Howe", 2025, time.April, 6},     // half an hour back
	{"Australia/Lord_Howe", 2025, time.October, 5},   // and forth
	{"Asia/Kathmandu", 2024, time.December, 31},      // 5:45 ahead
	{"Africa/Cairo", 2025, time.April, 25},           // no midnight
	{"America/Sao_Paulo", 2018, time.November, 4},    // no midnight
	{"America/Havana", 2025, time.November, 2},       // two midnights, one date
	{"Pacific/Apia", 2011, time.December, 31},        // the date before is missing
	{"Pacific/Auckland", 2025, time.September, 28},   // far ahead
	{"America/St_Johns", 2025, time.March, 9},        // 3:30 behind
	{"America/Los_Angeles", 2024, time.December, 31}, // far behind
}

// zone returns the zone of a name.
func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return loc
}

// midnight returns when the day begins that is so many days after the date.
func (p place) midnight(days int) int64 {
	return time.Date(p.y, p.m, p.d+days, 0, 0, 0, 0, zone(p.zone)).UnixMilli()
}
