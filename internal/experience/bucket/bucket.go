// Package bucket gives every visitor a fixed place in every experience.
//
// The rule it upholds: a place depends on the two ids alone, by the public
// hash of Contentful Personalization, so that its SDKs and previews, other
// nodes and other languages all find the same one. The vectors under testdata
// say the same in JSON.
package bucket

import (
	"math/bits"
	"unicode/utf16"
)

// Traffic returns the place of a visitor, from 0 to 1 inclusive, that says
// whether an experience takes them in: it does if its traffic is greater.
func Traffic(experience, stableID string) float64 {
	return place("traffic-", experience, stableID)
}

// Distribution returns the place of a visitor, from 0 to 1 inclusive, that
// says which variant of an experience they get. It is independent of Traffic.
func Distribution(experience, stableID string) float64 {
	return place("distribution-", experience, stableID)
}

// Holdout returns the place of a visitor, from 0 to 1 inclusive, that says whether
// they are held out of all experiences: they are if the holdout's share is
// greater. It is independent of all places in experiences.
func Holdout(stableID string) float64 { return place("holdout-", "all", stableID) }

func place(purpose, experience, stableID string) float64 {
	var d digest
	d.write(purpose)
	d.write(experience)
	d.write("-")
	d.write(stableID)
	return float64(d.sum()) / 0xffffffff
}

// The multipliers of MurmurHash3 x86 32.
const (
	c1 = 0xcc9e2d51
	c2 = 0x1b873593
)

// A digest is a MurmurHash3 x86 32 with seed 0 under way. It hashes text as
// JavaScript sees it, the low byte of each UTF-16 unit, which for ASCII is the
// standard hash of the bytes.
type digest struct {
	hash uint32
	tail uint32 // the bytes that do not fill a block yet, first byte lowest
	len  uint32 // in bytes
}

func (d *digest) write(text string) {
	for _, r := range text {
		if high, low := utf16.EncodeRune(r); r > 0xffff {
			d.writeByte(byte(high))
			d.writeByte(byte(low))
		} else {
			d.writeByte(byte(r))
		}
	}
}

func (d *digest) writeByte(b byte) {
	d.tail |= uint32(b) << (8 * (d.len % 4))
	d.len++
	if d.len%4 == 0 {
		d.hash ^= scramble(d.tail)
		d.hash = bits.RotateLeft32(d.hash, 13)*5 + 0xe6546b64
		d.tail = 0
	}
}

// sum returns the hash of what was written. An empty tail scrambles to 0.
func (d *digest) sum() uint32 {
	h := d.hash ^ scramble(d.tail) ^ d.len
	h = (h ^ h>>16) * 0x85ebca6b
	h = (h ^ h>>13) * 0xc2b2ae35
	return h ^ h>>16
}

func scramble(block uint32) uint32 {
	return bits.RotateLeft32(block*c1, 15) * c2
}
