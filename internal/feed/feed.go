// Package feed tells those who listen that a visitor's record has changed, or
// what is published.
//
// The rule it upholds: telling never waits. A listener who has not looked yet is
// told once, however much has happened since, so all that is kept is one mark
// for each listener and kind of news; what the news is, it asks for itself. The
// feed is of this process: what another node takes in is not told here.
package feed

import "sync"

// A Feed carries news from those who make changes to those who listen. The zero
// Feed is ready; it is safe for concurrent use.
type Feed struct {
	mu        sync.RWMutex
	listeners map[*Listener]struct{}
	ofVisitor map[string]map[*Listener]struct{}
}

// A Listener is told of changes from Listen on until it is closed.
type Listener struct {
	Visitors  <-chan struct{} // receives after records of its visitors have changed
	Published <-chan struct{} // receives after something else is published

	visitors  chan struct{}
	published chan struct{}
	ids       []string
	feed      *Feed
}

// Listen listens for changes of some visitors' records and of what is published.
func (f *Feed) Listen(visitors ...string) *Listener {
	l := &Listener{visitors: make(chan struct{}, 1), published: make(chan struct{}, 1), ids: visitors, feed: f}
	l.Visitors, l.Published = l.visitors, l.published
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners, f.ofVisitor = map[*Listener]struct{}{}, map[string]map[*Listener]struct{}{}
	}
	f.listeners[l] = struct{}{}
	for _, id := range visitors {
		if f.ofVisitor[id] == nil {
			f.ofVisitor[id] = map[*Listener]struct{}{}
		}
		f.ofVisitor[id][l] = struct{}{}
	}
	return l
}

// Close ends the listening. Nothing is received after it but what was told
// before.
func (l *Listener) Close() {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
	for _, id := range l.ids {
		delete(f.ofVisitor[id], l)
		if len(f.ofVisitor[id]) == 0 {
			delete(f.ofVisitor, id)
		}
	}
}

// VisitorChanged tells that the stored record of a visitor is another.
func (f *Feed) VisitorChanged(id string) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for l := range f.ofVisitor[id] {
		mark(l.visitors)
	}
}

// SitePublished tells that answers are made from something else.
func (f *Feed) SitePublished() {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for l := range f.listeners {
		mark(l.published)
	}
}

func mark(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // told already
	}
}
