// Package archive keeps every signal in Parquet files, for questions that are
// asked outside: by ClickHouse, DuckDB, Spark, Trino or BigQuery.
//
// The rule it upholds: every signal that was acknowledged gets into the archive
// at least once, whether the process is killed or the archive cannot be reached.
// Signals are appended to a spool before they are acknowledged. When its hour is
// over, or the process begins again, a spool becomes one file of the archive,
// which appears whole or not at all, and then its manifest; the spool goes last.
//
// What comes twice is there twice: (visitor, message_id) tells it apart. A power
// cut, unlike a crash, may cost what the operating system had not written yet;
// the store has it.
//
// # Layout
//
//	signals/dt=2026-11-25/hr=07/part-NODE-N.parquet
//	manifests/dt=2026-11-25/hr=07/part-NODE-N.json
//
// Partitions are hours of arrival, UTC: a file is never changed once it is there.
// Row has the columns, and Manifest what is said of a file.
package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
)

// Options are the settings of an Archive.
type Options struct {
	Spool    string // directory for what is not in the archive yet
	Target   Target
	Node     string           // names this process among those that write to the target
	Now      func() time.Time // nil = time.Now
	Log      *slog.Logger
	Observer Observer // nil = none
}

// A Target takes files. It is safe to put a file again.
type Target interface {
	// Put stores the file at path under a name with slashes, whole or not at all.
	Put(ctx context.Context, name, path string) error
}

// An Observer is told how the archive fares, for metrics. It must not block.
type Observer interface {
	// Archived counts rows that are in the archive, and signals that could not be
	// spooled.
	Archived(rows, lost int)
	// Spooled is told how many spools wait.
	Spooled(waiting int)
}

// period is how long one spool takes signals.
const period = time.Hour

// An Archive takes signals in. It is safe for concurrent use.
type Archive struct {
	opts Options

	mu      sync.Mutex
	spool   *spool // that takes signals; nil = none yet
	made    int    // spools so far, to name the next
	failing bool

	sealed chan struct{} // has something when spools wait
}

var _ ingest.Archive = (*Archive)(nil)

// Open returns an Archive. What an earlier process has spooled waits to be moved:
// see Run. The caller closes it.
func Open(opts Options) (*Archive, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if err := os.MkdirAll(opts.Spool, 0o700); err != nil {
		return nil, fmt.Errorf("archive: spool: %w", err)
	}
	a := &Archive{opts: opts, sealed: make(chan struct{}, 1)}
	a.wake()
	return a, nil
}

// Keep implements ingest.Archive.
func (a *Archive) Keep(arrived ingest.Arrival) {
	frame := appendFrame(nil, arrived)
	err := a.append(frame)
	if err == nil {
		return
	}
	if a.opts.Observer != nil {
		a.opts.Observer.Archived(0, len(arrived.Signals))
	}
	a.mu.Lock()
	first := !a.failing
	a.failing = true
	a.mu.Unlock()
	if first {
		a.opts.Log.Error("signals cannot be spooled for the archive; they are in the store, and counted as lost to the archive", "dir", a.opts.Spool, "err", err)
	}
}

func (a *Archive) append(frame []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	hour := a.opts.Now().UTC().Truncate(period)
	if a.spool != nil && !a.spool.hour.Equal(hour) {
		if err := a.seal(); err != nil {
			return err
		}
	}
	if a.spool == nil {
		var err error
		if a.spool, err = a.newSpool(hour); err != nil {
			return err
		}
	}
	if err := a.spool.write(frame); err != nil {
		return err
	}
	a.failing = false
	return nil
}

// newSpool makes the next spool.
func (a *Archive) newSpool(hour time.Time) (*spool, error) {
	a.made++
	name := spoolName(hour, a.opts.Node, a.opts.Now(), a.made)
	return createSpool(filepath.Join(a.opts.Spool, name), hour)
}

// seal makes the spool wait to be moved. The caller holds mu.
func (a *Archive) seal() error {
	s := a.spool
	a.spool = nil
	err := s.seal()
	a.wake()
	return err
}

func (a *Archive) wake() {
	select {
	case a.sealed <- struct{}{}:
	default: // it is awake
	}
}

// Run moves spools to the target until ctx ends, and tries again what fails.
func (a *Archive) Run(ctx context.Context) error {
	const lookEvery = time.Minute
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
			a.sealIfOver()
		case <-a.sealed:
		}
		err := a.Move(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.opts.Log.Error("the archive cannot be written to; what is spooled waits", "err", err)
		}
		failing = err != nil
	}
}

// sealIfOver seals the spool if its hour is over.
func (a *Archive) sealIfOver() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spool == nil || a.spool.hour.Equal(a.opts.Now().UTC().Truncate(period)) {
		return
	}
	if err := a.seal(); err != nil {
		a.opts.Log.Error("a spool of the archive cannot be closed", "err", err)
	}
}

// Move moves the spools that wait to the target. Those that cannot be moved stay,
// and the error says why.
func (a *Archive) Move(ctx context.Context) error {
	waiting, err := a.waiting()
	if err != nil {
		return err
	}
	var errs []error
	for i, name := range waiting {
		if a.opts.Observer != nil {
			a.opts.Observer.Spooled(len(waiting) - i)
		}
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, err)...)
		}
		rows, err := a.move(ctx, name)
		if a.opts.Observer != nil && rows > 0 {
			a.opts.Observer.Archived(rows, 0)
		}
		errs = append(errs, err)
	}
	err = errors.Join(errs...)
	if a.opts.Observer != nil && err == nil {
		a.opts.Observer.Spooled(0)
	}
	return err
}

// waiting returns the names of the spools but the one that takes signals, the
// oldest first.
func (a *Archive) waiting() ([]string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	current := ""
	if a.spool != nil {
		current = filepath.Base(a.spool.path)
	}
	return spoolsIn(a.opts.Spool, current)
}

// Close seals the spool, so that the next process moves it.
func (a *Archive) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spool == nil {
		return nil
	}
	return a.seal()
}
