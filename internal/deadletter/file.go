package deadletter

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A file is the pair of files that letters are in. It is opened when it is
// needed, and again when somebody has taken it away to mend it.
type file struct {
	dir  string
	half int64 // bytes of each of the two
	f    *os.File
	size int64
}

// append writes letters, and returns how many.
func (f *file) append(letters []letter) (n int, err error) {
	if len(letters) == 0 {
		return 0, nil
	}
	if err := f.ready(); err != nil {
		return 0, err
	}
	for n < len(letters) {
		if f.size > 0 && f.size+int64(len(letters[n])) > f.half {
			if err := f.rotate(); err != nil {
				return n, err
			}
		}
		end, size := f.fitting(letters[n:])
		if _, err := f.f.Write(bytes.Join(asBytes(letters[n:n+end]), nil)); err != nil {
			return n, errors.Join(err, f.close()) // opening it again mends what was written in part
		}
		n, f.size = n+end, f.size+size
	}
	return n, nil
}

// fitting returns how many letters still go into the file, at least one, and
// their bytes.
func (f *file) fitting(letters []letter) (n int, size int64) {
	for n < len(letters) && (n == 0 || f.size+size+int64(len(letters[n])) <= f.half) {
		size += int64(len(letters[n]))
		n++
	}
	return n, size
}

func asBytes(letters []letter) [][]byte {
	all := make([][]byte, len(letters))
	for i, l := range letters {
		all[i] = l
	}
	return all
}

// ready opens the file unless it is open and still in its place.
func (f *file) ready() error {
	path := filepath.Join(f.dir, Name)
	if f.f != nil {
		if there, err := os.Stat(path); err == nil {
			if mine, err := f.f.Stat(); err == nil && os.SameFile(mine, there) {
				return nil
			}
		}
		if err := f.close(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	size, err := mend(path)
	if err != nil {
		return err
	}
	if f.f, err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600); err != nil {
		f.f = nil
		return err
	}
	f.size = size
	return nil
}

// mend cuts off what follows the last whole line of the file at path, as a crash
// may leave it, and returns the size that the file then has.
func mend(path string) (size int64, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	chunk := make([]byte, 64<<10)
	for end := info.Size(); end > 0; {
		start := max(0, end-int64(len(chunk)))
		part := chunk[:end-start]
		if _, err := f.ReadAt(part, start); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			size = start + int64(i) + 1
			break
		}
		end = start
	}
	if size == info.Size() {
		return size, nil
	}
	return size, f.Truncate(size)
}

// rotate begins the file anew; what was in it is the older one from now on.
func (f *file) rotate() error {
	if err := f.close(); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(f.dir, Name), filepath.Join(f.dir, Older)); err != nil {
		return err
	}
	return f.ready()
}

func (f *file) close() error {
	if f.f == nil {
		return nil
	}
	err := f.f.Close()
	f.f, f.size = nil, 0
	return err
}
