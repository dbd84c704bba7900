package ofrep

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/feed"
	"github.com/segue-dev/segue/internal/httpapi/reply"
)

// The pace of streams.
const (
	// beat is the pause after which a comment is sent, so that nobody between
	// takes the connection for dead.
	beat = 20 * time.Second
	// patience is how long a reader may take for what it is sent.
	patience = 10 * time.Second
	// calm is the least pause between two looks at one visitor's flags.
	calm = 250 * time.Millisecond
	// spread is over how long readers are told of what is published, so that
	// they do not all evaluate at once.
	spread = 5 * time.Second
)

// events tells a provider when to evaluate again: when any flag of the answer
// that offered the stream has changed, be it by a signal, by itself or by what
// is published.
func (a *api) events(c echo.Context) error {
	if !a.open.offered() {
		return fault.New(fault.NotFound, "event streams are turned off; ofrep.streams turns them on")
	}
	channel := c.QueryParam("channel")
	q, err := a.channels.unseal(channel, time.Now())
	if err != nil {
		return err
	}
	leave, err := a.open.take(q.visitor)
	if err != nil {
		return err
	}
	defer leave()
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "text/event-stream")
	header.Set(echo.HeaderCacheControl, "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would collect what we send
	s := &stream{
		q: q, api: a, channel: channel, known: c.QueryParam("etag"),
		to: c.Response(), control: http.NewResponseController(c.Response().Writer),
	}
	if last := c.Request().Header.Get("Last-Event-ID"); last != "" {
		s.known = last // the reader was here before
	}
	err = s.follow(c.Request().Context())
	if err != nil && c.Response().Committed { // too late for another answer
		a.opts.Log.DebugContext(c.Request().Context(), "an event stream has ended", "err", err)
		return nil
	}
	return err
}

// A stream is what one reader is told.
type stream struct {
	*api
	q       *question
	channel string
	known   string // tag of what the reader has
	to      io.Writer
	control *http.ResponseController

	listener *feed.Listener
	visitors []string // listened for
	due      time.Time
	timer    *time.Timer // until due
}

// follow tells the reader of changes until ctx or the server ends, or the
// reader is too slow.
func (s *stream) follow(ctx context.Context) error {
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("outlive the time of a request: %w", err)
	}
	s.timer = time.NewTimer(0)
	defer s.timer.Stop()
	s.listen(s.q.visitor)
	defer func() { s.listener.Close() }()
	if err := s.look(ctx, true); err != nil {
		return err
	}
	beats := time.NewTicker(beat)
	defer beats.Stop()
	looked := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.opts.Leaving:
			return nil
		case <-beats.C:
			if err := s.send(": still here\n\n"); err != nil {
				return err
			}
		case <-s.listener.Visitors:
			s.by(looked.Add(calm))
		case <-s.listener.Published:
			s.by(time.Now().Add(rand.N(spread)))
		case <-s.timer.C:
			if err := s.look(ctx, false); err != nil {
				return err
			}
			looked = time.Now()
		}
	}
}

// listen listens for one visitor more.
func (s *stream) listen(visitor string) {
	s.visitors = append(s.visitors, visitor)
	if s.listener != nil {
		s.listener.Close()
	}
	s.listener = s.opts.Feed.Listen(s.visitors...)
}

// by has the flags looked at again at an instant, or before.
func (s *stream) by(at time.Time) {
	if s.due.IsZero() || at.Before(s.due) {
		s.due = at
		s.timer.Reset(time.Until(at))
	}
}

// look looks at the flags and tells the reader if they are not what it knows.
// The first time it also tells under which tag it is to come back.
func (s *stream) look(ctx context.Context, first bool) error {
	s.timer.Stop()
	s.due = time.Time{}
	got, err := s.resolve(ctx, s.q, true)
	if err != nil {
		return fmt.Errorf("look at the flags: %w", err)
	}
	var tag string
	_ = reply.WithBuffer(func(b []byte) ([]byte, error) {
		b, sum := s.appendAnswer(b, got, s.channel)
		tag = string(appendTag(nil, sum))
		return b, nil
	})
	if !got.ValidUntil.IsZero() {
		s.by(got.ValidUntil)
	}
	if !slices.Contains(s.visitors, got.Visitor) { // known under another id by now
		s.listen(got.Visitor)
		s.by(time.Now())
	}
	switch {
	case tag != s.known:
		s.known = tag
		return s.send(fmt.Sprintf("id: %s\nevent: message\ndata: {\"type\":\"refetchEvaluation\",\"etag\":\"\\\"%s\\\"\",\"lastModified\":%d}\n\n", tag, tag, time.Now().Unix()))
	case first:
		return s.send("id: " + tag + "\n\n")
	default:
		return nil
	}
}

// send sends text to the reader, who has patience to take it.
func (s *stream) send(text string) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return fmt.Errorf("limit a slow reader: %w", err)
	}
	if _, err := io.WriteString(s.to, text); err != nil {
		return fmt.Errorf("a reader is gone, or too slow: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("a reader is gone, or too slow: %w", err)
	}
	return s.control.SetWriteDeadline(time.Time{})
}
