package journey

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// t0 is the instant from which the tests count.
var t0 = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

func after(t require.TestingT, offset string) time.Time {
	d, err := time.ParseDuration(offset)
	require.NoError(t, err)
	return t0.Add(d)
}

// record returns the record of signals given as lines of "OFFSET EVENT
// key=value …", in which _ stands for a space in names. The event "page" is a
// page view; the key "late" marks a signal that came too late.
func record(t require.TestingT, id, lines string) *visitor.Record {
	return limited(t, id, lines, visitor.Limits{})
}

func limited(t require.TestingT, id, lines string, limits visitor.Limits) *visitor.Record {
	var sigs []signal.Signal
	for i, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		words := strings.Fields(line)
		s := signal.Signal{
			ID: fmt.Sprintf("s%d", i), At: after(t, words[0]).UnixMilli(), Pos: i, Device: "d",
			Name: strings.ReplaceAll(words[1], "_", " "),
		}
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
		s.Props.Sort()
		sigs = append(sigs, s)
	}
	out, _ := (&visitor.Record{ID: id}).With(limits, sigs...)
	return out
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

// options returns those of a query about the time until 30 days after t0.
func options(t require.TestingT, q Query) Options {
	if q.To.IsZero() {
		q.To = t0.Add(30 * 24 * time.Hour)
	}
	o, err := q.Options(t0)
	require.NoError(t, err)
	return o
}

func run(t *testing.T, q Query, all ...*visitor.Record) *Report {
	t.Helper()
	r, err := Run(t.Context(), records(all...), options(t, q))
	require.NoError(t, err)
	return r
}

// sequences reports lines of steps, separated by spaces.
func sequences(t *testing.T, q Query, lines string) *Report {
	t.Helper()
	r, err := RunSequences(t.Context(), strings.NewReader(lines), int64(len(lines)), options(t, q))
	require.NoError(t, err)
	return r
}

// data returns the path of a real input, or skips the test.
func data(t testing.TB, path ...string) string {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	return filepath.Join(append([]string{dir}, path...)...)
}

// vectors reads one of the reference vectors.
func vectors(t *testing.T, name string, into any) {
	t.Helper()
	src, err := os.ReadFile(data(t, "vectors", "stats_vectors.json"))
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(src, &all))
	require.NoError(t, json.Unmarshal(all[name], into))
}

func contextOf(t require.TestingT) context.Context {
	if t, ok := t.(interface{ Context() context.Context }); ok {
		return t.Context()
	}
	return context.Background()
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// msnbc returns the sequences of the visitors of msnbc.com on one day.
func msnbc(t testing.TB) io.Reader {
	t.Helper()
	archive, err := zip.OpenReader(data(t, "clickstream", "msnbc990928.zip"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, archive.Close()) })
	f, err := archive.Open("msnbc990928.seq")
	require.NoError(t, err)
	return f
}
