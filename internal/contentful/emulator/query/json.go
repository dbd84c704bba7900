package query

import (
	"bytes"
	"encoding/json"

	"github.com/segue-dev/segue/internal/rawjson"
)

// members calls f with each member of an object, in order, until f returns
// false. It does nothing for any other JSON. What it is given must be valid.
func members(raw []byte, f func(name string, value json.RawMessage) bool) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '{' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] == '"'; i = skipSpace(raw, i+1) {
		end := valueEnd(raw, i)
		name := rawjson.Unquote(raw[i:end])
		start := skipSpace(raw, skipSpace(raw, end)+1) // past the colon
		end = valueEnd(raw, start)
		if !f(name, raw[start:end:end]) {
			return
		}
		i = skipSpace(raw, end) // the comma, or the brace
	}
}

// elements is members for an array.
func elements(raw []byte, f func(value json.RawMessage) bool) {
	i := skipSpace(raw, 0)
	if i >= len(raw) || raw[i] != '[' {
		return
	}
	for i = skipSpace(raw, i+1); i < len(raw) && raw[i] != ']'; i = skipSpace(raw, i+1) {
		end := valueEnd(raw, i)
		if !f(raw[i:end:end]) {
			return
		}
		i = skipSpace(raw, end)
	}
}

// member returns what is at a path of names in nested objects, nil if nothing
// is.
func member(raw json.RawMessage, path ...string) json.RawMessage {
	for _, want := range path {
		var found json.RawMessage
		members(raw, func(name string, value json.RawMessage) bool {
			if name == want {
				found = value
			}
			return found == nil
		})
		raw = found
	}
	return raw
}

// isText reports whether raw is the JSON string of s.
func isText(raw []byte, s string) bool {
	if len(raw) < 2 || raw[0] != '"' {
		return false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1:len(raw)-1]) == s
	}
	return rawjson.Unquote(raw) == s
}

func isNull(raw []byte) bool { return len(raw) == 0 || raw[0] == 'n' }

func skipSpace(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\r' || raw[i] == '\t') {
		i++
	}
	return i
}

// valueEnd returns where the value that starts at i ends.
func valueEnd(raw []byte, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i)
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		case ',', ':', ' ', '\n', '\r', '\t':
			continue
		default: // a number, or true, false, null
			for i+1 < len(raw) && !bytes.ContainsRune([]byte(",:]} \n\r\t"), rune(raw[i+1])) {
				i++
			}
		}
		if depth <= 0 {
			return min(i+1, len(raw))
		}
	}
	return len(raw)
}

// stringEnd returns where the closing quote of the string that starts at i is.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(raw)
}
