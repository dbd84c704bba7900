package results

// Advice is what to do about a segment.
type Advice struct {
	Segment string  `json:"segment"`
	Name    string  `json:"name"`
	Action  Action  `json:"action"`
	With    string  `json:"with,omitempty"`  // the other segment of a merge, the split of a split
	Until   string  `json:"until,omitempty"` // the day on which enough evidence is expected; "" = not within 90 days
	Needs   int64   `json:"needs,omitempty"` // more visitors
	Why     string  `json:"why"`
	Margin  float64 `json:"margin"` // the relative difference that matters in practice
	Do      string  `json:"do"`     // what to edit, as YAML with a comment
	Undo    string  `json:"undo"`
	// Offers are the comparisons that the advice rests on: one for every set of
	// variants that the segment was shown.
	Offers []Offer `json:"offers"`
	Money  *Money  `json:"money,omitempty"` // nil = not all of it is known
}

// An Action is what to do.
type Action string

// The actions.
const (
	Keep   Action = "keep"
	Merge  Action = "merge"
	Split  Action = "split"
	Retire Action = "retire"
	Wait   Action = "not enough evidence"
)

// An Offer is what a segment's best variant does in place of the best single
// variant for everybody who was offered the same: what the segment itself adds.
type Offer struct {
	Experiences []string `json:"experiences"`
	Metric      string   `json:"metric"`
	Common      int      `json:"common"` // the best variant for everybody
	Best        int      `json:"best"`   // the best other variant in the segment
	// Alone says that no other segment was offered the same, so that Common is the
	// control: whether the variant would please everybody is not known.
	Alone    bool    `json:"alone,omitempty"`
	Gain     Effect  `json:"gain"`     // Best in place of Common, in the segment
	Shrunk   Range   `json:"shrunk"`   // drawn to what other segments gain, by how little is known
	Visitors float64 `json:"visitors"` // a month
	Say      string  `json:"say"`
}

// Money is what a segment brings in 30 days, in the currency of costs.
type Money struct {
	Cost      float64 `json:"cost"`
	Net       Range   `json:"net"`       // with a certainty of 90 %, at any time
	BreakEven float64 `json:"breakEven"` // the gain for each visitor at which it pays for itself
}

// A Return is what one more segment adds, the most valuable first.
type Return struct {
	Segment string  `json:"segment"`
	Adds    float64 `json:"adds"` // a month: of the primary metric, or of its value if that is known
	Sum     float64 `json:"sum"`  // of it and of those before
	Unit    string  `json:"unit"`
}
