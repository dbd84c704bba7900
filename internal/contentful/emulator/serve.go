package emulator

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// An Endpoint is where an API is served alone, at the root; API "" is all of
// them, by path and by host.
type Endpoint struct {
	API      string
	Listener net.Listener
}

// URL returns the base URL of the endpoint under a scheme.
func (e Endpoint) URL(scheme string) string { return scheme + "://" + e.Listener.Addr().String() }

// Listen listens at an address for all APIs, and at the four ports after it for
// each alone: cda, cpa, cma, upload. Port 0 is any free ones. With an authority
// every port takes HTTPS besides HTTP.
func Listen(addr string, a *Authority) ([]Endpoint, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "listen: want HOST:PORT, such as 127.0.0.1:8090")
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return nil, fault.New(fault.Invalid, "listen: %q is no port", port)
	}
	var endpoints []Endpoint
	for i, api := range []string{"", "cda", "cpa", "cma", "upload"} {
		at := 0
		if first > 0 {
			at = first + i
		}
		ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(at)))
		if err != nil {
			for _, open := range endpoints {
				_ = open.Listener.Close() // the other error counts
			}
			return nil, fault.Wrap(fault.Unavailable, err, "listen: five ports in a row must be free, from %s on", addr)
		}
		if a != nil {
			ln = a.Listener(ln)
		}
		endpoints = append(endpoints, Endpoint{api, ln})
	}
	return endpoints, nil
}

// grace is how long requests in flight may take at the end.
const grace = 3 * time.Second

// Serve answers at the endpoints until ctx ends, and closes them. It returns nil
// then, and the error of an endpoint that fails.
func (e *Emulator) Serve(ctx context.Context, endpoints []Endpoint) error {
	var running sync.WaitGroup
	failed := make(chan error, len(endpoints))
	servers := make([]*http.Server, 0, len(endpoints))
	for _, at := range endpoints {
		var h http.Handler = e
		if at.API != "" {
			h = e.API(at.API)
		}
		s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, s)
		running.Go(func() { failed <- s.Serve(at.Listener) })
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	for _, s := range servers {
		if s.Shutdown(ending) != nil {
			_ = s.Close() // who hangs on, as a fault may make it, is cut off
		}
	}
	running.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
