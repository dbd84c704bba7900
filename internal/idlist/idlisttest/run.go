// Package idlisttest is the contract of idlist.Store as tests, for every engine.
package idlisttest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/idlist"
)

// Run tests stores. Open returns an empty one that lasts until the test ends;
// reopen closes a store and opens what it left behind, and is nil for a store
// that leaves nothing.
func Run(t *testing.T, open func(testing.TB) idlist.Store, reopen func(testing.TB, idlist.Store) idlist.Store) {
	t.Run("a list is what was put last", func(t *testing.T) { putLast(t, open(t), reopen) })
	t.Run("lists do not mix", func(t *testing.T) { doNotMix(t, open(t)) })
	t.Run("a deleted list is gone", func(t *testing.T) { deleted(t, open(t)) })
	t.Run("a long list comes back whole", func(t *testing.T) { long(t, open(t)) })
	t.Run("a key that cannot be one is refused", func(t *testing.T) {
		s := open(t)
		l := list(t, "a")
		require.Equal(t, fault.Invalid, fault.KindOf(s.PutList(t.Context(), "VIP customers", l)))
		_, err := s.List(t.Context(), "a\x00b")
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	})
}

func list(t testing.TB, ids ...string) *idlist.List {
	l, err := idlist.Of(ids...)
	require.NoError(t, err)
	return l
}

func putLast(t *testing.T, s idlist.Store, reopen func(testing.TB, idlist.Store) idlist.Store) {
	ctx := t.Context()
	require.NoError(t, s.PutList(ctx, "vip", list(t, "a", "b", "c")))
	l := list(t, "b", "d")
	require.NoError(t, s.PutList(ctx, "vip", l))
	if reopen != nil {
		s = reopen(t, s)
	}
	got, err := s.List(ctx, "vip")
	require.NoError(t, err)
	require.Equal(t, []string{"b", "d"}, slices.Collect(got.All()))
	versions, err := s.ListVersions(ctx)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"vip": l.Version()}, versions)
}

func doNotMix(t *testing.T, s idlist.Store) {
	ctx := t.Context()
	for _, key := range []string{"a", "a-", "a-b", "ab", "b"} {
		require.NoError(t, s.PutList(ctx, key, list(t, key)))
	}
	require.NoError(t, s.PutList(ctx, "empty", list(t)))
	require.NoError(t, s.PutList(ctx, "a", list(t, "other")))
	for key, id := range map[string]string{"a": "other", "a-": "a-", "a-b": "a-b", "ab": "ab", "b": "b"} {
		got, err := s.List(ctx, key)
		require.NoError(t, err)
		require.Equal(t, []string{id}, slices.Collect(got.All()), key)
	}
	got, err := s.List(ctx, "empty")
	require.NoError(t, err)
	require.Zero(t, got.Len())
	versions, err := s.ListVersions(ctx)
	require.NoError(t, err)
	require.Len(t, versions, 6)
}

func deleted(t *testing.T, s idlist.Store) {
	ctx := t.Context()
	_, err := s.List(ctx, "vip")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	require.Equal(t, fault.NotFound, fault.KindOf(s.DeleteList(ctx, "vip")))
	require.NoError(t, s.PutList(ctx, "vip", list(t, "a")))
	require.NoError(t, s.PutList(ctx, "vip-2", list(t, "a")))
	require.NoError(t, s.DeleteList(ctx, "vip"))
	_, err = s.List(ctx, "vip")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	versions, err := s.ListVersions(ctx)
	require.NoError(t, err)
	require.Len(t, versions, 1)
}

func long(t *testing.T, s idlist.Store) {
	ids := make([]string, 200_000)
	for i := range ids {
		ids[i] = fmt.Sprintf("visitor-%06d", i)
	}
	l := list(t, ids...)
	require.NoError(t, s.PutList(t.Context(), "long", l))
	got, err := s.List(t.Context(), "long")
	require.NoError(t, err)
	require.Equal(t, l, got)
}
