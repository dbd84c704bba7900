package contentful

import (
	"context"
	"net/http"
	"strconv"

	"golang.org/x/time/rate"
)

// A pace keeps a client below the requests per second that the API allows. The
// nil pace knows no limit.
type pace struct{ limiter *rate.Limiter }

// newPace returns a pace for an API that allows perSecond requests until it says
// otherwise.
func newPace(perSecond int) *pace {
	return &pace{rate.NewLimiter(rate.Limit(perSecond), 1)}
}

// wait waits for the next request's turn.
func (p *pace) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	return p.limiter.Wait(ctx)
}

// learn takes the limit that the API tells with an answer.
func (p *pace) learn(h http.Header) {
	if p == nil {
		return
	}
	limit, err := strconv.Atoi(h.Get("X-Contentful-Ratelimit-Second-Limit"))
	if err != nil || limit <= 0 || rate.Limit(limit) == p.limiter.Limit() {
		return
	}
	p.limiter.SetLimit(rate.Limit(limit))
}
