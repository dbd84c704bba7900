package feed_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/feed"
)

// told takes the mark from c, if there is one.
func told(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestAListenerHearsOfItsVisitorsOnce(t *testing.T) {
	var f feed.Feed
	f.VisitorChanged("ana") // nobody listens
	l := f.Listen("ana", "u1")
	require.False(t, told(l.Visitors), "what happened before is no news")

	f.VisitorChanged("bea")
	require.False(t, told(l.Visitors))
	for range 3 {
		f.VisitorChanged("ana")
		f.VisitorChanged("u1")
	}
	require.True(t, told(l.Visitors))
	require.False(t, told(l.Visitors), "however often it was told")
	f.VisitorChanged("ana")
	require.True(t, told(l.Visitors))
	require.False(t, told(l.Published))
}

func TestEverybodyHearsOfWhatIsPublished(t *testing.T) {
	var f feed.Feed
	a, b := f.Listen("ana"), f.Listen("bea")
	f.SitePublished()
	require.True(t, told(a.Published))
	require.True(t, told(b.Published))
	require.False(t, told(a.Visitors))
}

func TestWhoIsClosedHearsNothing(t *testing.T) {
	var f feed.Feed
	a, b := f.Listen("ana"), f.Listen("ana")
	a.Close()
	a.Close()
	f.VisitorChanged("ana")
	f.SitePublished()
	require.False(t, told(a.Visitors))
	require.False(t, told(a.Published))
	require.True(t, told(b.Visitors))
}

func TestListenersComeAndGoWhileChangesAreTold(t *testing.T) {
	var f feed.Feed
	var wg sync.WaitGroup
	for i := range 8 {
		id := fmt.Sprint("v", i%2)
		wg.Go(func() {
			for range 200 {
				l := f.Listen(id)
				f.VisitorChanged(id)
				f.SitePublished()
				if !told(l.Visitors) || !told(l.Published) {
					t.Error("not told")
				}
				l.Close()
			}
		})
	}
	wg.Wait()
}

func BenchmarkVisitorChanged(b *testing.B) {
	for _, listeners := range []int{0, 10_000} {
		b.Run(fmt.Sprintf("listeners=%d", listeners), func(b *testing.B) {
			var f feed.Feed
			for i := range listeners {
				f.Listen(fmt.Sprint("v", i))
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					f.VisitorChanged("v1")
				}
			})
		})
	}
}
