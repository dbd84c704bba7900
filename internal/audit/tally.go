package audit

import (
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A share names a ratio that is counted.
type share int

// The shares. Of visitors unless another whole is named.
const (
	twoSteps     share = iota // who took two steps or more
	threeSteps                // three or more
	tied                      // of steps after another: at the same instant as it
	backwards                 // of deliveries after another: dated before the latest so far
	dwelling                  // with a signal of time spent
	scrolling                 // with a signal of scrolling
	returning                 // of those whose week is over: came back in it
	single                    // with one signal only
	oneDay                    // of those whose week is over: seen on one day only
	identified                // with a user id
	withSession               // with a session id of their site
	repeated                  // of deliveries: the id had come before, whatever the content
	contradicted              // of deliveries: the id had come before with other content
	copied                    // of signals: the same content within a second under another id
	misdated                  // of signals: in the future, or before 2000
	skewed                    // of signals with a time of sending: moved by the client's skew
	undated                   // of signals: the client did not say when
	tooLate                   // of deliveries that can be judged: later than the limit
	delayed                   // likewise: later than an hour
	unnamedIDs                // of deliveries: without a message id
	consenting                // of whom something is said about consent
	fast                      // faster than a person, or named a bot
	automatic                 // those, and crawlers that dwell nowhere
	fastSignals               // of signals: those of the fast
	cutShort                  // whose record has lost signals to its bound of number
	numShares
)

// sessionKeys are where sites put ids of sessions.
var sessionKeys = []string{"context.sessionId", "sessionId", "session_id", "ga_session_id", "context.session_id"}

// maxUsers bounds the users whose anonymous ids are counted; of more, a sample
// is.
const maxUsers = 1 << 20

// A tally counts visitors, one after the other. Tallies of the same options add
// up, in any order.
type tally struct {
	opts *Options

	visitors, signals int
	first, last       int64
	shares            [numShares]ratio
	coarse            [3]int // steps at whole seconds, minutes and hours
	steps             int
	days              map[int]dayCount // by local day since the epoch
	users             userTable        // anonymous ids by user
	names             nameTable        // of events, by visitor.EventKey
	goals             []ratio          // by goal: who reached it
	valued            []ratio          // by goal: signals of it that have its number
	consents          []ratio          // by purpose: who consented, of those who said
	present           []presence       // by planned segment
	walk              segment.Walk
}

// A dayCount is who was active on a day.
type dayCount struct{ active, fresh int }

func newTally(o *Options) *tally {
	t := &tally{
		opts: o, days: map[int]dayCount{}, names: nameTable{},
		goals: make([]ratio, len(o.Goals)), valued: make([]ratio, len(o.Goals)), consents: make([]ratio, len(o.purposes)),
	}
	if o.Planned != nil {
		t.present = make([]presence, o.Planned.Len())
	}
	return t
}

// add counts a visitor.
func (t *tally) add(one Visitor) {
	v, ok := t.opts.viewOf(one.Record)
	if !ok {
		return
	}
	t.visitors++
	t.signals += len(v.sigs)
	t.span(&v)
	t.order(&v)
	t.time(&v)
	t.identity(&v)
	t.content(&v)
	t.bots(&v, one.Came)
	t.named(&v)
	t.said(&v)
	t.follow(&v)
	if one.Came != nil {
		t.came(one.Came)
	} else {
		t.corrected(&v)
	}
}

func (t *tally) span(v *view) {
	first := v.Summary.FirstSeen
	if v.Summary.LastSeen == 0 && len(v.sigs) == 0 { // all were too late
		return
	}
	if t.first == 0 || first < t.first {
		t.first = first
	}
	for i := range v.sigs {
		t.last = max(t.last, v.sigs[i].At)
	}
}

func (t *tally) order(v *view) {
	n := len(v.steps)
	if v.Summary.Dropped > 0 {
		n += v.Summary.Dropped
	}
	t.shares[twoSteps].tell(n >= 2)
	t.shares[threeSteps].tell(n >= 3)
	t.shares[tied].add(v.ties())
	t.shares[cutShort].tell(v.Summary.Dropped > 0 && t.opts.MaxSignals > 0 && len(v.Signals) >= t.opts.MaxSignals)
	t.steps += len(v.steps)
	for _, at := range v.steps {
		for i, unit := range [...]int64{1000, 60_000, 3_600_000} {
			if at%unit == 0 {
				t.coarse[i]++
			}
		}
	}
}

func (t *tally) time(v *view) {
	t.shares[dwelling].tell(v.dwell)
	t.shares[scrolling].tell(v.depth)
	at := t.opts.At.UnixMilli()
	if back, known := v.returned(at, t.opts.SessionGap); known {
		t.shares[returning].tell(back)
	}
	t.daily(v, at)
}

// daily counts the days on which a visitor was active.
func (t *tally) daily(v *view, at int64) {
	if len(v.sigs) == 0 {
		return
	}
	firstDay, today := t.day(v.Summary.FirstSeen), -1
	lastDay := firstDay
	for i := range v.sigs {
		day := t.day(v.sigs[i].At)
		if day == today {
			continue
		}
		today, lastDay = day, max(lastDay, day)
		c := t.days[day]
		c.active++
		if day == firstDay {
			c.fresh++
		}
		t.days[day] = c
	}
	if v.Summary.FirstSeen+week.Milliseconds() <= at {
		t.shares[oneDay].tell(firstDay == lastDay)
	}
}

// day returns the number of the local day of an instant.
func (t *tally) day(ms int64) int {
	_, ahead := time.UnixMilli(ms).In(t.opts.Zone).Zone()
	return int((ms/1000 + int64(ahead)) / 86_400)
}

func (t *tally) identity(v *view) {
	t.shares[single].tell(v.Summary.Dropped == 0 && len(v.sigs) == 1)
	user := v.user()
	t.shares[identified].tell(user != "")
	t.shares[withSession].tell(v.hasAny(sessionKeys))
	if user == "" {
		return
	}
	anonymous := 0
	for _, id := range v.IDs() {
		if id != user {
			anonymous++
		}
	}
	t.users.add(hashOf(user), anonymous, maxUsers)
}

func (t *tally) content(v *view) {
	t.shares[copied].add(v.copies(), len(v.sigs))
}

// corrected counts what a record says of how its signals arrived.
func (t *tally) corrected(v *view) {
	wrong, moved, stated := 0, 0, 0
	for i := range v.sigs {
		s := &v.sigs[i]
		if s.Flags&signal.ClampedFuture != 0 || s.At < neverSet {
			wrong++
		}
		if s.Raw != 0 {
			stated++
			if s.Flags&signal.Skewed != 0 {
				moved++
			}
		}
	}
	n := len(v.sigs)
	t.shares[misdated].add(wrong, n)
	t.shares[undated].add(n-stated, n)
	t.shares[skewed].add(moved, stated)
	t.shares[tooLate].add(v.late, n+v.late)
}

func (t *tally) bots(v *view, came *Came) {
	bot := v.busiest() > t.opts.BotRate || v.namedBot() || came != nil && came.Bot
	t.shares[fast].tell(bot)
	t.shares[automatic].tell(bot || v.pages >= crawled && !v.dwell && !v.depth)
	if bot {
		t.shares[fastSignals].add(len(v.sigs), len(v.sigs))
	} else {
		t.shares[fastSignals].add(0, len(v.sigs))
	}
}

// named counts the events of a visitor, those that have left the log as well.
func (t *tally) named(v *view) {
	spelt := map[string]string{}
	for i := range v.sigs {
		s := &v.sigs[i]
		key, _ := visitor.EventKey(*s)
		if name, known := spelt[key]; !known || s.Name < name {
			spelt[key] = s.Name
		}
	}
	for key, total := range v.Summary.Events {
		if strings.HasPrefix(key, "track:") {
			t.names.add(key, named{spelt[key], 1, total.Count})
		}
	}
	for i, goal := range t.opts.Goals {
		t.goals[i].tell(v.reached(goal))
		if goal.Property != "" {
			t.valued[i].add(v.valued(goal))
		}
	}
}

func (t *tally) said(v *view) {
	t.shares[consenting].tell(v.saysConsent())
	for i, purpose := range t.opts.purposes {
		if value, said := v.latest(consentPrefix + "categoryPreferences." + purpose); said {
			t.consents[i].tell(value.String() == "true")
		}
	}
}

// came counts how a visitor's signals arrived.
func (t *tally) came(c *Came) {
	t.shares[backwards].add(c.Backwards, max(0, c.Deliveries-1))
	t.shares[repeated].add(c.Repeated+c.Contradicted, c.Deliveries)
	t.shares[contradicted].add(c.Contradicted, c.Deliveries)
	t.shares[unnamedIDs].add(c.Unnamed, c.Deliveries)
	t.shares[tooLate].add(c.Late, c.Dated)
	t.shares[delayed].add(c.Delayed, c.Dated)
	t.shares[skewed].add(c.Skewed, c.Sent)
	t.shares[misdated].add(c.Misdated, c.Deliveries)
}

// merge adds another tally of the same options.
func (t *tally) merge(o *tally) {
	t.visitors += o.visitors
	t.signals += o.signals
	t.steps += o.steps
	if t.first == 0 || o.first != 0 && o.first < t.first {
		t.first = o.first
	}
	t.last = max(t.last, o.last)
	for i := range t.coarse {
		t.coarse[i] += o.coarse[i]
	}
	mergeRatios(t.shares[:], o.shares[:])
	mergeRatios(t.goals, o.goals)
	mergeRatios(t.valued, o.valued)
	mergeRatios(t.consents, o.consents)
	for i := range t.present {
		t.present[i].members.merge(&o.present[i].members)
		t.present[i].converted.merge(&o.present[i].converted)
	}
	for day, c := range o.days {
		have := t.days[day]
		t.days[day] = dayCount{have.active + c.active, have.fresh + c.fresh}
	}
	for key, n := range o.names {
		t.names.add(key, n)
	}
	t.users.merge(&o.users, maxUsers)
}

func mergeRatios(into, from []ratio) {
	for i := range into {
		into[i].merge(&from[i])
	}
}
