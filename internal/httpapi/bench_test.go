package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
)

// benchVisitors is how many visitors the benchmarks ask for, in turn.
const benchVisitors = 4096

// BenchmarkHTTP measures requests over loopback, next to an echo server that
// does nothing but decode a small body or send fixed bytes. The client shares
// the machine with the server, so only ratios within one run say anything; each
// figure is requests per second.
func BenchmarkHTTP(b *testing.B) {
	segue := serveStorefront(b)
	key := pageKey(b, segue)
	floor := serveFloor(b, pageOf(b, segue, key))
	visitor := func(n int64) string { return fmt.Sprintf("visitor-%d", n%benchVisitors) }
	for _, bench := range []struct {
		name, method, url string // VISITOR in url stands for one
		body              func(n int64) string
		header            map[string]string
		status            int
	}{
		{"floor=echo-post-small", "POST", floor + "/small", func(n int64) string { return `{"visitor":"` + visitor(n) + `"}` }, nil, 200},
		{"floor=echo-get-1KB", "GET", floor + "/1KB", nil, nil, 200},
		{"floor=echo-get-4KB", "GET", floor + "/4KB", nil, nil, 200},
		{"floor=echo-get-page", "GET", floor + "/page", nil, nil, 200},
		{"resolve", "POST", segue + "/v1/resolve", func(n int64) string { return `{"visitor":"` + visitor(n) + `"}` }, nil, 200},
		{"resolve-page", "POST", segue + "/v1/resolve", func(n int64) string { return `{"visitor":"` + visitor(n) + `","page":"home"}` }, nil, 200},
		{"resolve-signal-durable", "POST", segue + "/v1/resolve", func(n int64) string {
			return fmt.Sprintf(`{"visitor":%q,"signals":[{"type":"page","messageId":"r%d","properties":{"path":"/"}}]}`, visitor(n), n)
		}, nil, 200},
		{"personalization-page-durable", "POST", segue + "/experience/v2/organizations/o/environments/main/profiles/VISITOR", profileEvent, nil, 200},
		{"flag", "POST", segue + "/ofrep/v1/evaluate/flags/variant.home-hero", evaluation(visitor), nil, 200},
		{"flags-of-a-page", "POST", segue + "/ofrep/v1/evaluate/flags", evaluation(visitor), nil, 200},
		{"flags-of-a-page-304", "POST", segue + "/ofrep/v1/evaluate/flags", evaluation(visitor), map[string]string{"If-None-Match": "*"}, 304},
		{"page-by-key", "GET", segue + "/v1/pages/home/" + key, nil, nil, 200},
		{"page-by-key-304", "GET", segue + "/v1/pages/home/" + key, nil, map[string]string{"If-None-Match": "*"}, 304},
		{"track-durable", "POST", segue + "/v1/track", func(n int64) string {
			return fmt.Sprintf(`{"event":"Step","anonymousId":%q,"messageId":"t%d"}`, visitor(n), n)
		}, nil, 200},
		{"batch-of-100-durable", "POST", segue + "/v1/batch", func(n int64) string { return batch(n) }, nil, 200},
	} {
		b.Run(bench.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
			defer client.CloseIdleConnections()
			var count atomic.Int64
			count.Store(time.Now().UnixNano()) // message ids must be new
			b.SetParallelism(32)
			before := cpuTime(b)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					var body io.Reader
					n := count.Add(1)
					if bench.body != nil {
						body = strings.NewReader(bench.body(n))
					}
					req, err := http.NewRequest(bench.method, strings.Replace(bench.url, "VISITOR", visitor(n), 1), body)
					if err != nil {
						b.Error(err)
						return
					}
					req.Header.Set("Content-Type", "application/json")
					for name, value := range bench.header {
						req.Header.Set(name, value)
					}
					res, err := client.Do(req)
					if err != nil {
						b.Error(err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					_ = res.Body.Close()
					if res.StatusCode != bench.status {
						b.Errorf("status %d", res.StatusCode)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/1e3, "cpu-µs/request")
		})
	}
}

// cpuTime is what this process has used, client and server. It says more than
// the time on a machine that others use too.
func cpuTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// evaluation is an evaluation of flags, of which a page of the storefront has 21.
func evaluation(visitor func(int64) string) func(n int64) string {
	return func(n int64) string { return `{"context":{"targetingKey":"` + visitor(n) + `","page":"home"}}` }
}

// batch is 100 signals of 100 visitors.
func batch(n int64) string {
	var body strings.Builder
	body.WriteString(`{"batch":[`)
	for i := range int64(100) {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"type":"track","event":"Step","anonymousId":"visitor-%d","messageId":"b%d-%d"}`, (n*100+i)%benchVisitors, n, i)
	}
	body.WriteString(`]}`)
	return body.String()
}

// serveFloor serves fixed answers with nothing but echo, the page among them.
func serveFloor(b *testing.B, page []byte) string {
	b.Helper()
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	small, large := bytes.Repeat([]byte("x"), 1024), bytes.Repeat([]byte("x"), 4096)
	e.POST("/small", func(c echo.Context) error {
		var body struct{ Visitor string }
		if err := c.Bind(&body); err != nil {
			return err
		}
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, small)
	})
	for path, body := range map[string][]byte{"/1KB": small, "/4KB": large, "/page": page} {
		e.GET(path, func(c echo.Context) error { return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body) })
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	e.Listener = ln
	go func() { _ = e.Start("") }()
	b.Cleanup(func() { _ = e.Close() })
	return "http://" + ln.Addr().String()
}

// serveStorefront serves the storefront example with visitors of 32 signals.
func serveStorefront(b *testing.B) string {
	b.Helper()
	cfg, err := config.Load(filepath.Join("..", "..", "examples", "storefront", "segue.yaml"), nil, nil)
	require.NoError(b, err)
	cfg.Store = "pebble:" + b.TempDir()
	public, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	done := make(chan error, 1)
	go func() {
		done <- app.Run(b.Context(), cfg, app.Listeners{Public: public, Admin: admin}, slog.New(slog.DiscardHandler))
	}()
	b.Cleanup(func() { require.NoError(b, <-done) })
	url := "http://" + public.Addr().String()
	for n := range int64(32 * benchVisitors / 100) {
		res, err := http.Post(url+"/v1/batch", "application/json", strings.NewReader(batch(n)))
		require.NoError(b, err)
		_ = res.Body.Close()
		require.Equal(b, http.StatusOK, res.StatusCode)
	}
	return url
}

func pageOf(b *testing.B, url, key string) []byte {
	b.Helper()
	res, err := http.Get(url + "/v1/pages/home/" + key)
	require.NoError(b, err)
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	require.NoError(b, err)
	return page
}

func pageKey(b *testing.B, url string) string {
	b.Helper()
	res, err := http.Get(url + "/v1/pages/home/outdated")
	require.NoError(b, err)
	_ = res.Body.Close()
	key := res.Header.Get("Segue-Key")
	require.NotEmpty(b, key)
	return key
}

// profileEvent is what the browser SDK of Contentful Personalization sends with
// a page view, of one of the visitors.
func profileEvent(n int64) string {
	return fmt.Sprintf(`{"events":[{"channel":"web","context":{"library":{"name":"Ninetailed React Analytics SDK","version":"7.26.0"},`+
		`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36","campaign":{},"locale":"en-US",`+
		`"page":{"path":"/home","query":{},"referrer":"","search":"","url":"https://shop.example/home"},"gdpr":{"isConsentGiven":true}},`+
		`"messageId":"p%d","type":"page","properties":{"title":"Home","url":"https://shop.example/home","path":"/home","hash":"","search":"",`+
		`"width":1024,"height":768,"referrer":"","query":{}}}],"options":{"features":["ip-enrichment","location"]}}`, n)
}
