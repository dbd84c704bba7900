package backtest

import (
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// t0 is the instant from which the tests count: a Wednesday at noon, UTC.
var t0 = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// after returns the instant of an offset from t0, such as "-2h" or "26h1ms".
func after(t require.TestingT, offset string) time.Time {
	d, err := time.ParseDuration(offset)
	require.NoError(t, err)
	return t0.Add(d)
}

// ms is after in milliseconds since the epoch.
func ms(t require.TestingT, offset string) int64 { return after(t, offset).UnixMilli() }

// record returns the record of signals given as lines of "OFFSET EVENT
// key=value …". The event "page" is a page view; the key "late" marks a signal
// that came too late.
func record(t require.TestingT, id, lines string) *visitor.Record {
	return limited(t, id, lines, visitor.Limits{})
}

func limited(t require.TestingT, id, lines string, limits visitor.Limits) *visitor.Record {
	var sigs []signal.Signal
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		words := strings.Fields(line)
		s := signal.Signal{ID: fmt.Sprintf("s%d", i), At: ms(t, words[0]), Name: words[1], Pos: i, Device: "d"}
		if s.Name == "page" {
			s.Type, s.Name = signal.Page, ""
		}
		for _, word := range words[2:] {
			key, value, _ := strings.Cut(word, "=")
			if key == "late" {
				s.Flags |= signal.TooLate
				continue
			}
			s.Props = append(s.Props, signal.Prop{Key: key, Value: signal.TextOf(value)})
		}
		sigs = append(sigs, s)
	}
	out, _ := (&visitor.Record{ID: id}).With(limits, sigs...)
	return out
}

// rules returns the definitions of rules in flow-style YAML, the first with the
// greatest priority; their keys are a, b, c and so on.
func rules(t require.TestingT, rules ...string) []syntax.Definition {
	defs := make([]syntax.Definition, len(rules))
	for i, rule := range rules {
		cond, err := syntax.ParseCond("rule", []byte(rule))
		require.NoError(t, err, rule)
		defs[i] = syntax.Definition{Key: string(rune('a' + i)), Priority: -i, When: cond}
	}
	return defs
}

func compile(t require.TestingT, defs []syntax.Definition, zone *time.Location) *segment.Set {
	set, err := segment.Compile(defs, segment.Options{Zone: zone})
	require.NoError(t, err)
	return set
}

func setOf(t require.TestingT, written ...string) *segment.Set {
	return compile(t, rules(t, written...), nil)
}

func records(all ...*visitor.Record) iter.Seq2[*visitor.Record, error] {
	return func(yield func(*visitor.Record, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// run asks about two days around t0: from a day before it to a day after.
func run(t *testing.T, set *segment.Set, opts Options, all ...*visitor.Record) *Report {
	t.Helper()
	if opts.From.IsZero() {
		opts.From = after(t, "-24h")
	}
	if opts.To.IsZero() {
		opts.To = after(t, "24h")
	}
	report, err := Run(t.Context(), records(all...), set, opts)
	require.NoError(t, err)
	return report
}
