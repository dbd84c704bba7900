package measure

import (
	"sync/atomic"

	"github.com/segue-dev/segue/internal/visitor"
)

// A Live is a Meter by the Book that is in force, which may be replaced at any
// time. The zero Live measures nothing.
type Live struct{ book atomic.Pointer[Book] }

var _ visitor.Meter = (*Live)(nil)

// Use puts a book into force.
func (l *Live) Use(b *Book) { l.book.Store(b) }

// Book returns the book in force; nil if there is none yet.
func (l *Live) Book() *Book { return l.book.Load() }

// Take implements visitor.Meter.
func (l *Live) Take(before *visitor.Record, c *visitor.Change) { l.meter().Take(before, c) }

// Unite implements visitor.Meter.
func (l *Live) Unite(one, other, next *visitor.Record) (*visitor.Record, []visitor.Counter) {
	return l.meter().Unite(one, other, next)
}

// Forget implements visitor.Meter.
func (l *Live) Forget(r *visitor.Record) (*visitor.Record, []visitor.Counter) {
	return l.meter().Forget(r)
}

// meter returns the book in force. Without one, what there is stays: nothing is
// taken in, but what visitors have contributed moves with them.
func (l *Live) meter() visitor.Meter {
	if b := l.book.Load(); b != nil {
		return b
	}
	return idle
}

// idle is a Book without metrics and rules.
var idle = &Book{rules: programmeRules}
