package journey

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// A Query asks for journeys as people and programs do. What is left empty has
// its default.
type Query struct {
	From     time.Time `json:"from,omitzero"`      // zero = since ever
	To       time.Time `json:"to,omitzero"`        // zero = now
	Goal     string    `json:"goal,omitempty"`     // an event, or {of: EVENT, where: …} in the language of segments; "" = none
	Within   string    `json:"within,omitempty"`   // that outcomes are watched for; "" = 7d
	By       []string  `json:"by,omitempty"`       // EVENT=PROPERTY that tells signals of an event apart, EVENT=PATH/1 by the first part; pages by path and screens by name unless it says otherwise
	Ignore   []string  `json:"ignore,omitempty"`   // events that are no steps
	Repeats  bool      `json:"repeats,omitempty"`  // keep what directly repeats
	Steps    int       `json:"steps,omitempty"`    // of a visitor; 0 = 1000
	Length   int       `json:"length,omitempty"`   // of patterns; 0 = 4
	Support  string    `json:"support,omitempty"`  // of patterns: visitors, or a share such as "2%"; "" = 1 %, but at least 50
	Touch    string    `json:"touch,omitempty"`    // campaign, variant, step or a property; "" = campaign
	Lookback string    `json:"lookback,omitempty"` // of touches; "" = 30d
	HalfLife string    `json:"halfLife,omitempty"` // of touches; "" = 7d
	Top      int       `json:"top,omitempty"`      // rows of each table; 0 = 20
}

const (
	defaultSteps    = 1000
	defaultLength   = 4
	maxLength       = 8
	defaultShare    = 0.01
	defaultVisitors = 50
	defaultTop      = 20
)

// Options returns what Run needs to know of q, asked at instant now. The error
// is a fault.Invalid whose text begins with the name of what is wrong, such as
// "within".
func (q Query) Options(now time.Time) (Options, error) {
	o := Options{From: q.From, To: q.To, Top: cmp.Or(q.Top, defaultTop)}
	if o.To.IsZero() {
		o.To = now
	}
	o.Steps = StepOptions{Repeats: q.Repeats, Max: cmp.Or(q.Steps, defaultSteps)}
	o.Patterns.Length = cmp.Or(q.Length, defaultLength)
	o.Touches = TouchOptions{Of: cmp.Or(q.Touch, campaignTouch), Repeats: q.Repeats}
	if o.From.After(o.To) {
		return o, fault.New(fault.Invalid, "from %s is after the end, %s: swap them", o.From.Format(time.RFC3339), o.To.Format(time.RFC3339))
	}
	if o.Patterns.Length < 1 || o.Patterns.Length > maxLength {
		return o, fault.New(fault.Invalid, "length %d: patterns have 1 to %d steps", o.Patterns.Length, maxLength)
	}
	if o.Top < 0 || o.Steps.Max < 0 {
		return o, fault.New(fault.Invalid, "top and steps cannot be negative")
	}
	for _, read := range []func(*Options) error{q.goal, q.times, q.support, q.events} {
		if err := read(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (q Query) goal(o *Options) error {
	within, err := duration("within", cmp.Or(q.Within, "7d"))
	if err != nil || q.Goal == "" {
		return err
	}
	match, err := syntax.ParseMatch("goal", q.Goal)
	if err != nil {
		return fault.New(fault.Invalid, "%v", err)
	}
	o.Goal = &Goal{Match: match, Within: within}
	return nil
}

func (q Query) times(o *Options) (err error) {
	if o.Touches.Lookback, err = duration("lookback", cmp.Or(q.Lookback, "30d")); err != nil {
		return err
	}
	o.Touches.HalfLife, err = duration("halfLife", cmp.Or(q.HalfLife, "7d"))
	return err
}

func duration(name, text string) (time.Duration, error) {
	d, err := syntax.ParseDuration(text)
	if err != nil || d == 0 {
		return 0, fault.New(fault.Invalid, "%s %s: write a time such as 7d or 1h30m", name, text)
	}
	return d, nil
}

func (q Query) support(o *Options) error {
	text, isShare := strings.CutSuffix(strings.TrimSpace(q.Support), "%")
	switch {
	case text == "":
		o.Patterns.Share, o.Patterns.Visitors = defaultShare, defaultVisitors
		return nil
	case isShare:
		percent, ok := signal.ParseNumber(strings.TrimSpace(text))
		if ok && percent > 0 && percent <= 100 {
			o.Patterns.Share = percent / 100
			return nil
		}
	default:
		n, err := strconv.Atoi(text)
		if err == nil && n > 0 {
			o.Patterns.Visitors = n
			return nil
		}
	}
	return fault.New(fault.Invalid, "support %s: write how many visitors a pattern needs, such as 100, or what share, such as 2%%", q.Support)
}

func (q Query) events(o *Options) error {
	for _, text := range q.By {
		event, property, found := strings.Cut(text, "=")
		e, err := eventNamed("by", event)
		if err != nil || !found || property == "" {
			return fault.New(fault.Invalid, "by %s: write an event and the property that tells its signals apart, such as page=path", text)
		}
		split := Split{Event: e, Property: strings.TrimPrefix(strings.TrimPrefix(property, "properties."), "traits.")}
		if path, depth, found := strings.Cut(split.Property, "/"); found {
			split.Property = path
			if split.Depth, err = strconv.Atoi(depth); err != nil || split.Depth < 1 {
				return fault.New(fault.Invalid, "by %s: after the / write how many parts of the path count, such as page=path/1", text)
			}
		}
		o.Steps.By = append(o.Steps.By, split)
	}
	o.Steps.By = append(o.Steps.By, Split{Event: syntax.Event{Kind: syntax.PageEvent}, Property: "path"}, Split{Event: syntax.Event{Kind: syntax.ScreenEvent}, Property: "name"})
	for _, text := range q.Ignore {
		e, err := eventNamed("ignore", text)
		if err != nil {
			return err
		}
		o.Steps.Ignore = append(o.Steps.Ignore, e)
	}
	return nil
}

func eventNamed(flag, text string) (syntax.Event, error) {
	match, err := syntax.ParseMatch(flag, text)
	if err != nil {
		return syntax.Event{}, fault.New(fault.Invalid, "%v", err)
	}
	if len(match.Events) != 1 || len(match.Where) > 0 {
		return syntax.Event{}, fault.New(fault.Invalid, "%s %s: name one event", flag, text)
	}
	return match.Events[0], nil
}
