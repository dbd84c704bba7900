package signal

import (
	"bytes"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// The standard library decides what is JSON; the functions below only take
// apart what it has found valid, without copying, so that a message is walked
// once and nothing that is not kept is ever allocated.

// checkJSON returns a fault.Invalid error with the place of the first mistake
// in src, or nil.
func checkJSON(src []byte) error {
	if json.Valid(src) {
		return nil
	}
	err := json.Unmarshal(src, new(json.RawMessage))
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.Wrap(fault.Invalid, err, "body: not valid JSON at byte %d", syntax.Offset)
	}
	return fault.Wrap(fault.Invalid, err, "body: not valid JSON")
}

// members yields the keys and values of the JSON object src; none of nil.
func members(src []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if src == nil {
			return
		}
		for i := space(src, 1); src[i] != '}'; i = comma(src, i) {
			end := skip(src, i)
			key := plainKey(src[i:end])
			i = space(src, space(src, end)+1)
			end = skip(src, i)
			if !yield(key, src[i:end]) {
				return
			}
			i = end
		}
	}
}

// elements yields the values of the JSON array src.
func elements(src []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := space(src, 1); src[i] != ']'; i = comma(src, i) {
			end := skip(src, i)
			if !yield(src[i:end]) {
				return
			}
			i = end
		}
	}
}

// space returns the first index from i on that is not white space.
func space(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\n' || src[i] == '\t' || src[i] == '\r') {
		i++
	}
	return i
}

// comma returns the index of what follows the value that ends at i: the next
// value, or the closing bracket.
func comma(src []byte, i int) int {
	if i = space(src, i); src[i] == ',' {
		return space(src, i+1)
	}
	return i
}

// skip returns the index after the value that begins at i.
func skip(src []byte, i int) int {
	depth := 0
	for {
		switch src[i] {
		case '"':
			i = skipText(src, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		case ',', ':', ' ', '\n', '\t', '\r':
			i++
		default:
			i = skipWord(src, i)
		}
		if depth == 0 {
			return i
		}
	}
}

func skipText(src []byte, i int) int {
	for i++; src[i] != '"'; i++ {
		if src[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipWord passes a number, true, false or null.
func skipWord(src []byte, i int) int {
	for i < len(src) && strings.IndexByte(",:]} \n\t\r", src[i]) < 0 {
		i++
	}
	return i
}

// unquote returns the text of a JSON string. Half a surrogate pair becomes
// U+FFFD, as JavaScript and the standard library have it.
func unquote(src []byte) string {
	inner := src[1 : len(src)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(src, &s) // valid, as all of src
	return s
}

// plainKey returns the bytes of a JSON string, for the moment where it is
// looked at.
func plainKey(src []byte) []byte {
	if inner := src[1 : len(src)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return []byte(unquote(src))
}

// scalar returns a JSON string, number or boolean as a value.
func scalar(src []byte) Value {
	switch src[0] {
	case '"':
		return TextOf(unquote(src))
	case 't', 'f':
		return BoolOf(src[0] == 't')
	default:
		return number(string(src))
	}
}

// number returns a JSON number as a value: as text when it is an integer that
// a float64 would change, such as a long id, or beyond what one can hold.
func number(s string) Value {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return TextOf(s)
	}
	if f == 0 {
		return NumberOf(0) // and never -0
	}
	if math.Abs(f) >= 1<<53 && !strings.ContainsAny(s, ".eE") && strconv.FormatFloat(f, 'f', 0, 64) != s {
		return TextOf(s)
	}
	return NumberOf(f)
}
