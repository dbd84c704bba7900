package visitor

import (
	"encoding/binary"
	"hash/crc32"
)

// The versions let the tests build blobs of their own.
const (
	RecordVersion  = recordVersion
	RecordVersion1 = recordVersion1
	RecordVersion2 = recordVersion2
	SignalsVersion = signalsVersion
	ChangeVersion  = changeVersion
)

// Seal returns body as a blob of version with the right checksum.
func Seal(version byte, body []byte) []byte {
	b := append([]byte{version}, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// Linked returns r as a link to another id, which keeps what it had: further
// ids, a note, a token and a claim.
func (r *Record) Linked() *Record {
	return r.altered(func(r *Record) {
		r.Identity = Identity{
			Into: "user-0", Known: true, Others: []string{"anon-0", "anon-2"}, Joining: []Joiner{{ID: "anon-3", Token: 1<<64 - 1}}, token: 1 << 40,
		}
		r.Summary.stable = claim{"anon-0", assertion{At: r.Summary.FirstSeen + 1, Pos: 2, By: "identify-1"}}
	})
}

// Token returns that of the Joiner by which a link came about.
func (r *Record) Token() uint64 { return r.token }

// Union returns r with all that is remembered of o.
func (r *Record) Union(lim Limits, o *Record) *Record { return r.union(lim, o) }

// WithoutStreams returns r without what is left of sessions.
func (r *Record) WithoutStreams() *Record {
	return r.altered(func(r *Record) { r.Summary.Streams, r.Summary.OtherSessions = nil, 0 })
}

// Unlinked returns r as if it had one id.
func (r *Record) Unlinked() *Record {
	return r.altered(func(r *Record) { r.Identity = Identity{} })
}

// Claim returns the id that a signal claims for r; "" if none does.
func (r *Record) Claim() string { return r.Summary.stable.ID }
