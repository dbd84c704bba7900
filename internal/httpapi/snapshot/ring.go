package snapshot

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// The algorithms that snapshots may be signed by.
const (
	EdDSA = string(jose.EdDSA) // edges get the public key only
	HS256 = string(jose.HS256) // shorter; edges share the secret
)

// MaxKeys is how many keys may be live: one, and the next while it is exchanged.
const MaxKeys = 2

// A Ring is the keys that snapshots are signed with. It is safe for concurrent
// use.
type Ring struct {
	algorithm jose.SignatureAlgorithm
	keys      []key // the first signs
	signer    jose.Signer
	overhead  int // bytes of a JWS besides its payload
}

type key struct {
	id           string
	sign, verify any // as go-jose wants them
}

// NewRing makes a ring of secrets, each 32 bytes in base64; the first signs, and
// all verify. The keys' ids are made of the keys, so that they need no care.
func NewRing(algorithm string, secrets []string) (*Ring, error) {
	if len(secrets) == 0 || len(secrets) > MaxKeys {
		return nil, fmt.Errorf("there must be one key, or %d while it is exchanged; there are %d", MaxKeys, len(secrets))
	}
	r := &Ring{algorithm: jose.SignatureAlgorithm(algorithm)}
	for i, secret := range secrets {
		raw, err := decodeSecret(secret)
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
		k, err := r.newKey(raw)
		if err != nil {
			return nil, err
		}
		if r.find(k.id) != nil {
			return nil, fmt.Errorf("key %d: the same as key 1", i+1)
		}
		r.keys = append(r.keys, k)
	}
	return r, r.prepare()
}

// secretBytes is the size of a secret, which is also the seed of an Ed25519 key.
const secretBytes = 32

// NewSecret makes a secret for NewRing.
func NewSecret() string {
	raw := make([]byte, secretBytes)
	_, _ = rand.Read(raw) // never fails
	return base64.StdEncoding.EncodeToString(raw)
}

// decodeSecret reads base64 of either alphabet, padded or not.
func decodeSecret(secret string) ([]byte, error) {
	plain := strings.NewReplacer("-", "+", "_", "/", "=", "").Replace(strings.TrimSpace(secret))
	raw, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil || len(raw) != secretBytes {
		return nil, fmt.Errorf("not %d bytes in base64: make one by `openssl rand -base64 %d`", secretBytes, secretBytes)
	}
	return raw, nil
}

func (r *Ring) newKey(secret []byte) (key, error) {
	switch string(r.algorithm) {
	case EdDSA:
		private := ed25519.NewKeyFromSeed(secret)
		public := private.Public().(ed25519.PublicKey)
		return key{idOf(public), private, public}, nil
	case HS256:
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte("segue key id"))
		return key{idOf(mac.Sum(nil)), secret, secret}, nil
	default:
		return key{}, fmt.Errorf("algorithm %q is neither %s nor %s", r.algorithm, EdDSA, HS256)
	}
}

// idOf makes the id of a key of what may be known of it. It tells apart the few
// keys that there ever are, in few bytes.
func idOf(known []byte) string {
	sum := sha256.Sum256(known)
	return base64.RawURLEncoding.EncodeToString(sum[:3])
}

func (r *Ring) prepare() error {
	var err error
	first := jose.SigningKey{Algorithm: r.algorithm, Key: r.keys[0].sign}
	if r.signer, err = jose.NewSigner(first, new(jose.SignerOptions).WithHeader("kid", r.keys[0].id)); err != nil {
		return fmt.Errorf("sign with key 1: %w", err)
	}
	signed, err := r.signer.Sign(nil)
	if err != nil {
		return fmt.Errorf("sign with key 1: %w", err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		return fmt.Errorf("sign with key 1: %w", err)
	}
	r.overhead = len(compact)
	return nil
}

func (r *Ring) find(id string) *key {
	for i := range r.keys {
		if r.keys[i].id == id {
			return &r.keys[i]
		}
	}
	return nil
}

// JWKS returns the public keys as a JWK set (RFC 7517). It has no others: that of
// HS256 is empty. A nil ring has none.
func (r *Ring) JWKS() ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	if r != nil && string(r.algorithm) == EdDSA {
		for _, k := range r.keys {
			public, ok := k.verify.(ed25519.PublicKey)
			if !ok {
				return nil, errors.New("snapshot: a key that is not public")
			}
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: public, KeyID: k.id, Algorithm: EdDSA, Use: "sig"})
		}
	}
	return json.Marshal(set)
}
