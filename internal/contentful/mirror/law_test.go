package mirror_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A deed is one thing that happens to a space or to what tells of it.
type deed struct {
	what  string
	id    string
	which int           // of the webhooks that are on their way
	wait  time.Duration // afterwards
}

func genDeed() *rapid.Generator[deed] {
	return rapid.Custom(func(t *rapid.T) deed {
		return deed{
			what:  rapid.SampledFrom([]string{"publish", "publish", "publish", "unpublish", "silently", "unseen", "deliver", "deliver", "deliver", "again", "forge", "expire", "break", "mend", "restart", "nothing"}).Draw(t, "what"),
			id:    rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"),
			which: rapid.IntRange(0, 9).Draw(t, "which"),
			wait:  time.Duration(rapid.SampledFrom([]int{1, 1, 1, 700, 5000, 20000, 90000}).Draw(t, "ms")) * time.Millisecond,
		}
	})
}

// A post has webhooks that are on their way, and those that came.
type post struct{ way, came []webhookOf }

type webhookOf struct {
	topic string
	body  []byte
}

// do does a deed.
func (r *running) do(t *testing.T, d deed, p *post, dir string) *running {
	send := func(action string, body []byte) { p.way = append(p.way, webhookOf{"Entry." + action, body}) }
	title := fmt.Sprint(time.Now().UnixNano())
	switch d.what {
	case "publish":
		send("publish", r.stub.publish(d.id, title))
	case "unpublish":
		send("unpublish", r.stub.unpublish(d.id))
	case "silently": // no webhook ever tells
		r.stub.publish(d.id, title)
	case "unseen": // no sync ever tells
		r.stub.lost[d.id] = true
		send("publish", r.stub.publish(d.id, title))
		r.stub.lost[d.id] = false
	case "deliver":
		if n := len(p.way); n > 0 {
			w := p.way[d.which%n]
			p.way = slices.Delete(p.way, d.which%n, d.which%n+1)
			p.came = append(p.came, w)
			r.apply(w.topic, w.body)
		}
	case "again":
		if n := len(p.came); n > 0 {
			w := p.came[d.which%n]
			r.apply(w.topic, w.body)
		}
	case "forge":
		other := newStub()
		if d.which%2 == 0 {
			r.apply("Entry.publish", other.publish(d.id, "forged"))
		} else {
			r.apply("Entry.unpublish", other.unpublish(d.id))
		}
	case "expire":
		r.stub.mu.Lock()
		r.stub.gone = len(r.stub.history) + 1
		r.stub.mu.Unlock()
	case "break":
		faults := []http.HandlerFunc{
			with(503, failure("ServerError", "")), with(429, failure("RateLimitExceeded", "")),
			func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"items": [`)) },
		}
		r.stub.breaks([]string{"", "sync", "entries"}[d.which%3], faults[d.which%len(faults)])
	case "mend":
		r.stub.breaks("", nil)
	case "restart":
		r.stop()
		r = start(t, r.stub, dir, false)
	}
	after(d.wait)
	return r
}

// settled does all deeds, lets the rest of the webhooks come, and waits. It
// returns what a mirror then shows, and what one shows that reads it all anew.
func settled(t *testing.T, deeds []deed) (got, want map[string]string) {
	synctest.Test(t, func(t *testing.T) {
		s, dir, p := newStub(), t.TempDir(), &post{}
		s.publish("a", "first")
		r := start(t, s, dir, false)
		after(time.Second)
		for _, d := range deeds {
			r = r.do(t, d, p, dir)
		}
		r.stub.breaks("", nil)
		for len(p.way) > 0 {
			r = r.do(t, deed{what: "deliver", wait: time.Millisecond}, p, dir)
		}
		after(12 * time.Minute)
		got = r.titles()
		want = start(t, s, "", false).titles()
	})
	return got, want
}

func TestWhateverHappensTheMirrorIsTheSpaceInTheEnd(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		deeds := rapid.SliceOfN(genDeed(), 0, 30).Draw(r, "deeds")
		got, want := settled(t, deeds)
		require.Equal(r, want, got)
	})
}
