package pebblestore

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/segue-dev/segue/internal/fault"
)

// health knows whether the database works. It is Pebble's logger, since that
// is how Pebble says that it cannot go on.
type health struct {
	dir  string
	log  *slog.Logger
	once sync.Once
	// failed is closed when the database has failed for good, and cause says
	// why from then on.
	failed chan struct{}
	cause  *fault.Error
	// flushError is why memory cannot be written to tables at the moment.
	flushError atomic.Pointer[fault.Error]
}

func newHealth(dir string, log *slog.Logger) *health {
	return &health{dir: dir, log: log, failed: make(chan struct{})}
}

// fail records that the database has failed for good.
func (h *health) fail(cause error) {
	h.once.Do(func() {
		h.cause = fault.Wrap(fault.Unavailable, fmt.Errorf("store %s: %w", h.dir, cause),
			"the store has failed and takes nothing until Segue is started again")
		h.log.Error("store has failed", "dir", h.dir, "err", cause)
		close(h.failed)
	})
}

// check returns why nothing can be asked of the database, or nil.
func (h *health) check(ctx context.Context) error {
	select {
	case <-h.failed:
		return h.cause
	default:
		return ctx.Err()
	}
}

// flushes returns why memory cannot be written to tables, or nil.
func (h *health) flushes() error {
	if err := h.flushError.Load(); err != nil {
		return err
	}
	return nil
}

// guarded calls f in a goroutine of its own and waits until it returns or the
// database has failed: then f may never return, see stopOn.
func guarded[T any](h *health, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-h.failed:
		var none T
		return none, h.cause
	}
}

// Infof passes a message of Pebble on.
func (h *health) Infof(format string, args ...any) {
	if h.log.Enabled(context.Background(), slog.LevelDebug) {
		h.log.Debug("pebble", "message", fmt.Sprintf(format, args...))
	}
}

// Errorf passes a complaint of Pebble on.
func (h *health) Errorf(format string, args ...any) {
	h.log.Error("pebble", "message", fmt.Sprintf(format, args...))
}

// Fatalf is what Pebble calls when it cannot go on. It never returns, since
// Pebble would go on all the same and report success.
func (h *health) Fatalf(format string, args ...any) {
	h.stopOn(fmt.Errorf(format, args...))
}

// stopOn marks the database as failed and never returns, unless err is nil. The
// goroutine stays as it is, with the locks it holds, so that nothing more is
// written.
func (h *health) stopOn(err error) {
	if err == nil {
		return
	}
	h.fail(err)
	select {}
}

// emptyFlush is how Pebble reports a flush that had nothing to write: as an
// error, which it does not export.
const emptyFlush = "pebble: empty table"

// events keeps flushError up to date. Pebble tries again at once, so that the
// error is logged when it is new and not every time.
func (h *health) events() *pebble.EventListener {
	return &pebble.EventListener{
		FlushEnd: func(info pebble.FlushInfo) {
			if info.Err == nil || info.Err.Error() == emptyFlush {
				if h.flushError.Swap(nil) != nil {
					h.log.Info("store can write tables again", "dir", h.dir)
				}
				return
			}
			err := fault.Wrap(fault.Unavailable, fmt.Errorf("store %s: cannot write tables: %w", h.dir, info.Err),
				"the disk takes no more; make room, then send it again")
			if h.flushError.Swap(err) == nil {
				h.log.Error("store cannot write tables", "dir", h.dir, "err", info.Err)
			}
		},
		BackgroundError: func(err error) {
			if h.flushError.Load() == nil {
				h.Errorf("background error: %v", err)
			}
		},
		DataCorruption: func(info pebble.DataCorruptionInfo) { h.Errorf("%s", info) },
	}
}
