package segment

import (
	"time"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// Passes reports whether a property with values passes all tests. A test that
// does not compile is not passed.
func Passes(tests []syntax.Test, values ...signal.Value) bool {
	props := make([]prop, len(values))
	for i, v := range values {
		props[i].Value = v
	}
	for _, t := range tests {
		compiled, err := newTest(t)
		if err != nil || !compiled.passes(props) {
			return false
		}
	}
	return true
}

// SessionGap returns the pause that ends a session.
func (s *Set) SessionGap() time.Duration { return time.Duration(s.gap) * time.Millisecond }

// About returns an entry about a topic that some rule names; "" if there is
// none.
func (s *Set) About(topic string) string { return s.entries[topic] }
