package emulator

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/fault"
)

// A persister keeps a store in a file. A nil one does nothing.
type persister struct {
	path  string
	dirty atomic.Bool
	wake  chan struct{}
}

func newPersister(path string) *persister {
	if path == "" {
		return nil
	}
	return &persister{path: path, wake: make(chan struct{}, 1)}
}

// touch says that there is something to write.
func (p *persister) touch() {
	if p == nil {
		return
	}
	p.dirty.Store(true)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// run writes after each change; changes meanwhile are written together.
func (p *persister) run(ctx context.Context, s *store.Store) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
			if err := p.save(s); err != nil {
				slog.ErrorContext(ctx, "what was written to the stand-in is not persisted", "err", err)
			}
		}
	}
}

// save writes the file if anything changed. The old one stays until the new one
// is whole.
func (p *persister) save(s *store.Store) (err error) {
	if p == nil || !p.dirty.Swap(false) {
		return nil
	}
	defer func() {
		if err != nil {
			p.dirty.Store(true)
			err = fault.Wrap(fault.Unavailable, err, "persist in %s", p.path)
		}
	}()
	f, err := os.CreateTemp(filepath.Dir(p.path), filepath.Base(p.path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it is gone when all went well
	w := bufio.NewWriter(f)
	if err := errors.Join(s.Save(w), w.Flush(), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), p.path)
}
