// Package rawjson walks JSON that is known to be valid and compact without
// decoding it: it finds where values are and copies nothing.
package rawjson

import (
	"bytes"
	"encoding/json"
)

// Compact returns raw without spaces. The error is that of the JSON syntax.
func Compact(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(raw))
	if err := json.Compact(&b, raw); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// AppendQuoted appends s as a JSON string that is also safe inside a script
// element.
func AppendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a string always encodes
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// Unquote returns the text of a JSON string, and "" for anything else.
func Unquote(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var s string
	_ = json.Unmarshal(raw, &s) // raw is a valid JSON string
	return s
}

// Members calls f with the name of each member of a compact, valid object,
// in its quotes, and the range of its value. It does nothing for any other
// JSON.
func Members(object []byte, f func(name []byte, start, end int)) {
	if len(object) < 3 || object[0] != '{' {
		return
	}
	for at := 1; at < len(object); {
		colon := End(object, at)
		start := colon + 1
		end := End(object, start)
		f(object[at:colon], start, end)
		at = end + 1 // past the comma, or past the brace
	}
}

// Elements calls f with the range of each element of a compact, valid array.
// It does nothing for any other JSON.
func Elements(array []byte, f func(start, end int)) {
	if len(array) < 3 || array[0] != '[' {
		return
	}
	for at := 1; at < len(array); {
		end := End(array, at)
		f(at, end)
		at = end + 1
	}
}

// End returns where the value that starts at a position of compact, valid
// JSON ends.
func End(b []byte, start int) int {
	depth := 0
	for i := start; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth < 0 { // the end of what the value is in
				return i
			}
		case ',', ':':
			if depth == 0 {
				return i
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(b)
}

// stringEnd returns where the JSON string that starts at a position ends.
func stringEnd(b []byte, start int) int {
	for at := start + 1; ; at++ {
		quote := bytes.IndexByte(b[min(at, len(b)):], '"')
		if quote < 0 {
			return len(b)
		}
		at += quote
		escapes := 0
		for b[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at + 1
		}
	}
}
