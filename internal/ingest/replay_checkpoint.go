package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/segue-dev/segue/internal/fault"
)

// headBytes is how much of a recording's beginning tells it from others.
const headBytes = 64 << 10

// A checkpoint is what a replay notes: of which recording, and how far.
type checkpoint struct {
	Recording string `json:"recording"`
	mark
}

// runResumable replays r from the checkpoint on, if there is one of r, and
// keeps it up to date.
func (p *replay) runResumable(ctx context.Context, r io.ReadSeeker) error {
	recording, err := p.fingerprint(r)
	if err != nil {
		return p.unreadable(err)
	}
	src, err := p.opts.open(r)
	if err != nil {
		return err
	}
	if c := readCheckpoint(p.opts.Checkpoint); c.Recording == recording {
		if _, err := r.Seek(c.Offset, io.SeekStart); err != nil {
			return p.unreadable(err)
		}
		src.resume(r, c.mark)
		p.report.Resumed = c.Offset
	}
	p.note = func(at mark) error {
		return writeCheckpoint(p.opts.Checkpoint, checkpoint{recording, at})
	}
	if err := p.take(ctx, src); err != nil {
		return err
	}
	if err := os.Remove(p.opts.Checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Unavailable, err, "checkpoint: cannot be removed, though the replay is complete")
	}
	return nil
}

// fingerprint returns a hash of the recording's size and beginning and of how
// it is read, and leaves r at its beginning.
func (p *replay) fingerprint(r io.ReadSeeker) (string, error) {
	size, err := r.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.CopyN(h, r, headBytes); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	how, err := json.Marshal(struct {
		Size    int64
		Mapping *Mapping
	}{size, p.opts.Mapping})
	if err != nil {
		return "", err
	}
	h.Write(how)
	_, err = r.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}

// readCheckpoint returns the zero checkpoint if there is none that can be
// read: replaying from the beginning is slow, never wrong.
func readCheckpoint(path string) checkpoint {
	var c checkpoint
	if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, &c) != nil {
		return checkpoint{}
	}
	return c
}

// writeCheckpoint replaces the file at path as a whole.
func writeCheckpoint(path string, c checkpoint) error {
	b, err := json.Marshal(c)
	if err == nil {
		err = os.WriteFile(path+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fault.Wrap(fault.Unavailable, err, "checkpoint: cannot be written")
	}
	return nil
}
