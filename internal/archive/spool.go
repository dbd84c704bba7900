package archive

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/visitor"
)

// A spool is a file of frames: the length of a frame as four bytes, little-endian,
// and the frame. A frame that is cut off ends it: the process died writing it, so
// that it was not acknowledged.
type spool struct {
	path string
	hour time.Time
	file *os.File
}

const (
	spoolSuffix = ".spool"
	hourLayout  = "2006-01-02T15"
	// maxFrame bounds what a damaged length can ask for.
	maxFrame = 64 << 20
)

// spoolName names a spool by its hour, and so that no other one has the name.
func spoolName(hour time.Time, node string, now time.Time, n int) string {
	return fmt.Sprintf("%s_%s-%d-%d%s", hour.Format(hourLayout), node, now.UnixMilli(), n, spoolSuffix)
}

// partOf returns what a spool's name says: its hour, and the name of the part
// that becomes of it.
func partOf(name string) (hour time.Time, part string, err error) {
	stamp, rest, ok := strings.Cut(strings.TrimSuffix(name, spoolSuffix), "_")
	if ok {
		hour, err = time.Parse(hourLayout, stamp)
	}
	if !ok || err != nil {
		return hour, "", fmt.Errorf("archive: %s is no spool: move it elsewhere", name)
	}
	return hour, "part-" + rest, nil
}

func createSpool(path string, hour time.Time) (*spool, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return &spool{path, hour, file}, nil
}

// write appends a frame. After a failure the frame is cut off again, so that the
// next one can be read.
func (s *spool) write(frame []byte) error {
	size, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	whole := binary.LittleEndian.AppendUint32(make([]byte, 0, 4+len(frame)), uint32(len(frame)))
	if _, err := s.file.Write(append(whole, frame...)); err != nil {
		return errors.Join(err, s.file.Truncate(size))
	}
	return nil
}

// seal closes s when the disk has it.
func (s *spool) seal() error { return errors.Join(s.file.Sync(), s.file.Close()) }

// spoolsIn returns the names of the spools in a directory but one, the oldest
// first.
func spoolsIn(dir, but string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("archive: spool: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), spoolSuffix) && e.Name() != but {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// readSpool calls f for each frame of a spool.
func readSpool(path string, f func(ingest.Arrival) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	r := bufio.NewReader(file)
	var frame []byte
	for {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return unlessCutOff(err)
		}
		n := binary.LittleEndian.Uint32(size[:])
		if n > maxFrame {
			return fmt.Errorf("archive: %s is damaged: move it elsewhere", filepath.Base(path))
		}
		frame = slices.Grow(frame[:0], int(n))[:n]
		if _, err := io.ReadFull(r, frame); err != nil {
			return unlessCutOff(err)
		}
		arrived, err := readFrame(frame)
		if err != nil {
			return fmt.Errorf("archive: %s: %w", filepath.Base(path), err)
		}
		if err := f(arrived); err != nil {
			return err
		}
	}
}

func unlessCutOff(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// appendFrame appends what arrived to dst.
func appendFrame(dst []byte, a ingest.Arrival) []byte {
	dst = appendText(dst, a.Visitor)
	dst = appendText(dst, a.Source)
	dst = binary.AppendVarint(dst, a.ReceivedAt.UnixMilli())
	return visitor.AppendSignals(dst, a.Signals)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func readFrame(frame []byte) (a ingest.Arrival, err error) {
	cut := errors.New("a frame is damaged")
	text := func() string {
		n, size := binary.Uvarint(frame)
		if size <= 0 || n > uint64(len(frame)-size) {
			err = cut
			return ""
		}
		s := string(frame[size : size+int(n)])
		frame = frame[size+int(n):]
		return s
	}
	a.Visitor, a.Source = text(), text()
	ms, size := binary.Varint(frame)
	if size <= 0 {
		err = cut
	}
	if err != nil {
		return a, err
	}
	a.ReceivedAt = time.UnixMilli(ms).UTC()
	a.Signals, err = visitor.DecodeSignals(frame[size:])
	return a, err
}
