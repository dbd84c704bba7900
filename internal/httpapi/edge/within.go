package edge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/segue-dev/segue/internal/fault"
)

// within answers q before the budget is over. A resolver that does not heed its
// context is left behind.
func (a *api) within(ctx context.Context, q question) outcome {
	o := a.baseline(q)
	if q.unknown() {
		o.fallback = Bot
		return o
	}
	select {
	case a.slots <- struct{}{}:
	default:
		o.fallback, o.cause = Overloaded, errors.New("too many answers are under way")
		return o
	}
	ctx, cancel := context.WithTimeout(ctx, a.Budget)
	answered, baseline := make(chan outcome, 1), o
	go func() {
		defer func() { <-a.slots; cancel() }()
		answered <- a.resolve(ctx, q, baseline)
	}()
	select {
	case o = <-answered:
	case <-ctx.Done():
		select {
		case o = <-answered: // both at once
		default:
			o.fallback, o.cause = Timeout, fmt.Errorf("not answered within %s", a.Budget)
		}
	}
	return o
}

// baseline is what can be said without a visitor.
func (a *api) baseline(q question) (o outcome) {
	var err error
	if o.page, o.key, err = a.resolver.Baseline(q.Page, q.Locale); err == nil {
		o.locale = q.Locale
		return o
	}
	if q.named {
		o.fallback, o.cause = UnknownPage, err
	}
	if o.page, o.key, err = a.resolver.Baseline("", ""); err != nil {
		o.fallback, o.cause = reasonOf(err), err
	}
	return o
}

// resolve adds to o, the baseline, what q is answered.
func (a *api) resolve(ctx context.Context, q question, o outcome) (out outcome) {
	defer recovered(&out)
	out = o
	q.Page = o.page
	if o.page == "" {
		q.Locale = ""
	}
	got, err := a.resolver.Resolve(ctx, q.Request)
	if err != nil {
		out.fallback, out.cause = reasonOf(err), err
		return out
	}
	out.got, out.key = got, got.Key
	return out
}

func reasonOf(err error) Fallback {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Timeout
	case fault.KindOf(err) == fault.Unavailable:
		return Unavailable
	case fault.KindOf(err) == fault.Overloaded:
		return Overloaded
	default:
		return Failed
	}
}

// recovered turns a panic into an outcome. It is to be deferred.
func recovered(o *outcome) {
	if r := recover(); r != nil {
		o.got, o.fallback, o.cause = nil, Failed, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// remember completes the fallback o by what the visitor's cookie knows, as far as
// that is of the present rules. The key counts if it is for the page of o.
func (a *api) remember(req *http.Request, q *question, o *outcome) {
	if o.fallback == Bot {
		return
	}
	s, ok := a.Snapshots.Read(req, q.who.Visitor())
	if !ok || !a.resolver.Current(s.Page, q.Locale, s.Key, s.Rules) {
		return
	}
	o.known = &s
	if s.Page == o.page {
		o.key = s.Key
	}
}
