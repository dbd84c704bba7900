// Package webhook takes the webhooks of a Contentful space: it tells the true
// ones from others, and hands on what they tell.
//
// The rule it upholds: a webhook is acknowledged when it is applied, or need not
// be, and only then: what failed is taken when it is sent again.
package webhook

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/patrickmn/go-cache"

	"github.com/segue-dev/segue/internal/contentful/signature"
	"github.com/segue-dev/segue/internal/fault"
)

// The headers of a webhook.
const (
	topicHeader       = "X-Contentful-Topic"
	idempotencyHeader = "X-Contentful-Idempotency-Key"
)

// remembered is how long a delivery is recognised. Contentful sends again what
// failed twice, half a minute apart each time.
const remembered = 10 * time.Minute

// The outcomes of a webhook. The first five are acknowledged, for there is
// nothing more to do about them.
const (
	Applied   = "applied"   // what it tells is served
	Noted     = "noted"     // the space is looked at now
	Old       = "old"       // what is served is as new
	Ignored   = "ignored"   // of another space, or of what is not mirrored
	Duplicate = "duplicate" // the same delivery was acknowledged before
	Refused   = "refused"   // not signed as it should be
	Malformed = "malformed"
	Failed    = "failed" // it could not be applied now
)

// A Mirror is a copy of a space that webhooks keep fresh.
type Mirror interface {
	// Apply takes in a true webhook: its topic, such as
	// ContentManagement.Entry.publish, and its body. It returns Applied, Noted,
	// Old or Ignored. The error is a fault.Invalid for a body that cannot be
	// understood, and any other if the webhook should be sent again. Webhooks
	// come twice, late and in any order.
	Apply(topic string, body []byte) (outcome string, err error)
}

// An Observer is told of every webhook, for metrics. The class of its topic and
// the outcome are names of our own.
type Observer interface {
	Webhook(class, outcome string)
}

// Options say which webhooks are taken.
type Options struct {
	// Secrets that webhooks may be signed with: several while one is exchanged.
	Secrets []string
	// Unsigned takes every webhook where there are no secrets. It is for
	// development only.
	Unsigned bool
	Observer Observer         // nil = nobody
	Now      func() time.Time // nil = the system's clock
}

// A Receiver takes webhooks. It is safe for concurrent use.
type Receiver struct {
	opts     Options
	mirrors  []Mirror
	verifier *signature.Verifier
	seen     *cache.Cache // idempotency keys and signatures of what was acknowledged
}

// New returns a receiver that hands webhooks to mirrors. The error is a
// fault.Invalid for bad secrets.
func New(opts Options, mirrors ...Mirror) (*Receiver, error) {
	verifier, err := signature.NewVerifier(opts.Secrets, 0)
	if err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Receiver{opts, mirrors, verifier, cache.New(remembered, remembered)}, nil
}

// Receive takes a webhook; body is all of its body. The error is a
// fault.Unauthorized or fault.Forbidden for one that may not be ours, a
// fault.Invalid for one that makes no sense, and a fault.Unavailable for one
// that should be sent again.
func (r *Receiver) Receive(req *http.Request, body []byte) (outcome string, err error) {
	outcome, err = r.receive(req, body)
	if r.opts.Observer != nil {
		r.opts.Observer.Webhook(class(req.Header.Get(topicHeader)), outcome)
	}
	return outcome, err
}

func (r *Receiver) receive(req *http.Request, body []byte) (string, error) {
	if err := r.verify(req, body); err != nil {
		return Refused, err
	}
	if r.known(req) {
		return Duplicate, nil
	}
	outcome, err := r.apply(req.Header.Get(topicHeader), body)
	if err == nil {
		r.remember(req)
	}
	return outcome, err
}

// verify returns an error unless Contentful signed the request just now. It
// says no more than that, since who asks may be anybody.
func (r *Receiver) verify(req *http.Request, body []byte) error {
	if len(r.opts.Secrets) == 0 {
		if r.opts.Unsigned {
			return nil
		}
		return fault.New(fault.Forbidden, "no webhook can be verified here: contentful.webhookSecrets is not set")
	}
	err := r.verifier.Verify(signature.Received(req, body), r.opts.Now())
	switch {
	case err == nil:
		return nil
	case errors.Is(err, signature.ErrUnsigned):
		return fault.New(fault.Unauthorized, "the webhook is not signed: enable request verification for the space's webhooks, or run `segue contentful install --webhook`")
	case errors.Is(err, signature.ErrExpired):
		return fault.New(fault.Forbidden, "the signature of the webhook is not of this moment")
	default:
		return fault.New(fault.Forbidden, "the signature of the webhook is not good")
	}
}

// known reports whether the same delivery was acknowledged already. A retry has
// the same idempotency key and a signature of its own; a replay has the same
// signature, whatever its idempotency key says.
func (r *Receiver) known(req *http.Request) bool {
	for _, mark := range marks(req) {
		if _, ok := r.seen.Get(mark); ok {
			return true
		}
	}
	return false
}

func (r *Receiver) remember(req *http.Request) {
	for _, mark := range marks(req) {
		r.seen.SetDefault(mark, struct{}{})
	}
}

// marks returns what tells a delivery from others.
func marks(req *http.Request) (marks []string) {
	for _, name := range []string{idempotencyHeader, signature.Header} {
		if value := req.Header.Get(name); value != "" {
			marks = append(marks, name+":"+value)
		}
	}
	return marks
}

// ranks are the outcomes of mirrors, the one that tells most first.
var ranks = []string{Applied, Noted, Old, Ignored}

// apply hands a webhook to all mirrors. The outcome is what it was to the one to
// which it meant most.
func (r *Receiver) apply(topic string, body []byte) (string, error) {
	rank := len(ranks) - 1
	for _, m := range r.mirrors {
		outcome, err := m.Apply(topic, body)
		if fault.KindOf(err) == fault.Invalid {
			return Malformed, err
		}
		if err != nil {
			return Failed, fault.Wrap(fault.Unavailable, err, "the webhook could not be applied now: send it again")
		}
		if i := slices.Index(ranks, outcome); i >= 0 {
			rank = min(rank, i)
		}
	}
	return ranks[rank], nil
}

// classes are the names of topics in metrics.
var classes = map[string]string{
	"Entry": "entry", "Asset": "asset", "ContentType": "content-type", "Locale": "locale", "Tag": "tag",
	"EnvironmentAlias": "alias",
}

// class returns the name of a topic in metrics, which is one of ours whatever
// was sent.
func class(topic string) string {
	entity, _, _ := strings.Cut(strings.TrimPrefix(topic, "ContentManagement."), ".")
	return cmp.Or(classes[entity], "other")
}
