package ofrep_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/feed"
	"github.com/segue-dev/segue/internal/httpapi/ofrep"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/resolve"
)

// told is a resolver that answers as a test sets.
type told struct {
	site *resolve.Site
	mu   sync.Mutex
	resolve.Answer
	asked []resolve.Request
}

func (s *told) Site() *resolve.Site { return s.site }

func (s *told) Resolve(_ context.Context, req resolve.Request) (*resolve.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, req)
	a := s.Answer
	a.Site = s.site
	return &a, nil
}

func (s *told) set(f func(a *resolve.Answer)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.Answer)
}

func (s *told) looks() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// A reader is the browser's end of a stream; it takes nothing while stuck.
type reader struct {
	header http.Header
	mu     sync.Mutex
	status int
	got    strings.Builder
	stuck  bool
	until  time.Time
}

func (r *reader) Header() http.Header  { return r.header }
func (r *reader) WriteHeader(code int) { r.status = code }

func (r *reader) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stuck {
		time.Sleep(time.Until(r.until)) // in a bubble
		return 0, os.ErrDeadlineExceeded
	}
	return r.got.Write(p)
}

func (r *reader) Flush()                          {}
func (r *reader) SetReadDeadline(time.Time) error { return nil }

func (r *reader) SetWriteDeadline(t time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.until = t
	return nil
}

// take returns what came since the last time.
func (r *reader) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.got.Reset()
	return r.got.String()
}

// A listening is a stream in a bubble: an evaluation that offered it, and who
// reads it.
type listening struct {
	*told
	*reader
	echo    *echo.Echo
	feed    *feed.Feed
	uri     string // of the stream
	tag     string // of the evaluation
	leaving chan struct{}
	hangUp  context.CancelFunc
	ended   chan struct{}
}

func newEcho() *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = reply.Fail(discard)
	return e
}

// inStream opens a stream in a bubble, where time is what a test waits for.
func inStream(t *testing.T, test func(t *testing.T, s *listening)) {
	site := newSite(t) // its cleaner outlives the bubble
	synctest.Test(t, func(t *testing.T) {
		s := &listening{told: &told{site: site}, echo: newEcho(), feed: new(feed.Feed), leaving: make(chan struct{})}
		s.Visitor = "ana"
		ofrep.Mount(s.echo, s.told, ofrep.Options{Feed: s.feed, Streams: 10, Leaving: s.leaving})
		s.offer(t)
		s.open(t, nil)
		test(t, s)
		s.hangUp()
		<-s.ended
	})
}

// offer evaluates, which offers the stream.
func (s *listening) offer(t *testing.T) {
	res := httptest.NewRecorder()
	s.echo.ServeHTTP(res, httptest.NewRequest(http.MethodPost, "/ofrep/v1/evaluate/flags", strings.NewReader(`{"context":{"targetingKey":"ana","device":"mobile","page":"home"}}`)))
	s.uri = decode[bulk](t, res.Body).EventStreams[0].Endpoint.RequestURI
	s.tag = strings.Trim(res.Header().Get("ETag"), `"`)
}

func (s *listening) open(t *testing.T, header http.Header) {
	ctx, hangUp := context.WithCancel(t.Context())
	s.reader, s.hangUp, s.ended = &reader{header: http.Header{}}, hangUp, make(chan struct{})
	req := httptest.NewRequest(http.MethodGet, s.uri, nil).WithContext(ctx)
	for name := range header {
		req.Header.Set(name, header.Get(name))
	}
	go func() {
		defer close(s.ended)
		s.echo.ServeHTTP(s.reader, req)
	}()
	synctest.Wait()
}

// member makes ana a member of the cart, or not.
func (s *listening) member(is bool) {
	s.set(func(a *resolve.Answer) {
		a.Segments = nil
		if is {
			a.Segments = []string{"cart"}
		}
	})
}

const pulse = ": still here\n\n"

const event = `^id: ([0-9a-f]{16})\nevent: message\ndata: {"type":"refetchEvaluation","etag":"\\"([0-9a-f]{16})\\"","lastModified":\d+}\n\n$`

func TestAStreamTellsOfASignalThatChangesFlags(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		require.Equal(t, "id: "+s.tag+"\n\n", s.take(), "it is known by the tag that was evaluated")
		require.Equal(t, "text/event-stream", s.header.Get("Content-Type"))
		require.Equal(t, "no-store", s.header.Get("Cache-Control"))
		require.Equal(t, "no", s.header.Get("X-Accel-Buffering"))

		s.feed.VisitorChanged("ana")
		s.feed.VisitorChanged("bea")
		time.Sleep(time.Second)
		require.Empty(t, s.take(), "no flag has changed")

		s.member(true)
		s.feed.VisitorChanged("ana")
		time.Sleep(time.Second)
		got := s.take()
		require.Regexp(t, event, got)
		s.offer(t)
		require.Contains(t, got, "id: "+s.tag+"\n", "the tag that evaluating will have")
	})
}

func TestAStreamAsksWhatWasEvaluated(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		evaluated, streamed := s.asked[0], s.asked[1]
		require.Equal(t, "mobile", streamed.Context[0].Value.String())
		require.Equal(t, "home", streamed.Page)
		require.True(t, streamed.Memberships)
		streamed.Memberships = false
		require.Equal(t, evaluated, streamed)
	})
}

func TestAStreamTellsOfWhatChangesByItself(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		s.set(func(a *resolve.Answer) { a.ValidUntil = time.Now().Add(10 * time.Minute) })
		s.feed.VisitorChanged("ana")
		time.Sleep(9 * time.Minute)
		s.take()
		s.member(true)
		s.set(func(a *resolve.Answer) { a.ValidUntil = time.Time{} })
		require.Empty(t, s.take())
		time.Sleep(time.Minute + time.Millisecond)
		require.Regexp(t, event, strings.ReplaceAll(s.take(), pulse, ""))
	})
}

func TestWhatIsPublishedIsToldOverFiveSeconds(t *testing.T) {
	delays := map[time.Duration]bool{}
	for range 5 {
		inStream(t, func(t *testing.T, s *listening) {
			s.take()
			s.set(func(a *resolve.Answer) { a.Revision.Rules = "r2" })
			s.feed.SitePublished()
			begun := time.Now()
			for s.looks() < 3 {
				time.Sleep(time.Millisecond)
			}
			delays[time.Since(begun)] = true
			require.Less(t, time.Since(begun), 5*time.Second+2*time.Millisecond)
			synctest.Wait()
			require.Regexp(t, event, s.take())
		})
	}
	require.Greater(t, len(delays), 1)
}

func TestManySignalsAreLookedAtTogether(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		before := s.looks()
		for range 1000 {
			s.feed.VisitorChanged("ana")
			time.Sleep(time.Millisecond)
		}
		require.LessOrEqual(t, s.looks()-before, 5)
	})
}

func TestAStreamHasAPulse(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		s.take()
		time.Sleep(time.Minute + time.Second)
		require.Equal(t, strings.Repeat(pulse, 3), s.take())
	})
}

func TestWhoComesBackIsToldWhatWasMissed(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		s.hangUp()
		<-s.ended
		s.open(t, http.Header{"Last-Event-Id": {s.tag}})
		require.Equal(t, "id: "+s.tag+"\n\n", s.take(), "nothing")

		s.hangUp()
		<-s.ended
		s.member(true)
		s.open(t, http.Header{"Last-Event-Id": {s.tag}})
		missed := s.take()
		require.Regexp(t, event, missed)

		s.hangUp()
		<-s.ended
		last := strings.TrimPrefix(strings.SplitN(missed, "\n", 2)[0], "id: ")
		s.open(t, http.Header{"Last-Event-Id": {last}})
		require.Equal(t, "id: "+last+"\n\n", s.take(), "although the address has the tag of before")
	})
}

func TestAVisitorIsFollowedUnderAnotherID(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		s.set(func(a *resolve.Answer) { a.Visitor = "u1" })
		s.feed.VisitorChanged("ana")
		time.Sleep(time.Second)
		s.take()
		s.member(true)
		s.feed.VisitorChanged("u1")
		time.Sleep(time.Second)
		require.Regexp(t, event, s.take())
	})
}

func TestASlowReaderIsDropped(t *testing.T) {
	inStream(t, func(_ *testing.T, s *listening) {
		s.reader.mu.Lock()
		s.stuck = true
		s.reader.mu.Unlock()
		time.Sleep(31 * time.Second)
		<-s.ended
	})
}

func TestStreamsEndWithTheServer(t *testing.T) {
	inStream(t, func(_ *testing.T, s *listening) {
		close(s.leaving)
		<-s.ended
	})
}

func TestAStreamOfAVisitorOrAllHasBounds(t *testing.T) {
	site := newSite(t)
	synctest.Test(t, func(t *testing.T) {
		s := &listening{told: &told{site: site}, echo: newEcho(), feed: new(feed.Feed)}
		s.Visitor = "ana"
		ofrep.Mount(s.echo, s.told, ofrep.Options{Feed: s.feed, Streams: 10})
		var open []*listening
		try := func(visitor string) int {
			res := httptest.NewRecorder()
			s.echo.ServeHTTP(res, httptest.NewRequest(http.MethodPost, "/ofrep/v1/evaluate/flags", strings.NewReader(`{"context":{"targetingKey":"`+visitor+`"}}`)))
			one := &listening{told: s.told, echo: s.echo, uri: decode[bulk](t, res.Body).EventStreams[0].Endpoint.RequestURI}
			one.open(t, nil)
			open = append(open, one)
			return one.status
		}
		for range 8 {
			require.Equal(t, 200, try("ana"))
		}
		require.Equal(t, 429, try("ana"))
		require.Equal(t, 200, try("bea"))
		require.Equal(t, 200, try("cem"))
		require.Equal(t, 429, try("dan"))
		open[0].hangUp()
		<-open[0].ended
		require.Equal(t, 200, try("dan"), "a seat is free again")
		for _, one := range open {
			one.hangUp()
			<-one.ended
		}
	})
}

func TestAddressesOfStreamsGrowOld(t *testing.T) {
	inStream(t, func(t *testing.T, s *listening) {
		before, tag := s.uri, s.tag
		time.Sleep(59 * time.Minute)
		s.hangUp()
		<-s.ended
		s.open(t, nil)
		require.Equal(t, 200, s.status, "good for an hour at least")

		s.offer(t)
		for s.uri == before {
			time.Sleep(time.Minute)
			s.offer(t)
		}
		require.NotEqual(t, tag, s.tag, "so that 304 never keeps an old address")
		s.hangUp()
		<-s.ended
		s.uri = before
		time.Sleep(time.Hour)
		s.open(t, nil)
		require.Equal(t, 401, s.status)
	})
}

func TestAddressesCannotBeMadeUp(t *testing.T) {
	r := newRig(t, nil)
	for _, channel := range []string{"", "a", "ana", strings.Repeat("A", 200), "ä", "%"} {
		req := httptest.NewRequest(http.MethodGet, "/ofrep/v1/events", nil)
		q := req.URL.Query()
		q.Set("channel", channel)
		req.URL.RawQuery = q.Encode()
		require.Equal(t, 401, r.do(req).Code, channel)
	}
	off := newRig(t, func(o *ofrep.Options) { o.Streams = 0 })
	require.Equal(t, 404, off.do(httptest.NewRequest(http.MethodGet, "/ofrep/v1/events?channel=a", nil)).Code)
}

func TestNodesOfOneKeyOpenEachOthersStreams(t *testing.T) {
	one, other := newRig(t, nil), newRig(t, nil)
	body := `{"context":` + ana + `}`
	require.Equal(t, one.post("", body).Header().Get("ETag"), other.post("", body).Header().Get("ETag"))
	third := newRig(t, func(o *ofrep.Options) { o.ChannelKey = nil })
	require.NotEqual(t, one.post("", body).Header().Get("ETag"), third.post("", body).Header().Get("ETag"))
}

// TestStreamsOverARealConnection is about what only a connection shows: a stream
// outlives the time that requests have, and does not hold up the end.
func TestStreamsOverARealConnection(t *testing.T) {
	r := newRig(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ln) }()
	res := r.post("", `{"context":`+ana+`}`)
	uri := decode[bulk](t, res.Body).EventStreams[0].Endpoint.RequestURI
	stream, err := http.Get("http://" + ln.Addr().String() + uri)
	require.NoError(t, err)
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	first, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "id: "+strings.Trim(res.Header().Get("ETag"), `"`)+"\n", first)

	r.track("ana", "Product Added")
	for line := ""; !strings.HasPrefix(line, "data: "); {
		line, err = lines.ReadString('\n')
		require.NoError(t, err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, r.server.Shutdown(ctx), "no stream holds it up")
	require.NoError(t, <-served)
	_, err = io.ReadAll(lines)
	require.True(t, err == nil || errors.Is(err, io.ErrUnexpectedEOF), err)
}
