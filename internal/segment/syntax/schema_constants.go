package syntax

import (
	"fmt"
	"strings"
)

// Patterns are such that RE2 and ECMA 262 read them alike.
const (
	someLetter = `[^ \t\r\n]`
	// instantBegin is how a date begins, or a date and time.
	instantBegin = `^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$`

	versionNumber = `(0|[1-9][0-9]*)`
	versionPart   = `[0-9A-Za-z-]+`
	previewPart   = `(` + versionNumber + `|[0-9]*[A-Za-z-][0-9A-Za-z-]*)`
	versionForm   = `^` + versionNumber + `\.` + versionNumber + `\.` + versionNumber +
		`(-` + previewPart + `(\.` + previewPart + `)*)?(\+` + versionPart + `(\.` + versionPart + `)*)?$`
)

// pathForm is the length of a property's path, to which "properties." in front
// does not count.
var pathForm = fmt.Sprintf(`^(properties\.)?[\s\S]{1,%d}$`, maxPath)

// constantSchemas returns the definitions of texts, numbers and switches.
func constantSchemas() map[string]schema {
	return map[string]schema{
		"text":       textLike(someLetter, "write some text"),
		"filled":     {"type": "string", "minLength": 1},
		"anyText":    {"type": "string"},
		"pattern":    {"type": "string", "minLength": 1, "description": "A regular expression in RE2 syntax, unanchored."},
		"listKey":    textLike(keyForm.String(), "the key of a list has only a-z, 0-9 and -"),
		"zone":       textLike(zoneForm.String(), "a time zone of the IANA database, such as Europe/Berlin"),
		"segmentKey": textLike(keyForm.String(), "the key of a segment has only a-z, 0-9 and -"),
		"event":      eventSchema(),
		"property":   propertySchema(),
		"version":    textLike(versionForm, "write a version such as 2.0.0 or 2.1.0-beta.1"),
		"ordered":    anyOf(reference("number"), textLike(instantBegin, "write a number without quotes or a date such as 2026-01-31")),
		"scalar":     {"type": []string{"string", "number", "boolean"}},

		"number":      {"type": "number"},
		"notNegative": {"type": "number", "minimum": 0},
		"percentage":  {"type": "number", "minimum": percentage.least, "maximum": percentage.most},
		"howMany":     wholeNumber(0, maxHowMany),
		"repeats":     wholeNumber(1, maxRepeats),
		"priority":    wholeNumber(-maxPriority, maxPriority),
		"days":        wholeNumber(1, maxDays),
		"duration":    durationSchema(),
		"positive":    {"allOf": []schema{reference("duration"), {"pattern": "[1-9]"}}},

		"boolean":       {"type": "boolean"},
		"mark":          {"const": true},
		"status":        choice(statuses),
		"scope":         choice(scopes),
		"anchor":        choice(anchors),
		"absenceMode":   choice(absenceModes),
		"periods":       wholeNumber(1, maxPeriods),
		"period":        choice(periods),
		"week":          choice(weeks),
		"sessionWindow": choice(sessionWindows),
	}
}

func eventSchema() schema {
	s := textLike(someLetter, "write the name of an event")
	s["not"] = schema{"pattern": `^(page|screen):[ \t]*$`}
	return s
}

func propertySchema() schema {
	s := pathSchema()
	s["type"] = "string"
	return s
}

// pathSchema is that of a property's path wherever it stands. As a key it may
// look like a number.
func pathSchema() schema {
	return schema{
		"allOf": []schema{{"pattern": someLetter}, {"pattern": pathForm}},
		"not":   schema{"const": "properties."},
	}
}

// durationSchema is made of the units, each of which can be given once.
func durationSchema() schema {
	var pattern strings.Builder
	for _, u := range units {
		pattern.WriteString("([0-9]+" + u.letter + ")?")
	}
	s := textLike("^"+pattern.String()+"$", "write a duration such as 30s, 5m, 48h, 7d or 2w, or 1h30m with the longer unit first")
	s["minLength"] = 1
	return s
}

// textLike returns that of text with a pattern, and what editors say of other
// text.
func textLike(pattern, advice string) schema {
	return schema{"type": "string", "pattern": pattern, "patternErrorMessage": advice}
}

func wholeNumber(least, most int) schema {
	return schema{"type": "integer", "minimum": least, "maximum": most}
}

func choice(words []string) schema { return schema{"enum": words} }
