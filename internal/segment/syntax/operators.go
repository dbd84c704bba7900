package syntax

import "slices"

// An Operator is one key that a condition can have.
type Operator struct {
	Key     string
	Shape   string // what stands after the key; capitals name further forms
	Meaning string // one line

	value string // what stands after it: a definition of the schema
}

// operators are in the order in which documentation should show them.
var operators = []Operator{
	{"all", "[CONDITION, …]", "every condition holds", "conditions"},
	{"any", "[CONDITION, …]", "at least one condition holds", "conditions"},
	{"not", "CONDITION", "the condition does not hold", "condition"},
	{"count", "{of: EVENTS, where: PRED, WINDOW, distinct: PROPERTY, COMPARE}", "how many signals, or distinct values of a property; at least 1 unless said otherwise", "count"},
	{"sum", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "the sum of a property's numbers", "aggregate"},
	{"avg", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "the mean of a property's numbers", "aggregate"},
	{"min", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "the least of a property's numbers", "aggregate"},
	{"max", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "the greatest of a property's numbers", "aggregate"},
	{"first", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "a property's earliest value", "oneValue"},
	{"latest", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "a property's latest value", "oneValue"},
	{"mode", "{of: EVENTS, property: PROPERTY, where: PRED, WINDOW, COMPARE}", "a property's most frequent value; of several the one seen last", "oneValue"},
	{"recency", "{of: EVENTS, where: PRED, atLeast: DURATION | atMost: DURATION}", "how long ago the last signal was; false if there never was one", "recency"},
	{"never", "{of: EVENTS, where: PRED}", "no such signal was ever sent", "never"},
	{"regular", "{of: EVENTS, where: PRED, atLeast: NUMBER, ofLast: NUMBER, period: day | week}", "in so many of the last calendar days or weeks, the current one included", "regular"},
	{"sequence", "{steps: [STEP, …], span: DURATION, in: session | page | day | visitor, completed: {WINDOW} | allWithin: {WINDOW}, times: {COMPARE}}", "signals one after the other", "sequence"},
	{"absence", "{of: EVENTS, where: PRED, without: MATCH, for: DURATION, since: last | first, mode: still | once, WINDOW}", "one signal happened and another did not follow", "absence"},
	{"session", "{number: {COMPARE}, pages: {COMPARE}, duration: {COMPARE}, entry: PRED, referrer: TEST, returning: true | false, returnedWithin: DURATION}", "the current session", "session"},
	{"dwell", "{on: PRED, WINDOW, COMPARE}", "the longest visible and active time on one page view, as a duration", "dwell"},
	{"scroll", "{on: PRED, WINDOW, COMPARE}", "the greatest scroll depth on a page view, in percent", "scroll"},
	{"score", "{of: [{event: EVENTS, where: PRED, weight: NUMBER}, …], halfLife: DURATION, COMPARE}", "a sum of weights that fade with time", "score"},
	{"affinity", "{topic: CONCEPT or TAG, halfLife: DURATION, COMPARE}", "how many entries about a topic were viewed, fading with time", "affinity"},
	{"trait", "PRED", "what the visitor said or is known to be", "predicate"},
	{"context", "PRED", "what the request says: device, country, utm_source, hour and so on", "predicate"},
	{"segment", "KEY", "membership of another segment", "text"},
	{"list", "KEY", "the visitor's id is in an uploaded list", "listKey"},
}

// Operators returns the operators of the language, in the order in which
// documentation should show them. The caller owns the result.
func Operators() []Operator { return slices.Clone(operators) }

func operatorKeys() []string {
	keys := make([]string, len(operators))
	for i, o := range operators {
		keys[i] = o.Key
	}
	return keys
}

func isOperator(key string) bool {
	return slices.ContainsFunc(operators, func(o Operator) bool { return o.Key == key })
}
