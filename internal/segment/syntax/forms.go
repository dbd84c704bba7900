package syntax

import "slices"

// A form is a kind of map in a source. The reader refuses what its form does
// not have, and the schema is made of the forms, so the two cannot differ in
// what can be written where.
type form struct {
	name   string // of its definition in the schema
	noun   string // what the map is in messages, with an article if it needs one
	sample string // of such a map
	keys   []key
	limits []limit
	filled bool // it has at least one key
}

// A key is one that a form takes.
type key struct {
	name     string
	value    string // what stands after it: a definition of the schema
	meaning  string // one line
	required bool
}

// A limit is how many of some keys of a form can be given at once. It has a
// definition in the schema too.
type limit struct {
	name        string
	keys        []string
	least, most int
}

// The limits of forms.
var (
	oneWindow           = limit{"oneWindow", windowKeys, 1, 1}
	oneWindowOrNone     = limit{"oneWindowOrNone", windowKeys, 0, 1}
	someComparison      = limit{"someComparison", compareKeys, 1, len(compareKeys)}
	oneBound            = limit{"oneBound", []string{"atLeast", "atMost"}, 1, 1}
	oneCompletionOrNone = limit{"oneCompletionOrNone", []string{"completed", "allWithin"}, 0, 1}
)

const (
	required = true
	optional = false
)

// called returns f under another noun.
func (f form) called(noun string) form {
	f.noun = noun
	return f
}

func (f form) takes(name string) bool {
	return slices.ContainsFunc(f.keys, func(k key) bool { return k.name == name })
}

func names(keys []key) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = k.name
	}
	return all
}

// freely returns the form of a map whose keys are not ours but, say, the names
// of properties.
func freely(noun, sample string) form { return form{noun: noun, sample: sample} }

// forms are all that have a definition in the schema, but for the segment
// itself.
var forms = []form{
	costForm, allowForm, exampleForm, matchForm,
	countForm, aggregateForm, oneValueForm, recencyForm, neverForm, regularForm, sequenceForm,
	absenceForm, sessionForm, dwellForm, scrollForm, scoreForm, affinityForm,
	firstStepForm, stepForm, weightForm, weightOfForm,
	windowForm, howMany.form(), lengthOfTime.form(), testForm,
}

var segmentForm = form{
	name: "segment", noun: "a segment", sample: "{segment: high-intent, name: …, soWhat: …, when: …}",
	keys: []key{
		{"segment", "segmentKey", "its key: a-z, 0-9 and -; unique", required},
		{"name", "text", "what people call it", required},
		{"soWhat", "text", "what this visitor gets that others do not", required},
		{"priority", "priority", "the greater wins, ties by key; 0 unless said otherwise", optional},
		{"status", "status", "draft: for backtests only; active: live, the default; retired: never evaluated", optional},
		{"purpose", "text", "the consent purpose that it needs: who denies it is no member", optional},
		{"timezone", "zone", "the IANA zone of its days, weeks and hours, such as Europe/Berlin; the project's unless said otherwise", optional},
		{"cost", "cost", "what its content costs", optional},
		{"when", "condition", "the rule: who is a member", required},
		{"stay", "condition", "who is a member stays one while this holds, even if the rule does not", optional},
		{"hold", "positive", "who becomes a member stays one for at least so long", optional},
		{"allow", "allowances", "doubts that segue validate should not report, each with the reason", optional},
		{"examples", "examples", "unit tests of the rule, run by segue validate", optional},
	},
}

var costForm = form{
	name: "cost", noun: "cost", sample: "{hoursPerMonth: 6}",
	keys: []key{{"hoursPerMonth", "notNegative", "upkeep of its content, in hours a month", required}},
}

var allowForm = form{
	name: "allowance", noun: "an item of allow", sample: "{code: SG101, reason: the variants follow in May}",
	keys: []key{
		{"code", "text", "of the doubt, as segue validate names it", required},
		{"reason", "text", "why it is none", required},
	},
}

var exampleForm = form{
	name: "example", noun: "an example", sample: "{name: …, signals: …, at: 2m, member: true}",
	keys: []key{
		{"name", "text", "what it shows", required},
		{"signals", "anyText", "one line a signal: the time since the start, the event, and properties as key=value", optional},
		{"at", "duration", "when to ask, since the start", required},
		{"member", "boolean", "whether the visitor is then a member", required},
		{"context", "attributes", "attributes of the request, such as device: mobile", optional},
	},
}

// matchKeys are those that say which signals a condition is about.
func matchKeys(of string) []key {
	return []key{
		{"where", "predicate", "what their properties must be", optional},
		{of, "events", "which signals: names of track events, track for any, page, page:NAME, screen, screen:NAME, identify, component, or \"*\" for any activity", required},
	}
}

var matchForm = form{name: "match", sample: "{of: Product Viewed}", keys: matchKeys("of")}

var propertyKey = key{"property", "property", "the property whose values are looked at, such as total", required}

var countForm = form{
	name: "count", noun: "count", sample: "{of: Product Viewed}",
	keys: slices.Concat(matchKeys("of"), windows,
		[]key{{"distinct", "property", "count the distinct values of this property, not the signals", optional}}, howMany.comparisons()),
	limits: []limit{oneWindowOrNone},
}

const aggregateSample = "{of: Order Completed, property: total, gte: 100}"

var aggregateForm = form{
	name: "aggregate", sample: aggregateSample,
	keys:   slices.Concat([]key{propertyKey}, matchKeys("of"), windows, amount.comparisons()),
	limits: []limit{oneWindowOrNone, someComparison},
}

var oneValueForm = form{
	name: "oneValue", sample: aggregateSample,
	keys:   slices.Concat([]key{propertyKey}, matchKeys("of"), windows, amountOrText.comparisons()),
	limits: aggregateForm.limits,
}

var recencyForm = form{
	name: "recency", noun: "recency", sample: "{of: Order Completed, atLeast: 30d}",
	keys: append(matchKeys("of"),
		key{"atLeast", "duration", "the last signal is at least so long ago", optional},
		key{"atMost", "duration", "the last signal is at most so long ago", optional}),
	limits: []limit{oneBound},
}

var regularForm = form{
	name: "regular", noun: "regular", sample: "{of: Report Viewed, atLeast: 3, ofLast: 4, period: week}",
	keys: append(matchKeys("of"),
		key{"atLeast", "periods", "in how many of the days or weeks at least", required},
		key{"ofLast", "periods", "of how many, the current one included", required},
		key{"period", "period", "day or week, by the calendar", required}),
}

var neverForm = form{name: "never", noun: "never", sample: "{of: Product Viewed}", keys: matchKeys("of")}

var sequenceForm = form{
	name: "sequence", noun: "sequence", sample: "{steps: [{of: Signed Up}, {of: Dashboard Viewed, within: 48h}]}",
	keys: []key{
		{"span", "positive", "at most so long from the first to the last step", optional},
		{"in", "scope", "within what all steps lie; visitor unless said otherwise", optional},
		{"times", howMany.formName(), "how often the sequence was completed; at least once unless said otherwise", optional},
		{"completed", "window", "when the last step happened", optional},
		{"allWithin", "window", "when all steps happened", optional},
		{"steps", "steps", "the signals, one after the other", required},
	},
	limits: []limit{oneCompletionOrNone},
}

var firstStepForm = form{
	name: "firstStep", noun: "a step", sample: "{of: Product Viewed, within: 5m}",
	keys: append(matchKeys("of"),
		key{"times", "repeats", "so many such signals, one after the other", optional},
		key{"first", "boolean", "only the first such signal that the visitor ever sent", optional}),
}

// stepRelations are the keys that say how a step lies to the one before.
var stepRelations = []key{
	{"within", "duration", "at most so long after the step before", optional},
	{"after", "duration", "at least so long after the step before", optional},
	{"without", "withouts", "none of these between the step before and this one", optional},
	{"directly", "events", "nothing of this stream between the step before and this one: page, \"*\" or event names", optional},
	{"same", "properties", "has the same value as in the step before", optional},
	{"strictTime", "boolean", "later than the step before by the clock, not only in order", optional},
}

var stepForm = form{
	name: "step", noun: firstStepForm.noun, sample: firstStepForm.sample,
	keys: slices.Concat(firstStepForm.keys, stepRelations),
}

var absenceForm = form{
	name: "absence", noun: "absence", sample: "{of: Signed Up, without: Dashboard Viewed, for: 48h}",
	keys: slices.Concat(matchKeys("of"), []key{
		{"since", "anchor", "from which of the signals the time counts: the last, or the first that nothing followed; last unless said otherwise", optional},
		{"mode", "absenceMode", "still: it did not follow until now; once: it did not follow in time, whatever came later; still unless said otherwise", optional},
	}, windows, []key{
		{"without", "without", "what did not follow", required},
		{"for", "duration", "for so long", required},
	}),
	limits: []limit{oneWindowOrNone},
}

var sessionForm = form{
	name: "session", noun: "session", sample: "{pages: {gte: 3}}",
	keys: []key{
		{"number", howMany.formName(), "which session of the visitor it is, from 1", optional},
		{"pages", howMany.formName(), "how many page views it has", optional},
		{"duration", lengthOfTime.formName(), "how long it is", optional},
		{"entry", "predicate", "what its first page view must be", optional},
		{"returning", "boolean", "whether there was a session before", optional},
		{"returnedWithin", "positive", "at most so long after the session before", optional},
		{"referrer", "tests", "where it came from", optional},
	},
	filled: true,
}

func onPageForm(noun string, fig figure) form {
	return form{
		name: noun, noun: noun, sample: "{on: {path: /pricing}, gte: " + fig.example + "}",
		keys: slices.Concat([]key{{"on", "predicate", "what the page view must be", optional}},
			windows, fig.comparisons()),
		limits: []limit{oneWindowOrNone, someComparison},
	}
}

var (
	dwellForm  = onPageForm("dwell", lengthOfTime)
	scrollForm = onPageForm("scroll", percentage)
)

var scoreForm = form{
	name: "score", noun: "score", sample: "{of: [{event: Product Viewed, weight: 1}], halfLife: 7d, gte: 5}",
	keys: append([]key{
		{"of", "weights", "what counts, and how much", required},
		{"halfLife", "positive", "a weight halves in this time", required},
	}, amount.comparisons()...),
	limits: []limit{someComparison},
}

var affinityForm = form{
	name: "affinity", noun: "affinity", sample: "{topic: running, halfLife: 7d, gte: 3}",
	keys: append([]key{
		{"topic", "text", "the id of a taxonomy concept or of a tag; a concept stands for the narrower ones too", required},
		{"halfLife", "positive", "a view counts half in this time", required},
	}, amount.comparisons()...),
	limits: []limit{someComparison},
}

// weightForm and weightOfForm are the two ways to write an item of a score.
var (
	weightForm   = newWeightForm("weight", "event")
	weightOfForm = newWeightForm("weightOf", "of")
)

func newWeightForm(name, of string) form {
	return form{
		name: name, noun: "an item of score", sample: "{event: Product Viewed, weight: 1}",
		keys: append(matchKeys(of), key{"weight", "number", "how much each such signal counts; below 0 counts against", required}),
	}
}

// windows are the keys of which each gives a window.
var windows = []key{
	{"last", "positive", "of the last so long, exactly", optional},
	{"between", "ago", "between two times ago, the younger first, such as [7d, 14d]", optional},
	{"today", "mark", "of today in the project's time zone", optional},
	{"lastDays", "days", "of so many calendar days, today included", optional},
	{"previousDays", "days", "of so many calendar days before today", optional},
	{"week", "week", "of this calendar week", optional},
	{"session", "sessionWindow", "current: of the visitor's latest session; any: of some one session", optional},
	{"ever", "mark", "of all time, the default", optional},
}

var windowKeys = names(windows)

var windowForm = form{name: "window", sample: "{last: 7d}", keys: windows, limits: []limit{oneWindow}}

// testValues says what each comparison of a property takes.
var testValues = map[TestOp]string{
	Eq: "scalar", Ne: "scalar", In: "scalars", Nin: "scalars",
	Gt: "ordered", Gte: "ordered", Lt: "ordered", Lte: "ordered", Between: "range",
	Contains: "filled", NotContain: "filled", StartsWith: "filled", EndsWith: "filled", Matches: "pattern", Exists: "boolean",
	SemverEq: "version", SemverGt: "version", SemverGte: "version", SemverLt: "version", SemverLte: "version",
}

var testForm = form{name: "tests", sample: "{gte: 3}", keys: testKeys(), filled: true}

func testKeys() []key {
	var keys []key
	for _, op := range testOps {
		keys = append(keys, key{string(op), testValues[op], op.meaning(), optional})
	}
	return keys
}
