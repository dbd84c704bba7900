package visitortest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/visitor"
)

func (s suite) all(t *testing.T) {
	st := s.open(t)
	want := map[string]*visitor.Record{}
	for i := range 200 {
		id, sigs := fmt.Sprintf("%x", i*7919%1009), Signals("d", 1+i%3)
		for j := range sigs {
			s.update(t, st, id, sigs[j:j+1])
		}
		want[id] = s.want(id, sigs...)
	}
	got := readAll(t, st)
	require.Len(t, got, len(want))
	for i, id := range slices.Sorted(maps.Keys(want)) {
		require.Equal(t, want[id], got[i])
	}
}

func (s suite) allEnds(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 1)
	for _, id := range []string{"a", "b", "c"} {
		s.update(t, st, id, sigs, visitor.Counter{Key: id, N: 1})
	}
	for r, err := range st.All(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "a", r.ID)
		s.update(t, st, "d", sigs) // a loop may change what it goes through
		break
	}
	for c, err := range st.Counters(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "a", c.Key)
		break
	}
}

func (s suite) allMeanwhile(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 60)
	s.update(t, st, "v", sigs[:2])
	var stop atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		defer stop.Store(true)
		for i := 2; i < len(sigs); i += 2 {
			if _, err := st.Update(t.Context(), "v", s.take(sigs[i:i+2])); err != nil {
				t.Error(err)
			}
		}
	})
	for !stop.Load() {
		for _, r := range readAll(t, st) {
			n := len(r.Signals)
			require.Zero(t, n%2, "an update is seen by halves")
			require.Equal(t, s.want("v", sigs[:n]...), r)
		}
	}
	wg.Wait()
}

func (s suite) awkwardIDs(t *testing.T) {
	ids := []string{
		"a", "a/", "a/b", "a b", "a\x00", "a\x00b", "a\x00\x00", "a\x00\xff", "a\x00\x01", "a\x01", "a\xff", "ab", "b",
		"\x00", "\xff", "\xff\xff", "{a}", "a{b}c", "a:b", "*", "?", "ünïcødé", "日本", "\xc3", strings.Repeat("x", 200), strings.Repeat("x", 199),
	}
	st, sigs := s.open(t), Signals("d", len(ids)+3)
	for i, id := range ids {
		for j := range 3 {
			s.update(t, st, id, sigs[i+j:i+j+1])
		}
	}
	got := map[string]*visitor.Record{}
	for _, r := range readAll(t, st) {
		got[r.ID] = r
	}
	require.Len(t, got, len(ids))
	for i, id := range ids {
		require.Equal(t, s.want(id, sigs[i:i+3]...), get(t, st, id), "%q", id)
		require.Equal(t, s.want(id, sigs[i:i+3]...), got[id], "%q", id)
	}
	slices.Sort(ids)
	for i, r := range readAll(t, st) {
		require.Equal(t, ids[i], r.ID)
	}
}

func (s suite) manyAppends(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 1050)
	for rest := sigs; len(rest) > 0; {
		n := min(1+len(rest)%5, len(rest))
		s.update(t, st, "v", rest[:n])
		if len(rest)%4 == 0 {
			s.update(t, st, "v", rest[:n]) // again, which changes nothing
		}
		rest = rest[n:]
	}
	require.Equal(t, s.want("v", sigs...), get(t, st, "v"))
	if s.opts.Reopen != nil {
		require.Equal(t, s.want("v", sigs...), get(t, s.opts.Reopen(t, st), "v"))
	}
}
