// Package snapshot is what is known of a visitor, signed, in a cookie: an edge
// that verifies it can serve the visitor without asking anybody.
//
// The rule it upholds: a snapshot says no more, and holds no longer, than the
// answer it was cut from. It is a compact JWS (RFC 7515) that any JOSE library,
// or WebCrypto alone, can verify.
package snapshot

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/segue-dev/segue/internal/resolve"
)

const (
	// target is from how many bytes on segments are dropped, all but the first: a
	// snapshot is sent with every request of the site.
	target = 300
	// bound is how many bytes it may have at all.
	bound = 1 << 10
	// revisionLength is how many bytes of the revision of the rules are told.
	revisionLength = 8
)

// A Snapshot is what is known of a visitor at an instant.
type Snapshot struct {
	Visitor  string
	Segments []string // keys, highest priority first
	Dropped  int      // segments of the least priority that are not in Segments
	Page     string   // entry id that Key is for; "" = the whole content
	Key      string
	Rules    string // how their revision begins
	Issued   time.Time
	Expires  time.Time
}

// claims are a Snapshot on the wire.
type claims struct {
	Sub string   `json:"sub"`
	Seg []string `json:"seg"`
	Cut int      `json:"cut,omitempty"`
	Pg  string   `json:"pg,omitempty"`
	Vk  string   `json:"vk"`
	Rv  string   `json:"rv"`
	Iat int64    `json:"iat"` // seconds
	Exp int64    `json:"exp"` // seconds
}

// Cut makes a snapshot of an answer, which holds for life at most.
func Cut(a *resolve.Answer, life time.Duration) Snapshot {
	s := Snapshot{
		Visitor: a.Visitor, Segments: a.Segments, Page: a.PageID, Key: a.Key, Rules: Rules(a.Revision.Rules),
		Issued: a.At, Expires: a.At.Add(life),
	}
	if !a.ValidUntil.IsZero() && a.ValidUntil.Before(s.Expires) {
		s.Expires = a.ValidUntil
	}
	return s
}

// Rules returns of a revision of the rules what snapshots tell of it.
func Rules(revision string) string { return revision[:min(len(revision), revisionLength)] }

// Life is how long s is good from its beginning on, in whole seconds.
func (s *Snapshot) Life() time.Duration {
	return time.Duration(s.Expires.Unix()-s.Issued.Unix()) * time.Second
}

// Sign returns s as a compact JWS. Segments that make it long are dropped, those
// of the least priority first, and counted; the first always stays. The error is
// for one that is too long for a cookie even so.
func (r *Ring) Sign(s Snapshot) (token string, dropped int, err error) {
	c := claims{
		Sub: s.Visitor, Seg: s.Segments, Cut: s.Dropped, Pg: s.Page, Vk: s.Key, Rv: s.Rules,
		Iat: s.Issued.Unix(), Exp: s.Expires.Unix(),
	}
	if c.Seg == nil {
		c.Seg = []string{}
	}
	payload, err := json.Marshal(c)
	for err == nil && r.length(payload) > target && len(c.Seg) > 1 {
		c.Seg, c.Cut = c.Seg[:len(c.Seg)-1], c.Cut+1
		payload, err = json.Marshal(c)
	}
	if err != nil {
		return "", 0, fmt.Errorf("snapshot: %w", err)
	}
	if n := r.length(payload); n > bound {
		return "", 0, fmt.Errorf("snapshot: has %d bytes, of which at most %d are fit for a cookie", n, bound)
	}
	signed, err := r.signer.Sign(payload)
	if err != nil {
		return "", 0, fmt.Errorf("snapshot: %w", err)
	}
	token, err = signed.CompactSerialize()
	return token, c.Cut, err
}

// length is that of the JWS of a payload.
func (r *Ring) length(payload []byte) int {
	return r.overhead + base64.RawURLEncoding.EncodedLen(len(payload))
}

// errInvalid is all that is told of a snapshot that is not good.
var errInvalid = errors.New("snapshot: not signed by us")

// Verify returns the snapshot in a JWS that was signed with a key of the ring, by
// the ring's algorithm, and has not expired.
func (r *Ring) Verify(token string, now time.Time) (Snapshot, error) {
	if len(token) > bound {
		return Snapshot{}, errInvalid
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{r.algorithm})
	if err != nil || len(jws.Signatures) != 1 {
		return Snapshot{}, errInvalid
	}
	k := r.find(jws.Signatures[0].Header.KeyID)
	if k == nil {
		return Snapshot{}, errInvalid
	}
	payload, err := jws.Verify(k.verify)
	if err != nil {
		return Snapshot{}, errInvalid
	}
	s, err := read(payload)
	if err == nil && !now.Before(s.Expires) {
		err = errors.New("snapshot: has expired")
	}
	return s, err
}

func read(payload []byte) (Snapshot, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Snapshot{}, errInvalid
	}
	return Snapshot{
		Visitor: c.Sub, Segments: c.Seg, Dropped: c.Cut, Page: c.Pg, Key: c.Vk, Rules: c.Rv,
		Issued: time.Unix(c.Iat, 0).UTC(), Expires: time.Unix(c.Exp, 0).UTC(),
	}, nil
}

// peek returns what a JWS claims that names the key we sign with. Whether it is
// true is not looked at, which is the costly part: whoever changes their own
// cookie gets no new one.
func (r *Ring) peek(token string) (s Snapshot, ok bool) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{r.algorithm})
	if len(token) > bound || err != nil || len(jws.Signatures) != 1 || jws.Signatures[0].Header.KeyID != r.keys[0].id {
		return s, false
	}
	s, err = read(jws.UnsafePayloadWithoutVerification())
	return s, err == nil
}
