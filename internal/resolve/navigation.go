package resolve

import (
	"time"

	"github.com/patrickmn/go-cache"

	"github.com/segue-dev/segue/internal/fault"
)

const (
	// navigationTTL is how long the calls of one page view are answered for
	// the same instant.
	navigationTTL = 30 * time.Minute
	// maxNavigations bounds how many page views are remembered. While there is
	// no room, a call is answered for its own instant.
	maxNavigations = 100_000
	// maxNavigation is the greatest length of a navigation id, in bytes.
	maxNavigation = 200
)

// navigations remembers for which instant the first call of a page view was
// answered, so that what a page shows does not change while it is put together.
type navigations struct{ instants *cache.Cache }

func newNavigations() navigations {
	return navigations{cache.New(navigationTTL, navigationTTL/4)}
}

// instant returns the instant of the first call of a visitor's page view, which
// is now if this is it.
func (n navigations) instant(visitor, navigation string, now int64) int64 {
	id := viewID(visitor, navigation)
	if at, ok := n.instants.Get(id); ok {
		return at.(int64)
	}
	if n.instants.ItemCount() >= maxNavigations {
		return now
	}
	if n.instants.Add(id, now, cache.DefaultExpiration) == nil {
		return now
	}
	if at, ok := n.instants.Get(id); ok { // another call was first
		return at.(int64)
	}
	return now
}

// peek is instant for a call that is not remembered.
func (n navigations) peek(visitor, navigation string, now int64) int64 {
	if at, ok := n.instants.Get(viewID(visitor, navigation)); ok {
		return at.(int64)
	}
	return now
}

func viewID(visitor, navigation string) string { return visitor + "\x00" + navigation }

func checkNavigation(id string) error {
	if len(id) > maxNavigation {
		return fault.New(fault.Invalid, "navigation: longer than %d bytes: send a short id, such as a UUID, that is new for each page view", maxNavigation)
	}
	return nil
}
