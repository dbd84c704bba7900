package pebblestore_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

// openAt opens the store in dir until the test ends or reopen closes it.
func openAt(t testing.TB, dir string, opts pebblestore.Options) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(dir, opts)
	require.NoError(t, err)
	return s
}

// contract runs the suite on stores that at says where to open.
func contract(t *testing.T, opts pebblestore.Options, at func(testing.TB) (string, vfs.FS)) {
	type place struct {
		dir string
		fs  vfs.FS
	}
	places, closed := map[visitor.Store]place{}, map[visitor.Store]bool{}
	openPlace := func(t testing.TB, p place) visitor.Store {
		opts := opts
		opts.FS = p.fs
		s := openAt(t, p.dir, opts)
		places[s] = p
		t.Cleanup(func() {
			if !closed[s] {
				require.NoError(t, s.Close())
			}
		})
		return s
	}
	visitortest.Run(t, func(t testing.TB) visitor.Store {
		dir, fs := at(t)
		return openPlace(t, place{dir, fs})
	}, visitortest.Options{
		Limits: opts.Limits,
		Reopen: func(t testing.TB, s visitor.Store) visitor.Store {
			require.NoError(t, s.Close())
			closed[s] = true
			return openPlace(t, places[s])
		},
	})
}

func inMemory(testing.TB) (string, vfs.FS) { return "data", vfs.NewMem() }

func TestContractInMemory(t *testing.T) {
	contract(t, pebblestore.Options{}, inMemory)
}

func TestContractWithoutCache(t *testing.T) {
	contract(t, pebblestore.Options{CacheBytes: -1, CompactAfter: 3}, inMemory)
}

func TestContractWithLittleCache(t *testing.T) {
	contract(t, pebblestore.Options{CacheBytes: 32 << 10, CompactAfter: 3}, inMemory)
}

func TestContractWithLimits(t *testing.T) {
	contract(t, pebblestore.Options{CacheBytes: -1, Limits: visitor.Limits{MaxSignals: 100}}, inMemory)
}

func TestContractOnDisk(t *testing.T) {
	contract(t, pebblestore.Options{}, func(t testing.TB) (string, vfs.FS) { return t.TempDir(), nil })
}
