package signal

import (
	"math"
	"strconv"
)

// A Kind is the type of a Value.
type Kind uint8

// The kinds of values. Text is the zero kind, so the zero Value is "".
const (
	Text Kind = iota
	Number
	Bool
)

// A Value is a scalar property: text, a number or a boolean. There is no null:
// a null property is absent. The zero Value is the empty text.
type Value struct {
	kind Kind
	num  float64 // of a Number; 0 or 1 of a Bool
	str  string  // of a Text
}

// TextOf returns s as a value.
func TextOf(s string) Value { return Value{str: s} }

// NumberOf returns f as a value.
func NumberOf(f float64) Value { return Value{kind: Number, num: f} }

// BoolOf returns b as a value.
func BoolOf(b bool) Value {
	v := Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// Kind returns the type of v.
func (v Value) Kind() Kind { return v.kind }

// Bool reports whether v is the boolean true.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Any returns v as a string, a float64 or a bool.
func (v Value) Any() any {
	switch v.kind {
	case Number:
		return v.num
	case Bool:
		return v.Bool()
	default:
		return v.str
	}
}

// Float returns v as a number: of a Number itself, of a Text what it spells in
// decimal. ok is false for anything else, infinities and NaN included.
func (v Value) Float() (f float64, ok bool) {
	switch v.kind {
	case Number:
		return v.num, true
	case Text:
		return ParseNumber(v.str)
	default:
		return 0, false
	}
}

// ParseNumber returns the finite decimal number that s spells.
func ParseNumber(s string) (f float64, ok bool) {
	// Most property texts are no numbers: turn those away without allocating
	// the error of ParseFloat.
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if c := s[0]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' {
		return 0, false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9', c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

// String returns v as text: a number in its shortest decimal form, a boolean
// as "true" or "false".
func (v Value) String() string {
	switch v.kind {
	case Number:
		return strconv.FormatFloat(v.num, 'f', -1, 64)
	case Bool:
		return strconv.FormatBool(v.num != 0)
	default:
		return v.str
	}
}

// Equal reports whether v and w are the same for a rule: as numbers when both
// spell one, as text otherwise. So "3", 3 and 3.0 are equal, and true equals
// "true".
func (v Value) Equal(w Value) bool {
	if v == w {
		return true
	}
	if a, ok := v.Float(); ok {
		if b, ok := w.Float(); ok {
			return a == b
		}
	}
	return v.String() == w.String()
}
