package pebblestore

import (
	"path"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A logFS keeps errors of the write-ahead log from Pebble, which would end the
// process at some of them: the goroutine that meets one tells health and goes
// no further.
type logFS struct {
	vfs.FS
	health *health
}

// Unwrap returns the file system below.
func (fs logFS) Unwrap() vfs.FS { return fs.FS }

// Create creates a file.
func (fs logFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.Create(name, category)
	return fs.guard(name, f, err)
}

// ReuseForWrite makes a new file of an old one.
func (fs logFS) ReuseForWrite(old, name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := fs.FS.ReuseForWrite(old, name, category)
	return fs.guard(name, f, err)
}

func (fs logFS) guard(name string, f vfs.File, err error) (vfs.File, error) {
	if path.Ext(name) != ".log" {
		return f, err
	}
	fs.health.stopOn(err)
	return logFile{f, fs.health}, nil
}

// A logFile is a file of the write-ahead log. None of its methods that write
// returns an error.
type logFile struct {
	vfs.File
	health *health
}

// Write writes p.
func (f logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.health.stopOn(err)
	return n, nil
}

// Sync makes durable what was written.
func (f logFile) Sync() error {
	f.health.stopOn(f.File.Sync())
	return nil
}

// SyncData makes durable what was written.
func (f logFile) SyncData() error {
	f.health.stopOn(f.File.SyncData())
	return nil
}

// SyncTo makes durable what was written up to an offset.
func (f logFile) SyncTo(length int64) (fullSync bool, err error) {
	fullSync, err = f.File.SyncTo(length)
	f.health.stopOn(err)
	return fullSync, nil
}

// Close closes the file.
func (f logFile) Close() error {
	f.health.stopOn(f.File.Close())
	return nil
}
