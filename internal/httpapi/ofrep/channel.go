package ofrep

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// A channel is the address of a visitor's event stream. Browsers open streams
// without headers, so it has to say all: the context that was evaluated, and
// that we have answered for it. It is sealed, since addresses get into logs, and
// the same for the same context within an hour, since it is part of what an
// answer's tag is about.
//
// A stream may be opened for one to two hours after the evaluation that offered
// it, and stays open for longer.
const (
	channelHours = 2
	// maxContext is the size in bytes of contexts from which on no stream is
	// offered: addresses must stay within what proxies let pass.
	maxContext = 2 << 10
)

// channels seals and opens channels.
type channels struct {
	aead  cipher.AEAD
	nonce []byte // key of nonces, which are a keyed hash of what is sealed
}

// newChannels derives all keys from one, of any length; none is a random one.
func newChannels(key []byte) *channels {
	if len(key) == 0 {
		key = make([]byte, 32)
		_, _ = rand.Read(key) // never fails
	}
	derive := func(use string) []byte {
		derived, err := hkdf.Key(sha256.New, key, nil, "segue ofrep channel "+use, 32)
		if err != nil {
			panic(err) // 32 bytes are no length to refuse
		}
		return derived
	}
	block, err := aes.NewCipher(derive("seal"))
	if err != nil {
		panic(err) // the key has a length of AES
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES is a cipher for it
	}
	return &channels{aead, derive("nonce")}
}

// seal returns the channel of a question, "" if its context is too long for one.
func (s *channels) seal(q *question, now time.Time) string {
	if len(q.context)+len(q.agent) > maxContext {
		return ""
	}
	expires := now.Unix()/3600 + channelHours
	plain := binary.AppendUvarint(nil, uint64(expires))
	plain = binary.AppendUvarint(plain, uint64(len(q.agent)))
	plain = append(append(plain, q.agent...), q.context...)
	hash := hmac.New(sha256.New, s.nonce)
	hash.Write(plain)
	nonce := hash.Sum(nil)[:s.aead.NonceSize()]
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, nil))
}

// unseal returns the question of a channel. The error is a fault.Unauthorized
// for what we did not seal, and for what is too old.
func (s *channels) unseal(channel string, now time.Time) (*question, error) {
	refused := fault.New(fault.Unauthorized, "channel: not one of ours, or too old: evaluate all flags again, which offers another")
	sealed, err := base64.RawURLEncoding.DecodeString(channel)
	if err != nil || len(sealed) < s.aead.NonceSize() {
		return nil, refused
	}
	plain, err := s.aead.Open(nil, sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():], nil)
	if err != nil {
		return nil, refused
	}
	expires, n := binary.Uvarint(plain)
	length, m := binary.Uvarint(plain[n:])
	if now.Unix()/3600 >= int64(expires) {
		return nil, refused
	}
	rest := plain[n+m:]
	return questionOf(rest[length:], string(rest[:length]))
}
