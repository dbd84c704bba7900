package syntax

import (
	"slices"

	"github.com/segue-dev/segue/internal/spelling"
)

// otherWords are what people who know other languages write, and what it is
// called here.
var otherWords = map[string]string{
	"=": "eq", "==": "eq", "equals": "eq", "is": "eq",
	"!=": "ne", "<>": "ne", "neq": "ne",
	">": "gt", ">=": "gte", "<": "lt", "<=": "lte",
	"notin": "nin", "regex": "matches", "notcontains": "ncontains",
	"and": "all", "or": "any", "none": "not",
	"event": "of", "events": "of", "of": "event",
	"prop": "property", "field": "property",
	"filter": "where", "if": "when", "rule": "when",
	"key": "segment", "id": "segment", "title": "name", "tests": "examples",
	"then": "steps", "funnel": "sequence", "last": "latest", "within": "last",
}

// suggest returns the one of known that word was probably meant to be, or "".
func suggest(word string, known []string) string {
	best, differ := spelling.Nearest(word, known)
	if other := otherWords[spelling.Plain(word)]; differ > 0 && slices.Contains(known, other) {
		return other
	}
	return best
}
