package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/segue-dev/segue/internal/ingest"
)

// rowGroup is how many rows are held in memory and written together.
const rowGroup = 50_000

// A Manifest says what is in a file, as JSON beside it. A file without one may
// not be whole in a target that is no file system.
type Manifest struct {
	File        string    `json:"file"`
	Rows        int       `json:"rows"`
	Bytes       int64     `json:"bytes"`
	SHA256      string    `json:"sha256"`
	FirstAt     time.Time `json:"firstAt"` // of the signals' own times
	LastAt      time.Time `json:"lastAt"`
	Format      int       `json:"format"` // of Row; it changes when a column does
	GeneratedBy string    `json:"generatedBy"`
}

const (
	format    = 1
	generator = "segue"
)

// move makes a file of a spool, and returns how many rows it has. The spool goes
// when the target has file and manifest.
func (a *Archive) move(ctx context.Context, name string) (rows int, err error) {
	hour, part, err := partOf(name)
	if err != nil {
		return 0, err
	}
	partition := hour.Format("dt=2006-01-02/hr=15")
	from := filepath.Join(a.opts.Spool, name)
	file := path.Join("signals", partition, part+".parquet")
	made := from + ".parquet"
	manifest, err := convert(from, made)
	defer func() { _ = os.Remove(made) }() // a left one is made anew
	if err != nil {
		return 0, err
	}
	if manifest.Rows == 0 {
		return 0, os.Remove(from)
	}
	manifest.File = file
	if err := a.opts.Target.Put(ctx, file, made); err != nil {
		return 0, err
	}
	if err := a.putManifest(ctx, path.Join("manifests", partition, part+".json"), from, manifest); err != nil {
		return 0, err
	}
	return manifest.Rows, os.Remove(from)
}

func (a *Archive) putManifest(ctx context.Context, name, from string, m Manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	made := from + ".json"
	defer func() { _ = os.Remove(made) }()
	if err := os.WriteFile(made, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return a.opts.Target.Put(ctx, name, made)
}

// convert writes the Parquet file of a spool.
func convert(from, to string) (m Manifest, err error) {
	out, err := os.Create(to)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sum := &counted{out: out, hash: sha256.New()}
	w := parquet.NewGenericWriter[Row](sum, parquet.Compression(&zstd.Codec{}), parquet.CreatedBy(generator, "", ""))
	pending := 0
	err = readSpool(from, func(arrived ingest.Arrival) error {
		rows, err := rowsOf(arrived)
		if err != nil {
			return err
		}
		for i := range rows {
			m.seen(rows[i].At)
		}
		if _, err := w.Write(rows); err != nil {
			return err
		}
		m.Rows += len(rows)
		if pending += len(rows); pending >= rowGroup {
			pending = 0
			return w.Flush()
		}
		return nil
	})
	if err = errors.Join(err, w.Close()); err != nil {
		return m, fmt.Errorf("archive: %s: %w", filepath.Base(to), err)
	}
	m.Bytes, m.SHA256 = sum.n, hex.EncodeToString(sum.hash.Sum(nil))
	m.Format, m.GeneratedBy = format, generator
	return m, out.Sync()
}

func (m *Manifest) seen(at time.Time) {
	if m.FirstAt.IsZero() || at.Before(m.FirstAt) {
		m.FirstAt = at
	}
	if at.After(m.LastAt) {
		m.LastAt = at
	}
}

// counted counts and sums up what is written.
type counted struct {
	out  io.Writer
	hash hash.Hash
	n    int64
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.out.Write(b)
	c.n += int64(n)
	_, _ = c.hash.Write(b[:n]) // never fails
	return n, err
}
