package pebblestore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/idlist"
	"github.com/segue-dev/segue/internal/idlist/idlisttest"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

func TestLists(t *testing.T) {
	dirs := map[idlist.Store]string{}
	open := func(t testing.TB, dir string) idlist.Store {
		s, err := pebblestore.Open(dir, pebblestore.Options{})
		require.NoError(t, err)
		dirs[s] = dir
		return s
	}
	idlisttest.Run(t, func(t testing.TB) idlist.Store {
		s := open(t, t.TempDir())
		t.Cleanup(func() {
			if dirs[s] != "" {
				require.NoError(t, s.(*pebblestore.Store).Close())
			}
		})
		return s
	}, func(t testing.TB, s idlist.Store) idlist.Store {
		require.NoError(t, s.(*pebblestore.Store).Close())
		dir := dirs[s]
		dirs[s] = ""
		again := open(t, dir)
		t.Cleanup(func() { require.NoError(t, again.(*pebblestore.Store).Close()) })
		return again
	})
}
