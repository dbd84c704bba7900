package journey

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// readSequences reads a text of one visitor a line: their steps, separated by
// white space, in order. Lines that begin with % or # are comments. Names of
// numbered steps may stand in one line before a comment that says "sequences":
// so does UCI's file of msnbc.com, where 1 is the first of them.
func readSequences(ctx context.Context, src io.Reader, size int64, opts Options) (*paths, error) {
	if g := opts.Goal; g != nil && len(g.Match.Where) > 0 {
		return nil, fault.New(fault.Invalid, "goal: a file of sequences has no properties: name the step alone")
	}
	opts.Touches.Of, opts.From, opts.To = "", time.Time{}, time.Time{}
	r := &sequenceReader{opts: &opts, dict: newDictionary(), ids: map[string]int32{}}
	r.paths = paths{opts: opts, within: never, end: never, offset: []int{0}}
	lines := bufio.NewReaderSize(src, 1<<16)
	for done, n := int64(0), 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fault.New(fault.Invalid, "line %d is longer than %d bytes: one visitor cannot have so many steps", n, 1<<16)
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		r.line(line)
		done += int64(len(line))
		if n%10_000 == 0 || err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			opts.tell("bytes", done, size)
		}
		if err != nil {
			break
		}
	}
	r.flush()
	r.paths.settle(r.dict.kinds())
	return &r.paths, nil
}

// A sequenceReader makes paths of lines.
type sequenceReader struct {
	opts    *Options
	paths   paths
	dict    *dictionary
	ids     map[string]int32 // of words; goalStep for the goal
	names   []string         // of numbers from 1
	pending []byte           // the first line, as long as it may be that of names
	begun   bool             // there was a second
}

// goalStep stands for the goal.
const goalStep int32 = -2

func (r *sequenceReader) line(line []byte) {
	line = bytes.TrimSpace(line)
	switch {
	case len(line) == 0:
	case line[0] == '%' || line[0] == '#':
		if !r.begun && r.pending != nil && bytes.Contains(bytes.ToLower(line), []byte("sequences")) {
			for word := range bytes.FieldsSeq(r.pending) {
				r.names = append(r.names, string(word))
			}
			r.pending = nil
		}
	case !r.begun && r.pending == nil && r.names == nil:
		r.pending = bytes.Clone(line)
	default:
		r.flush()
		r.visitor(line)
	}
}

// flush takes the first line for what it is if it is not that of names.
func (r *sequenceReader) flush() {
	r.begun = true
	if r.pending != nil {
		r.visitor(r.pending)
		r.pending = nil
	}
}

func (r *sequenceReader) visitor(line []byte) {
	p, first := &r.paths, len(r.paths.steps)
	goal, cut := never, false
	for word := range bytes.FieldsSeq(line) {
		id, known := r.ids[string(word)]
		if !known {
			id = r.number(string(word))
		}
		n := len(p.steps)
		switch {
		case id == goalStep:
			goal = int64(n - first)
		case id == noStep, !r.opts.Steps.Repeats && n > first && p.steps[n-1] == id:
			continue
		case r.opts.Steps.Max > 0 && n-first == r.opts.Steps.Max:
			cut = true
		default:
			p.steps, p.at, p.begins = append(p.steps, id), append(p.at, int64(n-first)), append(p.begins, n == first)
			continue
		}
		if goal != never {
			break
		}
	}
	if len(p.steps) == first {
		if goal != never {
			p.left.GoalFirst++
		}
		return
	}
	if cut {
		p.left.Cut++
	}
	p.offset, p.goal = append(p.offset, len(p.steps)), append(p.goal, goal)
}

// number numbers a word.
func (r *sequenceReader) number(word string) int32 {
	name := word
	if i, err := strconv.Atoi(word); err == nil && i >= 1 && i <= len(r.names) {
		name = r.names[i-1]
	}
	e := syntax.Event{Kind: syntax.TrackEvent, Name: signal.NormalizeEvent(name)}
	id := int32(0)
	switch {
	case r.opts.Goal != nil && namedBy(r.opts.Goal.Match.Events, e):
		id = goalStep
	case namedBy(r.opts.Steps.Ignore, e):
		id = noStep
	default:
		id = r.dict.id(Step{Event: e}, name)
	}
	r.ids[word] = id
	return id
}

// namedBy reports whether some of events names e.
func namedBy(events []syntax.Event, e syntax.Event) bool {
	for _, asked := range events {
		if covers(asked, e) {
			return true
		}
	}
	return false
}
