package visitor

import (
	"encoding/binary"
	"hash/crc32"
)

// The versions let the tests build blobs of their own.
const (
	RecordVersion  = recordVersion
	RecordVersion1 = recordVersion1
	SignalsVersion = signalsVersion
)

// Seal returns body as a blob of version with the right checksum.
func Seal(version byte, body []byte) []byte {
	b := append([]byte{version}, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}
