package visitortest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/visitor"
)

func (s suite) erase(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 30)
	for i := range sigs { // many times, so that a record has parts
		s.update(t, st, "v", sigs[i:i+1], visitor.Counter{Key: "n", N: 1})
	}
	s.update(t, st, "v2", sigs)
	_, stamp, err := st.GetSince(t.Context(), "v", 0)
	require.NoError(t, err)

	for range 2 {
		require.NoError(t, st.Erase(t.Context(), "v"))
		rec, _, err := st.GetSince(t.Context(), "v", stamp)
		require.NoError(t, err)
		require.Equal(t, &visitor.Record{ID: "v"}, rec)
	}
	require.Equal(t, []*visitor.Record{s.want("v2", sigs...)}, readAll(t, st))
	require.Equal(t, []visitor.Counter{{Key: "n", N: 30}}, readCounters(t, st))
	if s.opts.Reopen != nil {
		st = s.opts.Reopen(t, st)
		require.Equal(t, &visitor.Record{ID: "v"}, get(t, st, "v"))
	}
	s.update(t, st, "v", sigs[:1])
	require.Equal(t, s.want("v", sigs[0]), get(t, st, "v"), "who comes again is new")
	require.NoError(t, st.Erase(t.Context(), "nobody"))
}

func (s suite) whole(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 40)
	s.update(t, st, "v", sigs[:30])
	s.update(t, st, "v", sigs[30:32])
	want := s.want("v", sigs[32:]...)
	for range 2 {
		r, err := st.Update(t.Context(), "v", func(*visitor.Record) (visitor.Change, error) {
			return visitor.Change{Next: want, Whole: true, Counters: []visitor.Counter{{Key: "n", N: 1}}}, nil
		})
		require.NoError(t, err)
		require.Equal(t, want, r)
		require.Equal(t, want, get(t, st, "v"))
	}
	require.Equal(t, []visitor.Counter{{Key: "n", N: 2}}, readCounters(t, st))
	if s.opts.Reopen != nil {
		require.Equal(t, want, get(t, s.opts.Reopen(t, st), "v"))
	}
}
