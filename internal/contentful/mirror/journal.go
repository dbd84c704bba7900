package mirror

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/segue-dev/segue/internal/contentful/space"
)

// format begins a file; another form of it has another number.
const format = "segue-mirror-1\n"

// A header follows it and says what the file is a copy of.
type header struct {
	Space       string `json:"space"`
	Environment string `json:"environment"`
	Preview     bool   `json:"preview"`
}

// A record is one step of a file. Of those about one thing the last counts.
type record struct {
	op byte
	stamp
	id   string
	data []byte // what is kept of an entry or asset, a model as JSON, a token
}

// The ops. Those of pending changes are what a webhook said and nothing has
// confirmed.
const (
	opHeader   byte = 'H'
	opModel    byte = 'M'
	opToken    byte = 'T' // the file is whole up to here, and was true at its instant
	opEntry    byte = 'E'
	opAsset    byte = 'A'
	opNoEntry  byte = 'e'
	opNoAsset  byte = 'a'
	opPending  byte = 0x80 // added to the four above
	frameBytes      = 8    // length and checksum, before each record
)

// A journal is the file that keeps a replica: a record for each change. When
// most of it is old news it is written anew. What cannot be written is logged
// and given up: the file is a convenience, the space is the truth. The nil
// journal keeps nothing.
type journal struct {
	path   string
	file   *os.File
	buf    *bufio.Writer
	log    *slog.Logger
	size   int64
	failed bool
}

// create begins a new file beside path; keep puts it in its place.
func create(path string, h header, log *slog.Logger) *journal {
	if path == "" {
		return nil
	}
	j := &journal{path: path, log: log}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		j.fail(err)
		return j
	}
	file, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		j.fail(err)
		return j
	}
	j.file, j.buf = file, bufio.NewWriterSize(file, 1<<16)
	if _, err := j.buf.WriteString(format); err != nil {
		j.fail(err)
	}
	encoded, _ := json.Marshal(h) // strings always encode
	j.write(record{op: opHeader, data: encoded})
	return j
}

// keep makes the file the one at its path.
func (j *journal) keep() {
	if j == nil || j.failed {
		return
	}
	if err := errors.Join(j.buf.Flush(), j.file.Sync(), os.Rename(j.path+".new", j.path), syncDir(filepath.Dir(j.path))); err != nil {
		j.fail(err)
	}
}

// syncDir puts on disk that a file has another name.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// discard removes a file that was not kept.
func (j *journal) discard() {
	if j == nil || j.file == nil {
		return
	}
	if err := errors.Join(j.file.Close(), os.Remove(j.path+".new")); err != nil {
		j.log.Warn("a copy of the content that is not needed stays on disk", "file", j.path+".new", "err", err)
	}
}

// close puts on disk what was written and closes the file.
func (j *journal) close() {
	if j == nil || j.file == nil {
		return
	}
	j.sync()
	if err := j.file.Close(); err != nil && !j.failed {
		j.fail(err)
	}
}

// fail gives up writing.
func (j *journal) fail(err error) {
	j.failed = true
	j.log.Error("the copy of the content cannot be kept on disk; a restart will need Contentful", "file", j.path, "err", err)
}

// write appends a record.
func (j *journal) write(r record) {
	if j == nil || j.failed {
		return
	}
	head := make([]byte, frameBytes, 64+len(r.id))
	head = append(head, r.op)
	head = binary.AppendVarint(head, r.At)
	head = binary.AppendVarint(head, int64(r.Revision))
	head = binary.AppendUvarint(head, uint64(len(r.id)))
	head = append(head, r.id...)
	sum := crc32.Update(crc32.Checksum(head[frameBytes:], castagnoli), castagnoli, r.data)
	binary.BigEndian.PutUint32(head, uint32(len(head)-frameBytes+len(r.data))) //nolint:gosec // an item is far below 4 GiB
	binary.BigEndian.PutUint32(head[4:], sum)
	_, err := j.buf.Write(head)
	if err == nil {
		_, err = j.buf.Write(r.data)
	}
	if err != nil {
		j.fail(err)
	}
	j.size += int64(len(head) + len(r.data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// change appends what became of an entry or asset.
func (j *journal) change(c change, pending bool) {
	ops := map[space.Kind][2]byte{space.Entry: {opEntry, opNoEntry}, space.Asset: {opAsset, opNoAsset}}[c.Kind]
	op := ops[0]
	if c.gone() {
		op = ops[1]
	}
	if pending {
		op |= opPending
	}
	j.write(record{op, c.stamp, c.ID, c.raw})
}

// sync puts on disk what was written.
func (j *journal) sync() {
	if j == nil || j.failed {
		return
	}
	if err := errors.Join(j.buf.Flush(), j.file.Sync()); err != nil {
		j.fail(err)
	}
}

// flush hands what was written to the system, which a crash of ours cannot
// undo.
func (j *journal) flush() {
	if j == nil || j.failed {
		return
	}
	if err := j.buf.Flush(); err != nil {
		j.fail(err)
	}
}

// reopen goes on with the file at path after the last whole record, which ends
// at size.
func reopen(path string, size int64, log *slog.Logger) *journal {
	j := &journal{path: path, log: log, size: size}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		j.fail(err)
		return j
	}
	j.file, j.buf = file, bufio.NewWriterSize(file, 1<<16)
	info, err := file.Stat()
	if err == nil && info.Size() > size {
		log.Warn("the end of the copy of the content on disk is damaged and left out; Contentful is asked for what came after", "file", path, "bytes", info.Size()-size)
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		j.fail(err)
	}
	return j
}

// readFile hands each whole record of the file at path to take, whose memory it
// may keep, and returns where the last one ends. A file of another form, or of
// something else, is an error.
func readFile(path string, h header, take func(record) error) (size int64, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return replay(raw, h, take)
}

// replay hands each whole record of a file to take, and returns where the last
// one ends.
func replay(raw []byte, want header, take func(record) error) (size int64, err error) {
	if len(raw) < len(format) || string(raw[:len(format)]) != format {
		return 0, errors.New("it is of another form")
	}
	at := len(format)
	for {
		r, length, ok := next(raw[at:])
		if !ok {
			break
		}
		if size == 0 {
			var got header
			if r.op != opHeader || json.Unmarshal(r.data, &got) != nil || got != want {
				return 0, fmt.Errorf("it is a copy of %+v, and %+v is wanted", got, want)
			}
		} else if err := take(r); err != nil {
			return 0, fmt.Errorf("at byte %d: %w", at, err)
		}
		at += length
		size = int64(at)
	}
	if size == 0 {
		return 0, errors.New("it is cut short")
	}
	return size, nil
}

// next returns the record that raw begins with, and its length; ok is false if
// it is not whole.
func next(raw []byte) (r record, length int, ok bool) {
	if len(raw) < frameBytes {
		return record{}, 0, false
	}
	length = frameBytes + int(binary.BigEndian.Uint32(raw))
	if length > len(raw) || length <= frameBytes || crc32.Checksum(raw[frameBytes:length], castagnoli) != binary.BigEndian.Uint32(raw[4:]) {
		return record{}, 0, false
	}
	body := raw[frameBytes:length]
	r.op, body = body[0], body[1:]
	at, n := binary.Varint(body)
	revision, m := binary.Varint(body[max(n, 0):])
	if n <= 0 || m <= 0 {
		return record{}, 0, false
	}
	r.stamp, body = stamp{at, int(revision)}, body[n+m:]
	id, n := binary.Uvarint(body)
	if n <= 0 || id > uint64(len(body)-n) {
		return record{}, 0, false
	}
	r.id, r.data = string(body[n:n+int(id)]), body[n+int(id):]
	return r, length, true
}
