package ingest

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

// A source reads a recording, entry by entry.
type source interface {
	// next returns the next entry, io.EOF after the last, and any other error
	// if the rest cannot be read. An entry that makes no sense has the reason
	// in its message's Err.
	next() (entry, error)

	// resume goes on at a mark, to which r is positioned.
	resume(r io.Reader, at mark)
}

// An entry is one message of a recording and its place there.
type entry struct {
	message signal.Message
	line    int  // where it begins, from 1
	end     mark // what follows it
}

// A mark is a place between two entries of a recording.
type mark struct {
	Offset int64 `json:"offset"` // in bytes
	Line   int   `json:"line"`   // lines before it
}

// A csvSource reads CSV with a header row, as a mapping says.
type csvSource struct {
	r     *csv.Reader
	start mark // where r began to read
	mapper
	index map[string]int // of each column
}

func newCSVSource(r io.Reader, m *mapper) (*csvSource, error) {
	s := &csvSource{r: csv.NewReader(r), mapper: *m, index: map[string]int{}}
	header, err := s.r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.Wrap(fault.Invalid, err, "the header row cannot be read")
	}
	for i, column := range header {
		s.index[strings.TrimPrefix(column, "\ufeff")] = i
	}
	for _, column := range m.columns() {
		if _, ok := s.index[column]; !ok {
			return nil, fault.New(fault.Invalid, "column %q: not in the header row, which has %q", column, header)
		}
	}
	s.r.ReuseRecord = true
	return s, nil
}

func (s *csvSource) resume(r io.Reader, at mark) {
	fields := s.r.FieldsPerRecord
	s.r = csv.NewReader(r)
	s.r.FieldsPerRecord, s.r.ReuseRecord, s.start = fields, true, at
}

func (s *csvSource) next() (entry, error) {
	fields, err := s.r.Read()
	if errors.Is(err, io.EOF) {
		return entry{}, io.EOF
	}
	var e entry
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		e.line, e.end.Line = bad.StartLine, bad.Line
		e.message.Err = signal.NewDefect(signal.Malformed, "", "row cannot be read: %s; mend the row", bad.Err)
	} else if err != nil {
		return entry{}, err
	} else {
		e.line, _ = s.r.FieldPos(0)
		last := len(fields) - 1
		e.end.Line, _ = s.r.FieldPos(last)
		e.end.Line += strings.Count(fields[last], "\n")
		e.message = s.message(csvRow{s.index, fields})
	}
	e.line += s.start.Line
	e.end.Line += s.start.Line
	e.end.Offset = s.start.Offset + s.r.InputOffset()
	return e, nil
}

// A csvRow has a text of each column; empty ones are left out.
type csvRow struct {
	index  map[string]int
	fields []string
}

func (r csvRow) text(column string) string { return r.fields[r.index[column]] }

func (r csvRow) collect(props signal.Props, key, column string) signal.Props {
	if s := r.text(column); s != "" {
		props = append(props, signal.Prop{Key: key, Value: signal.TextOf(s)})
	}
	return props
}

func (r csvRow) identity() []byte {
	var b []byte
	for _, field := range r.fields {
		b = appendText(b, field)
	}
	return b
}

// maxLine is how many bytes a line may have: a message, and what is said of it
// where it was rejected.
const maxLine = signal.MaxMessage + 4<<10

// A lineSource reads NDJSON: messages in the JSON of the Segment spec, or
// whatever objects a mapping understands.
type lineSource struct {
	r      *bufio.Reader
	at     mark
	mapper *mapper // nil = messages
}

func newLineSource(r io.Reader, m *mapper) *lineSource {
	return &lineSource{r: bufio.NewReaderSize(r, maxLine), mapper: m}
}

func (s *lineSource) resume(r io.Reader, at mark) {
	s.r.Reset(r)
	s.at = at
}

func (s *lineSource) next() (entry, error) {
	for {
		line, whole, err := s.line()
		if err != nil {
			return entry{}, err
		}
		e := entry{line: s.at.Line, end: s.at}
		switch {
		case !whole:
			e.message.Err = signal.NewDefect(signal.TooBig, "", "line has more than %d bytes; at most that many are taken", signal.MaxMessage)
		case len(line) == 0:
			continue
		case s.mapper == nil:
			e.message = decodeLine(line)
		default:
			e.message = s.mapped(line)
		}
		return e, nil
	}
}

// line returns the next line without white space around it, and whether it was
// short enough to be read whole; the error is io.EOF after the last.
func (s *lineSource) line() (line []byte, whole bool, err error) {
	line, err = s.r.ReadSlice('\n')
	n := len(line)
	for whole = true; errors.Is(err, bufio.ErrBufferFull); whole = false {
		var more []byte
		more, err = s.r.ReadSlice('\n')
		n += len(more)
	}
	if n == 0 || err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	s.at.Line++
	s.at.Offset += int64(n)
	if s.at.Line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return bytes.TrimSpace(line), whole, nil
}

// decodeLine decodes a recorded message. It must say when it happened, or it
// would be another signal each time it is replayed.
func decodeLine(line []byte) signal.Message {
	m, err := signal.DecodeMessage(line)
	if err != nil || m.Type == "" {
		if mended, ok := decodeLetter(line); ok {
			m, err = mended, nil
		}
	}
	if err != nil {
		m.Err = err
		return m
	}
	if m.Err == nil && m.Timestamp.IsZero() {
		m.Err = signal.NewDefect(signal.BadTime, "timestamp", "missing; a recorded message must say when it happened")
	}
	return m
}

func (s *lineSource) mapped(line []byte) signal.Message {
	props, err := signal.DecodeContext(line)
	if err != nil {
		return signal.Message{Err: err}
	}
	return s.mapper.message(jsonRow{props, line})
}

// A jsonRow has the values at each dotted path.
type jsonRow struct {
	props signal.Props
	line  []byte
}

func (r jsonRow) text(column string) string {
	v, _ := r.props.Get(column)
	return v.String()
}

func (r jsonRow) collect(props signal.Props, key, column string) signal.Props {
	for _, p := range r.props.All(column) {
		if p.Value != signal.TextOf("") {
			props = append(props, signal.Prop{Key: key, Value: p.Value})
		}
	}
	return props
}

func (r jsonRow) identity() []byte { return r.line }

// appendText appends s so that no two sequences of texts look alike.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// hashID returns 96 bits of b's hash as 16 characters.
func hashID(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
