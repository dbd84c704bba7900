package space

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/segue-dev/segue/internal/fault"
)

// syntaxFault says what is wrong with the JSON of an export, and where.
func syntaxFault(data []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return fault.Wrap(fault.Invalid, shapeFault(err), "not a space export")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return fault.New(fault.Invalid, "the export is empty")
	}
	read := data[:syntax.Offset]
	line := 1 + bytes.Count(read, []byte{'\n'})
	place := fmt.Sprintf("line %d (byte %d)%s", line, len(read), inside(read))
	var value json.RawMessage
	if errors.Is(json.NewDecoder(bytes.NewReader(data)).Decode(&value), io.ErrUnexpectedEOF) {
		return fault.New(fault.Invalid, "the export is truncated: it ends at %s: export the space again", place)
	}
	return fault.Wrap(fault.Invalid, err, "the export is not JSON at %s", place)
}

// inside says which item of which list of the export the end of read lies in.
func inside(read []byte) string {
	var key, last string
	depth, index := 0, 0
	for i := 0; i < len(read); i++ {
		switch read[i] {
		case '"':
			start := i + 1
			for i++; i < len(read) && read[i] != '"'; i++ {
				if read[i] == '\\' {
					i++
				}
			}
			if depth == 1 {
				last = string(read[start:min(i, len(read))])
			}
		case ':':
			if depth == 1 {
				key, index = last, 0
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ',':
			if depth == 2 {
				index++
			}
		}
	}
	if depth < 2 || key == "" {
		return ""
	}
	return fmt.Sprintf(", inside %s[%d]", key, index)
}

// shapeFault says in the words of JSON what does not fit.
func shapeFault(err error) error {
	shape, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	if shape.Field == "" {
		return fmt.Errorf("a JSON %s where there must be an object", shape.Value)
	}
	return fmt.Errorf("%s: a JSON %s does not fit here", shape.Field, shape.Value)
}
