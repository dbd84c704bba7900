package ninetailed

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/errgroup"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/caller"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

// create answers the events of a visitor who has no id yet, and gives them one.
func (a *api) create(c echo.Context) error { return a.upsert(c, a.opts.NewID()) }

// update answers the events of a visitor. One who is not known is from then on:
// servers give new visitors their ids.
func (a *api) update(c echo.Context) error {
	id, err := profileID(c)
	if err != nil {
		return err
	}
	return a.upsert(c, id)
}

func (a *api) upsert(c echo.Context, id string) error {
	dry, err := preflight(c)
	if err != nil {
		return err
	}
	messages, err := a.read(c)
	if err != nil {
		return err
	}
	got, err := a.resolve(c, id, messages, dry || unseen(c.Request(), messages))
	if err != nil {
		return err
	}
	if err := someGood(len(messages), rejectedOf(got.Receipt.Rejected)); err != nil {
		return err
	}
	return ok(c, answerOf(got))
}

// callers reads who calls; whom the cookies name does not matter here.
var callers = caller.New(caller.Options{Cookies: []string{}})

// unseen reports whether no person sees the answer to a visitor's events, so that
// nothing of them is stored: a browser prefetches, or the visitor is a crawler. A
// server's own user agent says nothing; that in the events is the visitor's.
func unseen(r *http.Request, messages []signal.Message) bool {
	who := callers.Read(r)
	return who.Prefetch || caller.IsBot(messages[0].UserAgent)
}

// someGood complains if all of a request's events were rejected.
func someGood(events int, bad []rejected) error {
	if len(bad) < events {
		return nil
	}
	return fault.New(fault.Invalid, "events: none was good: %s", bad[0].Reason)
}

// resolve answers the events of one visitor.
func (a *api) resolve(c echo.Context, id string, messages []signal.Message, dry bool) (*resolve.Answer, error) {
	for i := range messages {
		messages[i].AnonymousID = id
	}
	return a.resolver.Resolve(c.Request().Context(), resolve.Request{AnonymousID: id, Messages: messages, Dry: dry, Record: true})
}

// get answers for a visitor who is known.
func (a *api) get(c echo.Context) error {
	id, err := profileID(c)
	if err != nil {
		return err
	}
	got, err := a.resolver.Resolve(c.Request().Context(), resolve.Request{AnonymousID: id, Record: true})
	if err != nil {
		return err
	}
	if got.Record.Summary.FirstSeen == 0 && len(got.Record.Signals) == 0 {
		return fault.New(fault.NotFound, "profile: there is none of this id")
	}
	return ok(c, answerOf(got))
}

// erase forgets a visitor.
func (a *api) erase(c echo.Context) error {
	id, err := profileID(c)
	if err != nil {
		return err
	}
	if err := a.resolver.Erase(c.Request().Context(), id); err != nil {
		return err
	}
	return ok(c, empty{})
}

// profiles is the data of what a batch is answered.
type profiles struct {
	Profiles []profile  `json:"profiles"` // in the order of their first events
	Rejected []rejected `json:"rejected,omitempty"`
}

// parallel is how many profiles of a batch are written at a time: enough for a
// store that commits in groups to fill them.
const parallel = 32

// batch takes the events of many visitors in and answers with their profiles.
func (a *api) batch(c echo.Context) error {
	dry, err := preflight(c)
	if err != nil {
		return err
	}
	messages, err := a.read(c)
	if err != nil {
		return err
	}
	ids, of, err := byProfile(messages)
	if err != nil {
		return err
	}
	data := profiles{Profiles: make([]profile, len(ids))}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, id := range ids {
		group.Go(func() error {
			got, err := a.resolve(c, id, of[id], dry)
			if err != nil {
				return fmt.Errorf("profile %q: %w", id, err)
			}
			data.Profiles[i] = profileOf(got)
			mu.Lock()
			defer mu.Unlock()
			data.Rejected = append(data.Rejected, rejectedOf(got.Receipt.Rejected)...)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := someGood(len(messages), data.Rejected); err != nil {
		return err
	}
	return ok(c, data)
}

// imported is the data of what an import is answered.
type imported struct {
	Accepted int        `json:"accepted"`
	Rejected []rejected `json:"rejected,omitempty"`
}

// importEvents takes the events of many visitors in, however old they are. It
// answers when they are durable, but with nobody's profile.
func (a *api) importEvents(c echo.Context) error {
	receipt, err := a.in.Take(c, func(body []byte) (ingest.Batch, error) {
		messages, err := a.decode(c, body)
		return ingest.Batch{Messages: messages, Historical: true}, err
	})
	if err != nil {
		return err
	}
	return ok(c, imported{receipt.Accepted + receipt.Duplicates + receipt.Conflicting, rejectedOf(receipt.Rejected)})
}

// insights takes in what visitors saw, clicked and hovered over.
func (a *api) insights(c echo.Context) error {
	_, err := a.in.Take(c, func(body []byte) (ingest.Batch, error) {
		messages, err := decodeInsights(body)
		return ingest.Batch{Messages: messages}, err
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// newID returns a random UUID, version 4.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
