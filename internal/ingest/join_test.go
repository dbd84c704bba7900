package ingest_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

// A people is an Ingester with a store that joins ids, and what it told.
type people struct {
	*ingest.Ingester
	store visitor.Store
	tally map[visitor.Verdict]int

	mu   sync.Mutex
	told []string
}

func newPeople(t *testing.T) *people {
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	p := &people{store: store, tally: map[visitor.Verdict]int{}}
	p.Ingester = ingest.New(store, ingest.Options{
		Now: clock,
		Changed: func(id string) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.told = append(p.told, id)
		},
		Observer: observe(func(t ingest.Tally) {
			for v, n := range t.Joins {
				p.tally[v] += n
			}
		}),
	})
	return p
}

// take takes messages in, each a text: what is done, the anonymous id and the
// user id, "-" for none. The text is its message id.
func (p *people) take(t *testing.T, texts ...string) ingest.Receipt {
	t.Helper()
	var messages []signal.Message
	for _, text := range texts {
		f := strings.Fields(text)
		m := signal.Message{MessageID: text, Timestamp: now, Type: f[0], AnonymousID: f[1], UserID: f[2]}
		for _, id := range []*string{&m.AnonymousID, &m.UserID} {
			if *id == "-" {
				*id = ""
			}
		}
		switch f[0] {
		case "identify", "page":
		case "alias":
			m.PreviousID = f[3]
		default:
			m.Type, m.Event = "track", f[0]
		}
		messages = append(messages, m)
	}
	return accept(t, p.Ingester, ingest.Batch{Messages: messages})
}

// has returns the message ids of the visitor with an id, in alphabetical order.
func (p *people) has(t *testing.T, id string) []string {
	t.Helper()
	r, err := p.store.Get(t.Context(), id)
	require.NoError(t, err)
	got := []string{}
	for _, s := range r.Signals {
		got = append(got, s.ID)
	}
	slices.Sort(got)
	return got
}

func TestIdentifyMakesAnAnonymousVisitorTheUsers(t *testing.T) {
	p := newPeople(t)
	p.take(t, "order - ana")
	p.take(t, "view a1 -")
	p.told = nil
	receipt := p.take(t, "identify a1 ana", "cart a1 -")
	all := []string{"cart a1 -", "identify a1 ana", "order - ana", "view a1 -"}
	require.Equal(t, all, p.has(t, "a1"))
	require.Equal(t, all, p.has(t, "ana"))
	require.Equal(t, 2, receipt.Accepted)
	require.Same(t, receipt.Records["ana"], receipt.Records["a1"])
	require.Len(t, receipt.Records["ana"].Signals, 4)
	require.Subset(t, p.told, []string{"a1", "ana"}, "who listens to either is told")

	p.take(t, "view a2 -", "identify a2 ana", "more a1 -")
	require.Len(t, p.has(t, "a1"), 7, "a second device sees what the first did")
	require.Equal(t, p.has(t, "a1"), p.has(t, "a2"))
	require.Equal(t, map[visitor.Verdict]int{visitor.Joined: 2}, p.tally)
	n := 0
	for r, err := range p.store.All(t.Context()) {
		require.NoError(t, err)
		require.Equal(t, "ana", r.ID)
		n++
	}
	require.Equal(t, 1, n)
}

func TestWithoutAUserIDNothingIsJoined(t *testing.T) {
	p := newPeople(t)
	p.take(t, "identify a1 -", "identify - ana", "view a1 ana")
	require.Len(t, p.has(t, "a1"), 2)
	require.Len(t, p.has(t, "ana"), 1)
	require.Empty(t, p.tally)
}

// The next user of a device has nothing to do with what the one before did
// there, and their signals part at the identify.
func TestUsersOfOneDeviceStayApart(t *testing.T) {
	p := newPeople(t)
	p.take(t, "view a1 -", "identify a1 ana")
	p.take(t, "cart a1 -", "identify a1 bob", "sale a1 -")
	require.Equal(t, []string{"cart a1 -", "identify a1 ana", "view a1 -"}, p.has(t, "ana"))
	require.Equal(t, []string{"identify a1 bob", "sale a1 -"}, p.has(t, "bob"))
	require.Equal(t, p.has(t, "bob"), p.has(t, "a1"))

	p.take(t, "late a1 ana", "next a1 bob", "third a1 eve")
	require.Contains(t, p.has(t, "ana"), "late a1 ana", "a signal that names its user is theirs")
	require.Contains(t, p.has(t, "bob"), "next a1 bob")
	require.Equal(t, []string{"third a1 eve"}, p.has(t, "eve"))

	p.take(t, "identify a1 ana again", "back a1 -")
	require.Contains(t, p.has(t, "ana"), "back a1 -")
	require.Len(t, p.has(t, "bob"), 3)
	require.Equal(t, map[visitor.Verdict]int{visitor.Joined: 1, visitor.Switched: 2}, p.tally)
}

// An answer that was lost makes a client send a batch again, when the device may
// have another user.
func TestWhatComesAgainIsStillTheUsersOfThen(t *testing.T) {
	p := newPeople(t)
	p.take(t, "view a1 -", "identify a1 ana", "named a1 bob")
	ana := []string{"cart a1 -", "identify a1 ana", "view a1 -"}
	bob := []string{"identify a1 bob", "named a1 bob", "sale a1 -"}
	for _, batch := range [][]string{
		{"cart a1 -", "identify a1 bob", "sale a1 -"},
		{"cart a1 -", "identify a1 bob", "sale a1 -"},
		{"cart a1 -"},
		{"view a1 -", "identify a1 ana", "named a1 bob"},
	} {
		p.take(t, batch...)
		require.Equal(t, ana, p.has(t, "ana"), "%q", batch)
		require.Equal(t, bob, p.has(t, "bob"), "%q", batch)
	}
	receipt := p.take(t, "sale a1 -", "cart a1 -", "more a1 -")
	require.Equal(t, 1, receipt.Accepted)
	require.Equal(t, 2, receipt.Duplicates)
	require.Contains(t, p.has(t, "bob"), "more a1 -", "an identify that came again has not brought ana back")

	p.take(t, "early b1 ana")
	p.take(t, "identify b1 eve")
	require.Zero(t, p.take(t, "early b1 ana").Accepted, "it is eve's, who was at the device then without saying so")
}

// A process may end when the device is the next user's and nothing they did there
// is stored yet.
func TestABatchCutOffWhereItsDeviceChangesUsersIsCompleted(t *testing.T) {
	p := newPeople(t)
	p.take(t, "view a1 -", "identify a1 ana")
	p.take(t, "cart a1 -")
	identify := signal.Signal{ID: "identify a1 bob", At: now.UnixMilli()}
	v, err := p.store.Join(t.Context(), visitor.Join{From: "a1", To: "bob", By: identify})
	require.NoError(t, err)
	require.Equal(t, visitor.Switched, v)
	receipt := p.take(t, "cart a1 -", "identify a1 bob", "sale a1 -")
	require.Equal(t, 2, receipt.Accepted)
	require.Equal(t, 1, receipt.Duplicates)
	require.Equal(t, []string{"cart a1 -", "identify a1 ana", "view a1 -"}, p.has(t, "ana"))
	require.Equal(t, []string{"identify a1 bob", "sale a1 -"}, p.has(t, "bob"))
}

func TestAnAliasJoinsTwoIDsOfOnePerson(t *testing.T) {
	p := newPeople(t)
	p.take(t, "identify a1 ana", "identify a2 a.smith")
	p.take(t, "alias a2 a.smith ana")
	require.Equal(t, p.has(t, "ana"), p.has(t, "a.smith"))
	require.Len(t, p.has(t, "a1"), 3)

	p.take(t, "view b1 -", "view b2 -", "alias b2 - b1")
	require.Len(t, p.has(t, "b1"), 3)
}

func TestWhatCannotBeOnePersonIsNotJoinedAndSaysSo(t *testing.T) {
	p := newPeople(t)
	receipt := p.take(t, "view a1 -", "identify a1 null", "identify a2 Undefined")
	require.Len(t, p.has(t, "a1"), 2)
	require.Empty(t, p.has(t, "null"))
	require.Equal(t, 3, receipt.Accepted)
	require.Equal(t, ingest.Unjoined{
		Index: 1, MessageID: "identify a1 null", Why: visitor.Implausible,
		Reason: "one of the ids is what programs send when they have none; leave it out, or send the id of one person",
	}, receipt.Unjoined[0])
	require.Equal(t, map[visitor.Verdict]int{visitor.Implausible: 2}, p.tally)
}

func TestTooLateAnIdentifySaysNothing(t *testing.T) {
	p := newPeople(t)
	accept(t, p.Ingester, ingest.Batch{Messages: []signal.Message{
		{Type: "identify", AnonymousID: "a1", UserID: "ana", MessageID: "m", Timestamp: now.AddDate(0, 0, -8)},
	}})
	require.Len(t, p.has(t, "a1"), 1)
	require.Empty(t, p.has(t, "ana"))
}

func TestLinkedIDsAreOneVisitors(t *testing.T) {
	p := newPeople(t)
	p.take(t, "view a1 -", "view a2 -", "identify c1 cem", "identify d1 dan")
	for _, want := range []visitor.Verdict{visitor.Joined, visitor.Same} {
		v, err := p.Link(t.Context(), "a2", "a1")
		require.NoError(t, err)
		require.Equal(t, want, v)
	}
	require.Equal(t, []string{"view a1 -", "view a2 -"}, p.has(t, "a2"))
	v, err := p.Link(t.Context(), "c1", "d1")
	require.NoError(t, err)
	require.Equal(t, visitor.TwoUsers, v)
	require.Len(t, p.has(t, "c1"), 1)
	_, err = p.Link(t.Context(), "a1", strings.Repeat("x", 201))
	require.Error(t, err)
}

func TestRehearsingTellsWhatJoiningWouldDo(t *testing.T) {
	p := newPeople(t)
	p.take(t, "order - ana", "view a1 -")
	identify := signal.Message{Type: "identify", AnonymousID: "a1", UserID: "ana", MessageID: "m", Timestamp: now}
	b := ingest.Batch{Messages: []signal.Message{identify}}
	dry, err := p.Rehearse(t.Context(), b)
	require.NoError(t, err)
	require.Len(t, p.has(t, "a1"), 1)
	real := accept(t, p.Ingester, b)
	require.Equal(t, real.Records["a1"].Signals, dry.Records["a1"].Signals)
	require.Equal(t, real.Records["ana"].Summary, dry.Records["ana"].Summary)
	require.Equal(t, real.Records["ana"].IDs(), dry.Records["a1"].IDs())
}
