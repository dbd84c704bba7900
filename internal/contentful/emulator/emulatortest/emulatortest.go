// Package emulatortest starts stand-ins for Contentful in tests.
package emulatortest

import (
	"context"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator"
)

// The tokens of stand-ins that are given no others.
const (
	Delivery   = "delivery"
	Preview    = "preview"
	Management = "management"
)

// A Server is a stand-in that answers over HTTP until the test ends.
type Server struct {
	*emulator.Emulator
	// The base URLs of the APIs, as clients append /spaces/… to them.
	CDA, CPA, CMA, Upload string
	// URL is where all APIs are, and /_emulator/faults.
	URL string
}

// Start starts a stand-in. Unless o says otherwise webhooks are retried after no
// time. Every space has what is in o.Export.
func Start(t testing.TB, o emulator.Options) *Server {
	t.Helper()
	if o.Webhook.Sleep == nil {
		o.Webhook.Sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	e, err := emulator.New(o)
	if err != nil {
		t.Fatalf("start the stand-in: %v", err)
	}
	s := httptest.NewServer(e)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Errorf("close the stand-in: %v", err)
		}
	})
	return &Server{e, s.URL + "/cda", s.URL + "/cpa", s.URL + "/cma", s.URL + "/upload", s.URL}
}

// StartWith starts a stand-in with the export in a file.
func StartWith(t testing.TB, path string) *Server {
	t.Helper()
	export, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("the export for the stand-in: %v", err)
	}
	return Start(t, emulator.Options{Export: strings.NewReader(string(export))})
}

// A Clock is a time that goes by when told to. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock at an instant.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance lets time go by.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
