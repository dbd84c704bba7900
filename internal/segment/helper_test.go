package segment

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// t0 is the instant from which the tests count: a Wednesday at noon, UTC.
var t0 = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// at returns the instant of an offset from t0 such as "-2d", "1d2h" or "1h1ms";
// "forever" is Forever.
func at(t testing.TB, offset string) int64 {
	t.Helper()
	if offset == "forever" {
		return Forever
	}
	rest, sign := strings.CutPrefix(offset, "-")
	var sum time.Duration
	if days, tail, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.Atoi(days)
		require.NoError(t, err)
		sum, rest = time.Duration(n)*24*time.Hour, tail
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		require.NoError(t, err)
		sum += d
	}
	if sign {
		sum = -sum
	}
	return t0.Add(sum).UnixMilli()
}

// compileRule returns a Set with one segment, "x", whose rule is written in
// flow-style YAML.
func compileRule(t testing.TB, rule string, opts Options) *Set {
	t.Helper()
	cond, err := syntax.ParseCond("rule", []byte(rule))
	require.NoError(t, err, rule)
	return compileCond(t, cond, opts)
}

func compileCond(t testing.TB, cond syntax.Cond, opts Options) *Set {
	t.Helper()
	s, err := Compile([]syntax.Definition{{Key: "x", When: cond}}, opts)
	require.NoError(t, err)
	return s
}

// record returns the record of signals given as lines of "OFFSET EVENT
// key=value …", as in examples: EVENT is a track event without spaces,
// page:NAME, screen:NAME, identify, component, group or alias. The keys
// "device", "id" and "late" are about the signal itself.
func record(t testing.TB, lines string) *visitor.Record {
	t.Helper()
	rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, parseSignals(t, lines)...)
	return rec
}

func parseSignals(t testing.TB, lines string) []signal.Signal {
	t.Helper()
	var sigs []signal.Signal
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		if words := strings.Fields(line); len(words) > 0 {
			sigs = append(sigs, parseSignal(t, i, words))
		}
	}
	return sigs
}

func parseSignal(t testing.TB, i int, words []string) signal.Signal {
	t.Helper()
	s := signal.Signal{ID: fmt.Sprintf("s%03d", i), At: at(t, words[0]), Device: "d1", Pos: i}
	kind, name, _ := strings.Cut(words[1], ":")
	if typ, ok := signal.ParseType(kind); ok && typ != signal.Track {
		s.Type, s.Name = typ, name
	} else {
		s.Name = words[1]
	}
	for _, word := range words[2:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "device":
			s.Device = value
		case "id":
			s.ID = value
		case "late":
			s.Flags |= signal.TooLate
		default:
			s.Props = append(s.Props, signal.Prop{Key: key, Value: signal.TextOf(value)})
		}
	}
	s.Props.Sort()
	return s
}

// clock names an instant for people.
func clock(ms int64) string {
	if ms == Forever {
		return "forever"
	}
	return time.Duration((ms - t0.UnixMilli()) * 1e6).String()
}

// distinctSignals returns a record of n signals with different values of "n".
func distinctSignals(n int) *visitor.Record {
	sigs := make([]signal.Signal, n)
	for i := range sigs {
		sigs[i] = signal.Signal{
			ID: fmt.Sprintf("s%05d", i), Name: "v", At: t0.UnixMilli() + int64(i),
			Props: signal.Props{{Key: "n", Value: signal.NumberOf(float64(i))}},
		}
	}
	return &visitor.Record{Signals: sigs}
}
