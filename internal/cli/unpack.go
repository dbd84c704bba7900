package cli

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// unpacked returns the content of a file, which may be packed by gzip or be the
// one file of a zip archive, and its size, -1 if nobody knows it. What other
// systems leave in archives beside it is passed over.
func unpacked(f *os.File) (io.Reader, int64, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	src := bufio.NewReader(f)
	magic, err := src.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	switch {
	case strings.HasPrefix(string(magic), "\x1f\x8b"):
		r, err := gzip.NewReader(src)
		return r, -1, err
	case string(magic) == "PK\x03\x04":
		return onlyFile(f, info.Size())
	default:
		return src, info.Size(), nil
	}
}

func onlyFile(f *os.File, size int64) (io.Reader, int64, error) {
	archive, err := zip.NewReader(f, size)
	if err != nil {
		return nil, 0, err
	}
	var only *zip.File
	for _, entry := range archive.File {
		if entry.FileInfo().IsDir() || strings.HasPrefix(entry.Name, "__MACOSX/") {
			continue
		}
		if only != nil {
			return nil, 0, fmt.Errorf("the archive holds %s and %s: unpack the one that is meant", only.Name, entry.Name)
		}
		only = entry
	}
	if only == nil {
		return nil, 0, errors.New("the archive holds no file")
	}
	r, err := only.Open()
	return r, int64(only.UncompressedSize64), err
}
