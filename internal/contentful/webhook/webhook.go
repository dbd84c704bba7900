// Package webhook takes the webhooks of a Contentful space: it tells the true
// ones from others, and hands on what they tell.
//
// The rule it upholds: an event is acknowledged when it is applied, or need not
// be, and only then: what failed is taken when it is sent again. Webhooks come
// at least once and in no order, so a Mirror must take an event twice, and late.
package webhook

import (
	"context"
	"errors"
	"net/http"
	"slices"
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

// The outcomes of a webhook. The first four are acknowledged, for there is
// nothing more to do about them.
const (
	Applied   = "applied"
	Duplicate = "duplicate" // had been applied before
	Ignored   = "ignored"   // of a topic that changes nothing here
	Elsewhere = "elsewhere" // of another space or environment
	Refused   = "refused"   // not signed as it should be
	Malformed = "malformed"
	Failed    = "failed" // it could not be applied now
)

// A Mirror is what events are applied to.
type Mirror interface {
	// Apply returns when what e tells is served, or will be without another
	// webhook. It may be called with an event twice, and with an older one after
	// a newer.
	Apply(ctx context.Context, e Event) error
}

// An Observer is told of every webhook, for metrics. The class of its topic and
// the outcome are names of our own.
type Observer interface {
	Webhook(class, outcome string)
}

// Options say which webhooks are taken.
type Options struct {
	// Secrets that webhooks may be signed with: several while one is exchanged.
	// With none every webhook is taken, which is for development only.
	Secrets []string
	Space   string
	// Environments are the names by which items of the environment may call it:
	// an alias and what it points to. Empty = any.
	Environments []string
	Observer     Observer         // nil = nobody
	Now          func() time.Time // nil = the system's clock
}

// A Receiver takes webhooks. It is safe for concurrent use.
type Receiver struct {
	opts     Options
	mirror   Mirror
	verifier *signature.Verifier
	seen     *cache.Cache // idempotency keys and signatures of what was acknowledged
}

// New returns a receiver that applies events to mirror. The error is a
// fault.Invalid for bad secrets.
func New(mirror Mirror, opts Options) (*Receiver, error) {
	verifier, err := signature.NewVerifier(opts.Secrets, 0)
	if err != nil {
		return nil, err
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Receiver{opts, mirror, verifier, cache.New(remembered, remembered)}, nil
}

// Receive takes a webhook; body is all of its body. The error is a
// fault.Unauthorized or fault.Forbidden for one that may not be ours, a
// fault.Invalid for one that makes no sense, and a fault.Unavailable for one
// that should be sent again.
func (r *Receiver) Receive(ctx context.Context, req *http.Request, body []byte) (outcome string, err error) {
	t := topicOf(req.Header.Get(topicHeader))
	outcome, err = r.receive(ctx, t, req, body)
	if r.opts.Observer != nil {
		r.opts.Observer.Webhook(t.class(), outcome)
	}
	return outcome, err
}

func (r *Receiver) receive(ctx context.Context, t topic, req *http.Request, body []byte) (string, error) {
	if err := r.verify(req, body); err != nil {
		return Refused, err
	}
	if r.known(req) {
		return Duplicate, nil
	}
	outcome, err := r.apply(ctx, t, body)
	if err == nil {
		r.remember(req)
	}
	return outcome, err
}

// verify returns an error unless Contentful signed the request just now. It
// says no more than that, since who asks may be anybody.
func (r *Receiver) verify(req *http.Request, body []byte) error {
	if len(r.opts.Secrets) == 0 {
		return nil
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

// apply hands the event on, if it is one for us.
func (r *Receiver) apply(ctx context.Context, t topic, body []byte) (string, error) {
	kind, ok := t.kind()
	if !ok {
		return Ignored, nil
	}
	event, sys, err := parse(kind, t, body)
	if err != nil {
		return Malformed, err
	}
	if !r.ours(event, sys) {
		return Elsewhere, nil
	}
	if err := r.mirror.Apply(ctx, event); err != nil {
		return Failed, fault.Wrap(fault.Unavailable, err, "the event could not be applied now: send it again")
	}
	return Applied, nil
}

// ours reports whether an event is of the space and environment. What it does
// not say is taken to be.
func (r *Receiver) ours(e Event, s sys) bool {
	if space := s.Space.Sys.ID; space != "" && r.opts.Space != "" && space != r.opts.Space {
		return false
	}
	environment := s.Environment.Sys.ID
	if e.Kind == Switched {
		environment = s.ID
	}
	return environment == "" || len(r.opts.Environments) == 0 || slices.Contains(r.opts.Environments, environment)
}
