// Package faults makes the Contentful stand-in misbehave as Contentful can:
// rate limits, errors, latency, time-outs, broken answers, forgotten sync
// tokens, and webhooks that are lost, come twice or in another order.
//
// Faults are added and cleared by Go, or over HTTP by [Set.ServeHTTP]:
//
//	GET    the faults there are, with how often each struck
//	POST   one Fault as JSON; adds it
//	DELETE clears all
package faults

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
	"github.com/segue-dev/segue/internal/fault"
)

// A Kind is what goes wrong.
type Kind string

// The kinds.
const (
	RateLimit    Kind = "rate-limit"    // 429 with the time to wait
	Status       Kind = "status"        // the answer is an error of that status
	Latency      Kind = "latency"       // the answer comes late
	Hang         Kind = "hang"          // no answer, until the client gives up
	Drop         Kind = "drop"          // the connection is closed
	Truncate     Kind = "truncate"      // half of the answer, then the connection is closed
	TooLarge     Kind = "too-large"     // 400, since the answer would be over 7 MB
	ExpiredToken Kind = "expired-token" // the sync token is not known any more

	LoseWebhook      Kind = "lose-webhook"
	DuplicateWebhook Kind = "duplicate-webhook"
	ReorderWebhook   Kind = "reorder-webhook" // it comes after the next one
)

var kinds = []Kind{RateLimit, Status, Latency, Hang, Drop, Truncate, TooLarge, ExpiredToken, LoseWebhook, DuplicateWebhook, ReorderWebhook}

// A Fault is something that goes wrong with requests that match it, or with
// webhooks whose topic does.
type Fault struct {
	Kind Kind   `json:"kind"`
	API  string `json:"api,omitempty"` // cda, cpa, cma or upload; "" = all
	// Match is a regular expression that the path with the query, or the topic
	// of a webhook, matches somewhere; "" = all do.
	Match string `json:"match,omitempty"`
	Skip  int    `json:"skip,omitempty"`  // how many requests go well first
	Times int    `json:"times,omitempty"` // how many go wrong; 0 = all, until cleared

	Status  int `json:"status,omitempty"`     // of Status; 0 = 503
	Millis  int `json:"millis,omitempty"`     // of Latency
	Reset   int `json:"reset,omitempty"`      // seconds to wait, of RateLimit; 0 = 1
	AboveOf int `json:"limitAbove,omitempty"` // of TooLarge: pages of up to so many items are answered
}

// A Set is the faults there are, and the rates that are allowed. Its zero value
// has none. It is safe for concurrent use.
type Set struct {
	// Now is the clock of the rates; nil = time.Now.
	Now func() time.Time

	mu     sync.Mutex
	faults []*live
	rates  map[string]*rate
}

// live is a fault with how often it was met.
type live struct {
	Fault
	Met    int `json:"met"` // requests that match
	Struck int `json:"struck"`
	match  *regexp.Regexp
}

// rate counts the requests of the current second.
type rate struct {
	limit, used int
	second      int64
}

// Add adds a fault. The error is a fault.Invalid.
func (s *Set) Add(f Fault) error {
	if !slices.Contains(kinds, f.Kind) {
		return fault.New(fault.Invalid, "kind: %q is none of %v", f.Kind, kinds)
	}
	match, err := regexp.Compile(f.Match)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "match: not a regular expression")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &live{Fault: f, match: match})
	return nil
}

// Clear takes all faults away. Rates stay.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Limit allows an API so many requests a second; 0 = any number.
func (s *Set) Limit(api string, perSecond int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rates == nil {
		s.rates = map[string]*rate{}
	}
	s.rates[api] = &rate{limit: perSecond}
}

// allow counts a request and reports whether the rate of the API allows it.
func (s *Set) allow(api string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rates[api]
	if r == nil || r.limit == 0 {
		return true
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	if second := now().Unix(); second != r.second {
		r.second, r.used = second, 0
	}
	r.used++
	return r.used <= r.limit
}

// strike returns the faults that a request or webhook meets, of which ok picks
// the kinds.
func (s *Set) strike(api, subject string, ok func(Fault) bool) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var met []Fault
	for _, f := range s.faults {
		if !ok(f.Fault) || f.API != "" && api != f.API || !f.match.MatchString(subject) {
			continue
		}
		f.Met++
		if f.Met > f.Skip && (f.Times == 0 || f.Struck < f.Times) {
			f.Struck++
			met = append(met, f.Fault)
		}
	}
	return met
}

func ofWebhooks(f Fault) bool {
	return f.Kind == LoseWebhook || f.Kind == DuplicateWebhook || f.Kind == ReorderWebhook
}

// Webhook says what becomes of a call with a topic, such as Entry.publish.
func (s *Set) Webhook(topic string) webhook.Fate {
	for _, f := range s.strike("", topic, ofWebhooks) {
		switch f.Kind {
		case LoseWebhook:
			return webhook.Lose
		case DuplicateWebhook:
			return webhook.Duplicate
		default:
			return webhook.Hold
		}
	}
	return webhook.Deliver
}

// Wrap returns h with the faults of an API. What browsers ask beforehand is let
// through.
func (s *Set) Wrap(api, mediaType string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wire.Identify(w)
		if r.Method == http.MethodOptions {
			h.ServeHTTP(w, r)
			return
		}
		if !s.allow(api) {
			limited(w, mediaType, 1)
			return
		}
		applies := func(f Fault) bool { return !ofWebhooks(f) && f.applies(r) }
		for _, f := range s.strike(api, r.URL.RequestURI(), applies) {
			if answered := f.meet(w, r, mediaType); answered {
				return
			}
			if f.Kind == Truncate {
				truncated(w, r, h)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// applies reports whether a request is of the sort that a fault is about.
func (f Fault) applies(r *http.Request) bool {
	query := r.URL.Query()
	switch f.Kind {
	case ExpiredToken:
		return query.Has("sync_token")
	case TooLarge:
		limit := 100
		if n, err := strconv.Atoi(query.Get("limit")); err == nil {
			limit = n
		}
		return limit > f.AboveOf && !query.Has("sync_token")
	}
	return true
}

// meet does what a fault does and reports whether the request is answered.
func (f Fault) meet(w http.ResponseWriter, r *http.Request, mediaType string) bool {
	switch f.Kind {
	case Latency:
		select {
		case <-time.After(time.Duration(f.Millis) * time.Millisecond):
		case <-r.Context().Done():
		}
		return false
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler)
	case ExpiredToken:
		query := r.URL.Query()
		query.Set("sync_token", "expired")
		r.URL.RawQuery = query.Encode()
		return false
	case RateLimit:
		limited(w, mediaType, max(f.Reset, 1))
	case TooLarge:
		wire.Fail(w, mediaType, wire.Errorf(http.StatusBadRequest, "BadRequest", "Response size too big. Maximum allowed response size: 7340032B."))
	case Status:
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		wire.Fail(w, mediaType, wire.Errorf(status, errorID(status), "%s, as asked for.", http.StatusText(status)))
	default:
		return false
	}
	return true
}

// errorID returns the id that errors of a status have.
func errorID(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "BadRequest"
	case http.StatusUnauthorized:
		return "AccessTokenInvalid"
	case http.StatusForbidden:
		return "AccessDenied"
	case http.StatusNotFound:
		return "NotFound"
	default:
		return "ServerError"
	}
}

// limited answers that there were too many requests.
func limited(w http.ResponseWriter, mediaType string, reset int) {
	w.Header().Set("X-Contentful-Ratelimit-Reset", strconv.Itoa(reset))
	w.Header().Set("X-Contentful-Ratelimit-Second-Remaining", "0")
	wire.Fail(w, mediaType, wire.Errorf(http.StatusTooManyRequests, "RateLimitExceeded", "You have exceeded the rate limit of the organization this space belongs to."))
}

// ServeHTTP answers the control requests that the package describes.
func (s *Set) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
	case http.MethodDelete:
		s.Clear()
	case http.MethodPost:
		var f Fault
		dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&f); err != nil {
			http.Error(w, fmt.Sprintf("not a fault: %v", err), http.StatusBadRequest)
			return
		}
		if err := s.Add(f); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	default:
		http.Error(w, "GET, POST or DELETE", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	there := s.faults
	if there == nil {
		there = []*live{}
	}
	wire.Reply(w, "application/json", http.StatusOK, map[string]any{"faults": there})
}
