package webhook

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// What Contentful does.
const (
	attempts     = 3
	defaultDelay = 30 * time.Second // before another attempt
	timeout      = 30 * time.Second // of one attempt
	keptCalls    = 500              // in the log, of one webhook
)

// Options say how webhooks are called.
type Options struct {
	HTTP       *http.Client  // nil = one with Contentful's timeout
	RetryDelay time.Duration // 0 = Contentful's 30 s
	// Sleep waits, or returns early with an error when ctx ends; nil = real time.
	Sleep func(ctx context.Context, d time.Duration) error
	Now   func() time.Time // nil = time.Now
	// Fault is asked what becomes of a call before it is made; nil = it is made.
	Fault func(topic string) Fate
}

// A Fate is what becomes of a call.
type Fate int

// The fates.
const (
	Deliver Fate = iota
	Lose
	Duplicate // make it twice, with the same idempotency key
	Hold      // make it after the next call of the webhook
)

// A Sender calls webhooks. It is safe for concurrent use.
type Sender struct {
	opts Options

	waiting     context.Context // of retries
	stopWaiting context.CancelFunc
	calling     context.Context // of calls under way
	stopCalling context.CancelFunc

	mu      sync.Mutex
	idle    *sync.Cond
	active  int // tasks under way or waiting
	closed  bool
	events  []store.Event
	queues  map[hookID][]delivery // of webhooks with calls to make
	held    map[hookID][]delivery
	log     map[hookID][]Call
	counter uint64
}

type hookID struct{ space, id string }

// New returns a sender; its Notify is to be the OnCommit of a store.
func New(o Options) *Sender {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	if o.RetryDelay == 0 {
		o.RetryDelay = defaultDelay
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Sender{opts: o, queues: map[hookID][]delivery{}, held: map[hookID][]delivery{}, log: map[hookID][]Call{}}
	s.idle = sync.NewCond(&s.mu)
	s.waiting, s.stopWaiting = context.WithCancel(context.Background())
	s.calling, s.stopCalling = context.WithCancel(context.Background())
	return s
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Notify tells of events. It does not block, so it can be the OnCommit of the
// store.
func (s *Sender) Notify(events []store.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.events = append(s.events, events...)
	if len(s.events) == len(events) && len(events) > 0 { // else somebody is at it
		s.start(s.distribute)
	}
}

// start runs a task that Wait and Close wait for. The lock is held.
func (s *Sender) start(task func()) {
	s.active++
	go func() {
		task()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.active--
		s.idle.Broadcast()
	}()
}

// distribute queues the calls that the events so far ask for.
func (s *Sender) distribute() {
	s.mu.Lock()
	events := s.events
	s.events = nil
	s.mu.Unlock()
	var due []delivery
	for _, e := range events {
		due = append(due, s.deliveries(e)...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range due {
		s.admit(d)
	}
}

// admit queues a call as its fate says. The lock is held.
func (s *Sender) admit(d delivery) {
	fate := Deliver
	if s.opts.Fault != nil {
		fate = s.opts.Fault(d.topic)
	}
	switch fate {
	case Lose:
		return
	case Hold:
		s.held[d.hook] = append(s.held[d.hook], d)
		return
	case Duplicate:
		s.queue(d)
	case Deliver:
	}
	s.queue(d)
	for _, late := range s.held[d.hook] {
		s.queue(late)
	}
	delete(s.held, d.hook)
}

// queue adds a call to those of its webhook. The lock is held.
func (s *Sender) queue(d delivery) {
	if s.closed {
		return
	}
	q := append(s.queues[d.hook], d)
	s.queues[d.hook] = q
	if len(q) == 1 { // else somebody is at it
		s.start(func() { s.drain(d.hook) })
	}
}

// drain makes the calls of a webhook, one after the other. There is one at least.
func (s *Sender) drain(hook hookID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.queues[hook]) > 0 {
		next := s.queues[hook][0]
		s.mu.Unlock()
		s.try(next, 1)
		s.mu.Lock()
		s.queues[hook] = s.queues[hook][1:]
	}
	delete(s.queues, hook)
}

// Wait returns when all that was to be called is called, retries included.
func (s *Sender) Wait() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active > 0 {
		s.idle.Wait()
	}
}

// Release makes the calls that were held.
func (s *Sender) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hook, held := range s.held {
		for _, d := range held {
			s.queue(d)
		}
		delete(s.held, hook)
	}
}

// Close takes no more events, gives up what waits to be tried again, and waits
// for the calls under way, which it breaks off when ctx ends.
func (s *Sender) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stopWaiting()
	stop := context.AfterFunc(ctx, s.stopCalling)
	defer stop()
	s.Wait()
	s.stopCalling()
}

// Calls returns the latest calls of a webhook, newest first.
func (s *Sender) Calls(space, hook string) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := s.log[hookID{space, hook}]
	calls := make([]Call, 0, len(log))
	for _, l := range slices.Backward(log) {
		calls = append(calls, l)
	}
	return calls
}

func (s *Sender) record(hook hookID, c Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := append(s.log[hook], c)
	s.log[hook] = log[max(0, len(log)-keptCalls):]
}
