package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/ingest"
)

// A counting is how signals arrive, kept in a file beside the store: what it
// says is for people, so a minute of it may be lost.
type counting struct {
	*audit.Arrivals
	path string // "" = it is not kept
	log  *slog.Logger
}

// countEvery is how often it is saved.
const countEvery = time.Minute

// openCounting goes on counting from what is kept.
func openCounting(cfg config.Config, next ingest.Observer, log *slog.Logger) *counting {
	c := &counting{path: countingFile(cfg), log: log}
	saved, err := readCounting(c.path)
	if err == nil {
		c.Arrivals, err = audit.NewArrivals(time.Now, next, saved)
	} else {
		c.Arrivals, _ = audit.NewArrivals(time.Now, next, nil) // nothing to be misread
	}
	if err != nil {
		log.Warn("what was counted of arrivals is lost: counting anew", "file", c.path, "err", err)
	}
	return c
}

// countingFile returns where arrivals at a store are counted; "" if nowhere.
func countingFile(cfg config.Config) string {
	if scheme, dir := config.Scheme(cfg.Store); scheme == "pebble" {
		return filepath.Join(dir, "arrivals.json")
	}
	return ""
}

// readCounting returns what was saved; nil if nothing was.
func readCounting(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	saved, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return saved, err
}

// Counted returns what a server has counted of arrivals at the store that cfg
// names; nil if none has.
func Counted(cfg config.Config) (*audit.Counted, error) {
	saved, err := readCounting(countingFile(cfg))
	if err != nil || saved == nil {
		return nil, err
	}
	a, err := audit.NewArrivals(time.Now, nil, saved)
	if err != nil {
		return nil, fmt.Errorf("%s: cannot be read, remove it: %w", countingFile(cfg), err)
	}
	return a.Counted(), nil
}

// run saves every so often until ctx ends.
func (c *counting) run(ctx context.Context) error {
	for pause(ctx, countEvery) == nil {
		c.save()
	}
	return nil
}

// save writes the file, and then puts it in the place of the one before.
func (c *counting) save() {
	if c.path == "" {
		return
	}
	raw, err := c.Save()
	if err == nil {
		err = os.WriteFile(c.path+".new", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(c.path+".new", c.path)
	}
	if err != nil {
		c.log.Warn("what was counted of arrivals cannot be kept", "err", err)
	}
}
