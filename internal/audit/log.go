package audit

import (
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/mileusna/useragent"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// DefaultMemory is how many bytes of signals a Log keeps unless told otherwise.
const DefaultMemory = 512 << 20

// Came is how the signals of a visitor arrived, in a log that is in the order of
// arrival. Deliveries are all that came, copies included.
type Came struct {
	Deliveries   int
	Repeated     int // the message id had come before, with the same content
	Contradicted int // the message id had come before, with other content
	Backwards    int // dated before the latest so far
	Unnamed      int // without a message id
	Misdated     int // in the future, or before 2000
	Dated        int // it is known when they were received
	Late         int // of these: more than seven days after they happened
	Delayed      int // more than an hour
	Sent         int // it is known when they were sent and received
	Skewed       int // of these: the client's clock was wrong
	Bot          bool
}

// A Log gathers the signals of a recording by visitor. Its memory is bounded:
// beyond it, it keeps a sample of the visitors, chosen by the hash of their ids
// and halved as often as need be, each with all their signals.
type Log struct {
	limit int

	level  int
	piles  map[string]*pile
	bytes  int
	seen   int // entries
	bad    map[signal.Code]int
	latest int64
	bots   map[string]bool // by user agent
}

// A pile is what came of one visitor.
type pile struct {
	sigs []signal.Signal
	came Came
	last int64 // the latest time so far
	size int
}

// NewLog returns an empty Log that keeps at most about so many bytes of signals;
// 0 is DefaultMemory.
func NewLog(memory int) *Log {
	if memory == 0 {
		memory = DefaultMemory
	}
	return &Log{limit: memory, piles: map[string]*pile{}, bad: map[signal.Code]int{}, bots: map[string]bool{}}
}

// Add takes the next entry in.
func (l *Log) Add(e *ingest.Recorded) {
	l.seen++
	if e.Err != nil {
		code := signal.Malformed
		if d, ok := errors.AsType[*signal.Defect](e.Err); ok {
			code = d.Code
		}
		l.bad[code]++
		return
	}
	if e.Signal.Flags&signal.ClampedFuture == 0 {
		l.latest = max(l.latest, e.Signal.At)
	}
	id := e.Message.Visitor()
	if !keeps(l.level, hashOf(id)) {
		return
	}
	p := l.piles[id]
	if p == nil {
		p = &pile{}
		l.piles[id] = p
	}
	before := p.size
	p.add(e)
	p.came.Bot = p.came.Bot || e.Message.UserAgent != "" && l.isBot(e.Message.UserAgent)
	l.bytes += p.size - before
	for l.bytes > l.limit && len(l.piles) > 1 {
		l.halve()
	}
}

// maxAgents is how many user agents are remembered, before they are all
// forgotten.
const maxAgents = 1024

// isBot reports whether a user agent says that it is a bot.
func (l *Log) isBot(agent string) bool {
	bot, known := l.bots[agent]
	if !known {
		if len(l.bots) >= maxAgents {
			clear(l.bots)
		}
		bot = useragent.Parse(agent).Bot
		l.bots[agent] = bot
	}
	return bot
}

func (l *Log) halve() {
	l.level++
	for id, p := range l.piles {
		if !keeps(l.level, hashOf(id)) {
			l.bytes -= p.size
			delete(l.piles, id)
		}
	}
}

// pileSize and the others are about what is kept in memory, in bytes.
const (
	pileSize   = 256
	signalSize = 192
	propSize   = 64
)

func (p *pile) add(e *ingest.Recorded) {
	m, s := &e.Message, &e.Signal
	if p.size == 0 {
		p.size = pileSize
	}
	p.size += signalSize + propSize*len(s.Props) + len(s.ID) + len(s.Name)
	p.came.count(m, s, s.At < p.last)
	p.last = max(p.last, s.At)
	p.sigs = append(p.sigs, *s)
}

// latestArrival is how late a live signal may be.
const latestArrival = week

func (c *Came) count(m *signal.Message, s *signal.Signal, back bool) {
	c.Deliveries++
	if back {
		c.Backwards++
	}
	if m.MessageID == "" {
		c.Unnamed++
	}
	if s.Flags&signal.ClampedFuture != 0 || s.At < neverSet {
		c.Misdated++
	}
	if m.ReceivedAt.IsZero() {
		return
	}
	c.Dated++
	switch delay := m.ReceivedAt.Sub(time.UnixMilli(s.At)); {
	case delay > latestArrival:
		c.Late++
		fallthrough
	case delay > time.Hour:
		c.Delayed++
	}
	if !m.SentAt.IsZero() {
		c.Sent++
		if s.Flags&signal.Skewed != 0 {
			c.Skewed++
		}
	}
}

// Latest returns when the latest signal was, those dated in the future aside;
// the zero time if there is none.
func (l *Log) Latest() time.Time {
	if l.latest == 0 {
		return time.Time{}
	}
	return time.UnixMilli(l.latest).UTC()
}

// Counted returns what became of the entries of the whole log.
func (l *Log) Counted() *Counted {
	return &Counted{Deliveries: l.seen, Rejected: l.bad}
}

// Sampled returns the share of visitors that are kept, 1 = all.
func (l *Log) Sampled() float64 { return 1 / float64(uint64(1)<<l.level) }

// Visitors yields every visitor that is kept, once, and then forgets them. The
// error is always nil.
func (l *Log) Visitors() iter.Seq2[Visitor, error] {
	return func(yield func(Visitor, error) bool) {
		for id, p := range l.piles {
			delete(l.piles, id)
			if !yield(p.visitor(id), nil) {
				return
			}
		}
	}
}

func (p *pile) visitor(id string) Visitor {
	rec, outcomes := (&visitor.Record{ID: id}).With(visitor.Limits{}, p.sigs...)
	for _, o := range outcomes {
		switch o {
		case visitor.Duplicate:
			p.came.Repeated++
		case visitor.Conflicting:
			p.came.Contradicted++
		}
	}
	p.sigs = slices.Clip(p.sigs[:0])
	return Visitor{Record: rec, Came: &p.came}
}
