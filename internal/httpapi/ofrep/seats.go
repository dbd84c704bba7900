package ofrep

import (
	"sync"

	"github.com/segue-dev/segue/internal/fault"
)

// perVisitor is how many streams one visitor may have open: one for each tab.
const perVisitor = 8

// seats bounds the streams that are open at a time, of one visitor and in all.
type seats struct {
	most  int
	mu    sync.Mutex
	taken int
	by    map[string]int // visitor
}

func newSeats(most int) *seats { return &seats{most: most, by: map[string]int{}} }

// offered reports whether there are any.
func (s *seats) offered() bool { return s.most > 0 }

// take takes a seat for a visitor, who leaves it when done. The error is a
// fault.Overloaded if there is none.
func (s *seats) take(visitor string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.taken >= s.most:
		return nil, fault.New(fault.Overloaded, "as many event streams are open as may be (%d): try again later, or evaluate now and then instead", s.most)
	case s.by[visitor] >= perVisitor:
		return nil, fault.New(fault.Overloaded, "this visitor has as many event streams open as one may have (%d): close another", perVisitor)
	}
	s.taken++
	s.by[visitor]++
	return func() { s.leave(visitor) }, nil
}

func (s *seats) leave(visitor string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.by[visitor]--; s.by[visitor] == 0 {
		delete(s.by, visitor)
	}
}
