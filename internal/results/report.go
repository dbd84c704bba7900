package results

import "time"

// A Report is what has been measured, and what to do about it. Shares and
// relative differences are fractions: 0.1 is 10 %. Values are in the metric's own
// unit, rates for conversions.
type Report struct {
	At   time.Time `json:"at"`
	From string    `json:"from,omitempty"` // the first day of exposures that is looked at; "" = all
	// Notes say what keeps the report from saying more.
	Notes       []string     `json:"notes"`
	Metrics     []MetricInfo `json:"metrics"`
	Programme   *Programme   `json:"programme,omitempty"` // nil = nobody is held out
	Experiences []Experience `json:"experiences"`
	Advice      []Advice     `json:"advice"`  // in order of the segments
	Returns     []Return     `json:"returns"` // what each further segment adds, the most valuable first
}

// A MetricInfo says what a metric counts.
type MetricInfo struct {
	Key        string  `json:"key"`
	Name       string  `json:"name"`
	Kind       string  `json:"kind"`
	WindowDays float64 `json:"windowDays"`
	Lower      bool    `json:"lowerIsBetter,omitempty"`
	Guardrail  bool    `json:"guardrail,omitempty"`
	Margin     float64 `json:"margin"`
	Value      float64 `json:"value,omitempty"` // of one, in the currency of costs; 0 = unknown
}

// A Programme is personalization as a whole: everybody against those who are
// held out of it.
type Programme struct {
	Experience
	HeldOut float64 `json:"heldOut"` // the share that is configured
	// Leaks are visitors who are held out and saw a variant all the same.
	Leaks     int64   `json:"leaks"`
	LeakShare float64 `json:"leakShare"` // of those held out
	LeakAlarm bool    `json:"leakAlarm"`
}

// An Experience is what an experience did.
type Experience struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Audience string `json:"audience,omitempty"` // a segment; "" = everybody
	Gone     bool   `json:"gone,omitempty"`     // it is not published any more
	All      Group  `json:"all"`
	// Segments are the segments that visitors were in at their first exposure,
	// by priority; those in none come last, with an empty key.
	Segments    []Group      `json:"segments"`
	Differences []Difference `json:"differences"`
}

// A Group are visitors who are looked at together.
type Group struct {
	Segment string `json:"segment"`
	Arms    []Arm  `json:"arms"`
	// Mixed are visitors who saw several variants. They are in no arm.
	Mixed      int64    `json:"mixed"`
	MixedShare float64  `json:"mixedShare"`
	MixedAlarm bool     `json:"mixedAlarm"`
	Balance    Balance  `json:"balance"`
	PerDay     float64  `json:"perDay"` // visitors a day, over the last 14 full days
	Since      string   `json:"since"`  // day of the first exposure
	Planned    int64    `json:"planned"`
	Metrics    []Result `json:"metrics"`
}

// An Arm are the visitors of one variant. Variant 0 is the control.
type Arm struct {
	Variant  int     `json:"variant"`
	Visitors int64   `json:"visitors"`
	Expected float64 `json:"expected"` // share of the visitors that it is to have; 0 = unknown
}

// A Balance says whether arms have the visitors that they should have. If not,
// something other than chance decides who is counted, and no difference means
// anything: there are no verdicts then.
type Balance struct {
	Checked  bool     `json:"checked"`
	Evidence float64  `json:"evidence"` // e-value: 20 is a warning, 1000 an alarm
	P        float64  `json:"p"`        // chi-squared, of one look
	Warning  bool     `json:"warning"`
	Alarm    bool     `json:"alarm"`
	Days     []string `json:"days,omitempty"` // on which the alarm rang for the visitors of that day alone
}

// A Result is one metric in one group.
type Result struct {
	Metric string  `json:"metric"`
	Base   float64 `json:"base"` // of the control, matured
	Lifts  []Lift  `json:"lifts"`
	Days   []Day   `json:"days,omitempty"`
}

// A Verdict is what can be said of a variant, against the control.
type Verdict string

// The verdicts.
const (
	Better     Verdict = "better"
	Worse      Verdict = "worse"
	Open       Verdict = "open"       // enough is known to look, and neither is proven
	Waiting    Verdict = "waiting"    // too little to look
	Suppressed Verdict = "suppressed" // the arms do not have the visitors that they should
	Unknown    Verdict = "unknown"    // it cannot be computed
)

// A Lift is a variant against the control.
type Lift struct {
	Variant int     `json:"variant"`
	Verdict Verdict `json:"verdict"`
	Say     string  `json:"say"` // the verdict as a sentence
	// Matured counts visitors whose window is over: verdicts go by it.
	Matured Effect `json:"matured"`
	All     Effect `json:"all"`
	// Readout is the one scheduled decision, and never mixed with the others.
	Readout *Readout `json:"readout,omitempty"`
	Needs   int64    `json:"needs,omitempty"` // more visitors until the margin would be seen
	On      string   `json:"on,omitempty"`    // the day on which they will be there; "" = not within 90 days
	MDE     float64  `json:"mde,omitempty"`   // the least relative difference that would be seen now, four times of five
}

// A Range is a number with the range in which it lies, however often one looks.
type Range struct {
	Value float64 `json:"value"` // as counted
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// An Effect is a difference between two arms.
type Effect struct {
	Visitors [2]int64   `json:"visitors"` // of the control and of the variant
	Means    [2]float64 `json:"means"`
	Absolute *Range     `json:"absolute,omitempty"`
	Relative *Range     `json:"relative,omitempty"` // of the control; nil if that has nothing
	P        float64    `json:"p"`                  // always valid; 1 = nothing
	// Reduced is the share of the variance that is gone since the time before the
	// exposure is known (CUPED); 0 = not used.
	Reduced float64 `json:"reduced,omitempty"`
	Cannot  string  `json:"cannot,omitempty"` // why it cannot be computed
}

// A Readout is what a comparison says on the day that was fixed for it.
type Readout struct {
	Date     string  `json:"date"`
	Absolute *Range  `json:"absolute,omitempty"`
	Relative *Range  `json:"relative,omitempty"`
	P        float64 `json:"p"`
	Cannot   string  `json:"cannot,omitempty"`
}

// A Day is one day of a metric: that of the exposures, not of what followed.
type Day struct {
	Date string   `json:"date"`
	Arms []DayArm `json:"arms"`
	Lift []Effect `json:"lift"`  // of the day alone, by variant; descriptive
	Sum  []Effect `json:"total"` // of all up to the day, by variant
}

// A DayArm are the visitors of one arm and day.
type DayArm struct {
	Variant  int     `json:"variant"`
	Visitors int64   `json:"visitors"`
	Mean     float64 `json:"mean"`
}

// A Difference is how segments differ in one metric: what they do without any
// variant, and what a variant does to them. The second is what makes a segment
// worth having.
type Difference struct {
	Metric  string `json:"metric"`
	Variant int    `json:"variant"`
	// Level compares the controls of the first two segments with the most
	// visitors; it is observational.
	Pairs []Pair `json:"pairs"`
	// Q, P and I2 say whether the lifts of all segments differ (Cochran), over
	// Segments segments.
	Segments int     `json:"segments"`
	Q        float64 `json:"q"`
	P        float64 `json:"p"`
	I2       float64 `json:"i2"`
	// Shrunk are the lifts pulled towards their mean, by how little is known of
	// each: rank by these.
	Shrunk []Shrunk `json:"shrunk"`
}

// A Pair are two segments, compared.
type Pair struct {
	One   string  `json:"one"`
	Other string  `json:"other"`
	Level Effect  `json:"level"` // the control of One minus that of Other
	Lift  Range   `json:"lift"`  // the lift of One minus that of Other
	P     float64 `json:"p"`
	// Ratio compares relative lifts, where base rates differ more than twofold:
	// 0 = the same. Both are shown; the absolute one decides.
	Ratio *Range `json:"ratio,omitempty"`
	Ready bool   `json:"ready"` // all four cells pass the gate
}

// A Shrunk is the lift of a segment, raw and shrunken.
type Shrunk struct {
	Segment string  `json:"segment"`
	Raw     float64 `json:"raw"`
	Value   float64 `json:"value"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// Suspect reports whether something in the report cannot be believed: uneven arms,
// too many visitors who saw several variants, or a holdout that leaks.
func (r *Report) Suspect() bool {
	bad := func(x *Experience) bool {
		suspect := x.All.Balance.Alarm || x.All.MixedAlarm
		for i := range x.Segments {
			suspect = suspect || x.Segments[i].Balance.Alarm
		}
		return suspect
	}
	for i := range r.Experiences {
		if bad(&r.Experiences[i]) {
			return true
		}
	}
	return r.Programme != nil && (r.Programme.LeakAlarm || bad(&r.Programme.Experience))
}
