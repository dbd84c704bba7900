package journey

import (
	"strconv"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// TouchOptions say what is credited with reaching the goal.
type TouchOptions struct {
	// Of says what a touch is: "campaign" is the source of a campaign that a
	// signal names, "variant" an experience and the variant of it that was seen,
	// "step" every step; anything else is a property, whose value is the channel.
	Of       string
	Lookback time.Duration // before the goal, or before the last touch of who does not reach it
	HalfLife time.Duration // age at which a touch counts half, for time decay
	Repeats  bool          // keeps touches of one channel that come directly one after the other
}

// The kinds of touches that are no property.
const (
	campaignTouch = "campaign"
	variantTouch  = "variant"
	stepTouch     = "step"
	campaignPath  = "context.campaign.source"
)

// touches are the touches of all visitors of paths, in columns.
type touches struct {
	names   []string // of channels
	channel []int32
	at      []int64
	offset  []int // of each visitor's first touch; one more at the end
}

// channels numbers channels. It is safe for concurrent use.
type channels struct {
	mu    sync.Mutex
	ids   map[string]int32
	names []string
}

func newChannels() *channels { return &channels{ids: map[string]int32{}} }

func (c *channels) id(name string) int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, known := c.ids[name]
	if !known {
		id = int32(len(c.names))
		c.ids[name] = id
		c.names = append(c.names, name)
	}
	return id
}

// A toucher says which channel a signal is a touch of. It is for one goroutine.
type toucher struct {
	of       string
	repeats  bool
	channels *channels
	known    map[string]int32
}

func newToucher(opts *TouchOptions, all *channels) *toucher {
	t := &toucher{of: opts.Of, repeats: opts.Repeats, channels: all, known: map[string]int32{}}
	if t.of == campaignTouch {
		t.of = campaignPath
	}
	return t
}

// channel returns the channel of a touch; ok is false if a signal is none.
func (t *toucher) channel(s *signal.Signal, st *stepper) (id int32, ok bool) {
	var name string
	switch t.of {
	case "":
		return 0, false
	case stepTouch:
		step := st.of(s) // the steps are the channels
		return step, step != noStep
	case variantTouch:
		e, ok := s.Exposure()
		if !ok {
			return 0, false
		}
		name = e.Experience + "=" + strconv.Itoa(e.Variant)
	default:
		v, ok := valueOf(s, t.of)
		if name = v.String(); !ok || name == "" {
			return 0, false
		}
	}
	id, known := t.known[name]
	if !known {
		id = t.channels.id(name)
		t.known[name] = id
	}
	return id, true
}

// add adds the touches of a visitor: those in the time before the goal, or before
// their last touch where they have not reached it by the end of the period. The
// goal's own signals are touches as well, but no steps.
func (c *touches) add(t *toucher, st *stepper, rec *visitor.Record, goal, end, lookback int64) {
	first := len(c.channel)
	for i := range rec.Signals {
		s := &rec.Signals[i]
		if s.At > min(goal, end) || s.At == goal && t.of == stepTouch {
			break
		}
		id, ok := t.channel(s, st)
		if ok && s.Flags&signal.TooLate == 0 {
			c.channel, c.at = append(c.channel, id), append(c.at, s.At)
		}
	}
	if goal == never && len(c.at) > first {
		goal = c.at[len(c.at)-1]
	}
	c.trim(first, goal-lookback, t.repeats)
	c.offset = append(c.offset, len(c.channel))
}

// trim keeps of the touches from the first on those that are later than an
// instant, and of some of one channel that come directly one after the other the
// last, unless repeats are kept.
func (c *touches) trim(first int, after int64, repeats bool) {
	n := first
	for i := first; i < len(c.channel); i++ {
		if c.at[i] <= after {
			continue
		}
		if !repeats && n > first && c.channel[n-1] == c.channel[i] {
			n--
		}
		c.channel[n], c.at[n] = c.channel[i], c.at[i]
		n++
	}
	c.channel, c.at = c.channel[:n], c.at[:n]
}

// join adds the touches of the visitors that come next.
func (c *touches) join(d *touches) {
	n := len(c.channel)
	c.channel = append(c.channel, d.channel...)
	c.at = append(c.at, d.at...)
	for _, end := range d.offset[1:] {
		c.offset = append(c.offset, n+end)
	}
}
