package visitortest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// identified says that the user is at an anonymous id.
func identified(anonymous, user string) visitor.Join {
	return visitor.Join{From: anonymous, To: user, As: visitor.Identified, By: signal.Signal{ID: "identify", At: Start}}
}

func join(t testing.TB, st visitor.Store, j visitor.Join, want visitor.Verdict) {
	t.Helper()
	v, err := st.Join(t.Context(), j)
	require.NoError(t, err)
	require.Equal(t, want.String(), v.String())
}

// requireSays fails unless st has, of the visitor with an id, the record that
// sigs make.
func (s suite) requireSays(t testing.TB, st visitor.Store, id string, sigs []signal.Signal) *visitor.Record {
	t.Helper()
	r := get(t, st, id)
	want := s.want(r.ID, sigs...)
	require.Equal(t, want.Signals, r.Signals)
	require.Equal(t, want.Summary.Events, r.Summary.Events)
	require.Equal(t, want.Summary.Dropped, r.Summary.Dropped)
	require.True(t, r.Has(id))
	return r
}

func (s suite) joins(t *testing.T) {
	st, phone, laptop := s.open(t), Signals("phone", 60), Signals("laptop", 60)
	for i := range 50 {
		s.update(t, st, "phone", phone[i:i+1], visitor.Counter{Key: "n", N: 1})
		s.update(t, st, "laptop", laptop[i:i+1], visitor.Counter{Key: "n", N: 1})
	}
	s.update(t, st, "else", laptop[:1])
	_, stamp, err := st.GetSince(t.Context(), "phone", 0)
	require.NoError(t, err)

	join(t, st, identified("phone", "ana"), visitor.Joined)
	r, _, err := st.GetSince(t.Context(), "phone", stamp)
	require.NoError(t, err)
	require.Equal(t, "ana", r.ID, "a joined record is never taken for the old one")
	join(t, st, identified("laptop", "ana"), visitor.Joined)
	join(t, st, identified("laptop", "ana"), visitor.Same)
	all := append(phone[:50:50], laptop[:50]...)
	for _, id := range []string{"phone", "laptop", "ana"} {
		s.requireSays(t, st, id, all)
	}
	r, stamp, err = st.GetSince(t.Context(), "laptop", 0)
	require.NoError(t, err)
	require.Equal(t, []string{"ana", "laptop", "phone"}, r.IDs())
	require.Equal(t, "laptop", r.StableID(), "of two that were known at the same instant, the first in the alphabet")

	for i := 50; i < 60; i++ {
		s.update(t, st, "phone", phone[i:i+1])
		s.update(t, st, "laptop", laptop[i:i+1])
		all = append(all, phone[i], laptop[i])
		r, now, err := st.GetSince(t.Context(), "laptop", stamp)
		require.NoError(t, err)
		require.NotNil(t, r)
		r, again, err := st.GetSince(t.Context(), "laptop", now)
		require.NoError(t, err)
		require.Equal(t, now == 0, r != nil, "a link has the stamp of where it leads")
		stamp = again
	}
	if s.opts.Reopen != nil {
		st = s.opts.Reopen(t, st)
	}
	s.requireSays(t, st, "phone", all)
	got := readAll(t, st)
	require.Len(t, got, 2, "All yields each visitor once")
	require.Equal(t, "ana", got[0].ID)
	require.Equal(t, int64(100), readCounters(t, st)[0].N)
}

func (s suite) joinsWhileAppending(t *testing.T) {
	const devices, signals = 5, 24
	st := s.open(t)
	var all []signal.Signal
	var wg sync.WaitGroup
	for d := range devices {
		id := fmt.Sprint("device", d)
		sigs := Signals(id, signals)
		all = append(all, sigs...)
		wg.Go(func() {
			for i := range sigs {
				if _, err := st.Update(t.Context(), id, s.take(sigs[i:i+1])); err != nil {
					t.Error(err)
				}
			}
		})
		for range 2 {
			wg.Go(func() {
				if _, err := st.Join(t.Context(), identified(id, "ana")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if _, err := st.Join(t.Context(), visitor.Join{From: id, To: fmt.Sprint("device", (d+1)%devices), As: visitor.Linked}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for d := range devices {
		s.requireSays(t, st, fmt.Sprint("device", d), all)
	}
	require.Len(t, readAll(t, st), 1)
}

func (s suite) usersOfOneDevice(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 30)
	s.update(t, st, "d", sigs[:10])
	join(t, st, identified("d", "ana"), visitor.Joined)
	s.update(t, st, "d", sigs[10:20])
	join(t, st, identified("d", "bob"), visitor.Switched)
	s.update(t, st, "d", sigs[20:])
	s.requireSays(t, st, "ana", sigs[:20])
	bob := s.requireSays(t, st, "bob", sigs[20:])
	require.Equal(t, "bob", bob.StableID(), "not that of ana, though the device is the same")
	require.Equal(t, "d", get(t, st, "ana").StableID())

	join(t, st, visitor.Join{From: "ana", To: "bob", As: visitor.Linked}, visitor.TwoUsers)
	requireBefore(t, st, "d", "ana")
	join(t, st, identified("d", "bob"), visitor.Same)
	requireBefore(t, st, "d", "ana")
	requireBefore(t, st, "bob", "")
	require.NoError(t, st.Erase(t.Context(), "ana"))
	requireBefore(t, st, "d", "")
	s.requireSays(t, st, "d", sigs[20:])
	require.NoError(t, st.Erase(t.Context(), "d"))
	require.Empty(t, readAll(t, st))
}

// requireBefore fails unless want stands for the visitor whose id was before; ""
// is nobody.
func requireBefore(t *testing.T, st visitor.Store, id, want string) {
	t.Helper()
	r, err := st.Before(t.Context(), id)
	require.NoError(t, err)
	if want == "" {
		require.Nil(t, r)
		return
	}
	require.Equal(t, want, r.ID)
}

func (s suite) refusals(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 2)
	for _, j := range []visitor.Join{identified("d", ""), identified("", "ana"), identified("d", "Guest"), identified("[object Object]", "ana")} {
		join(t, st, j, visitor.Implausible)
	}
	join(t, st, identified("d", "d"), visitor.Same)
	require.Empty(t, readAll(t, st), "what is refused stores nothing")
	for i := range visitor.MaxIDs - 1 {
		join(t, st, identified(fmt.Sprint("d", i), "everybody"), visitor.Joined)
	}
	s.update(t, st, "one more", sigs)
	join(t, st, identified("one more", "everybody"), visitor.Crowded)
	s.requireSays(t, st, "one more", sigs)
	require.Len(t, get(t, st, "everybody").IDs(), visitor.MaxIDs)
}

func (s suite) eraseJoined(t *testing.T) {
	st, sigs := s.open(t), Signals("d", 20)
	for _, id := range []string{"phone", "ana", "tablet"} {
		s.update(t, st, "phone", sigs[:10])
		s.update(t, st, "laptop", sigs[10:])
		s.update(t, st, "else", sigs[:1])
		join(t, st, identified("phone", "ana"), visitor.Joined)
		join(t, st, visitor.Join{From: "laptop", To: "tablet", As: visitor.Linked}, visitor.Joined)
		join(t, st, identified("tablet", "ana"), visitor.Joined)
		require.NoError(t, st.Erase(t.Context(), id))
		for _, gone := range []string{"phone", "laptop", "tablet", "ana"} {
			require.Equal(t, &visitor.Record{ID: gone}, get(t, st, gone))
		}
		require.Len(t, readAll(t, st), 1, "others stay")
	}
	s.update(t, st, "phone", sigs[:1])
	s.requireSays(t, st, "phone", sigs[:1])
	require.Equal(t, "phone", get(t, st, "phone").ID, "who comes again is new")
}
