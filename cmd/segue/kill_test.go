package main_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/store/pebblestore"
	"github.com/segue-dev/segue/internal/visitor"
)

var (
	kills    = flag.Int("kills", 12, "how often TestNothingAcknowledgedIsLostHoweverOftenTheServerIsKilled kills it")
	killSeed = flag.Uint64("killSeed", 1, "of what it sends and when it kills")
)

// killWriters is how many clients send at a time.
const killWriters = 16

// TestNothingAcknowledgedIsLostHoweverOftenTheServerIsKilled has clients send
// batches that share visitors, most of them new and some of them identified, and
// kills the server while it works on several. Clients send what was not
// acknowledged again until it is. After a kill the store is read by itself.
func TestNothingAcknowledgedIsLostHoweverOftenTheServerIsKilled(t *testing.T) {
	t.Logf("-kills %d -killSeed %d", *kills, *killSeed)
	dir := t.TempDir()
	config := filepath.Join(dir, "segue.yaml")
	require.NoError(t, os.WriteFile(config, []byte("store: pebble:data\ncontent: \"\"\nsegments: \"\"\ndeadLetters: \"\"\nmaxSignals: 0\nretention: 0\n"), 0o600))
	s := serve(t, "--config", config)
	w := &killed{server: s, began: time.Now(), acked: map[string]killMessage{}}
	var writers sync.WaitGroup
	for i := range uint64(killWriters) {
		writers.Go(func() { w.write(t, i) })
	}
	rng := rand.New(rand.NewPCG(*killSeed, killWriters))
	for n := range *kills {
		w.killAfter(1 + rng.Int64N(300))
		w.up.Lock() // what is under way has failed or been answered by now
		if last := n == *kills-1; last || rng.IntN(3) == 0 {
			w.check(t, filepath.Join(dir, "data"))
			w.over = last || t.Failed()
		}
		if !w.over {
			s.Restart(t) // else from the log as the kill has left it
		}
		w.up.Unlock()
		if w.over {
			break
		}
	}
	writers.Wait()
	t.Logf("%d signals were acknowledged, %d requests failed", len(w.acked), w.failures.Load())
	require.NotZero(t, w.failures.Load())
}

// killed is a server that is killed while clients send.
type killed struct {
	server *server
	began  time.Time

	// up is held for reading while a request is under way, and for writing
	// while the server is down.
	up   sync.RWMutex
	over bool // there will be no server any more

	visitors atomic.Int64 // messages so far, by which new visitors come
	failures atomic.Int64
	moments  atomic.Int64 // of requests sent and answers received
	target   atomic.Pointer[killTarget]

	mu    sync.Mutex
	acked map[string]killMessage // by message id
}

// A killTarget is the moment at which to kill.
type killTarget struct {
	moment  int64
	reached chan struct{}
}

// killMessage is a message as the server gets it.
type killMessage struct {
	Type        string `json:"type"`
	Event       string `json:"event,omitempty"`
	MessageID   string `json:"messageId"`
	AnonymousID string `json:"anonymousId,omitempty"`
	UserID      string `json:"userId,omitempty"`
	Timestamp   string `json:"timestamp"`
}

// killAfter kills the server when that many requests more have been sent or
// answered.
func (w *killed) killAfter(moments int64) {
	target := &killTarget{w.moments.Load() + moments, make(chan struct{})}
	w.target.Store(target)
	<-target.reached
	w.server.Kill()
}

// moment takes note that a request has been sent or answered.
func (w *killed) moment() {
	now := w.moments.Add(1)
	if target := w.target.Load(); target != nil && now >= target.moment && w.target.CompareAndSwap(target, nil) {
		close(target.reached)
	}
}

// write sends batches, each until it is acknowledged, until the test is over.
func (w *killed) write(t *testing.T, writer uint64) {
	rng := rand.New(rand.NewPCG(*killSeed, writer))
	for n := 0; ; n++ {
		batch := w.batch(rng, fmt.Sprintf("%d-%d", writer, n))
		body, err := json.Marshal(map[string]any{"batch": batch})
		if err != nil {
			t.Error(err)
			return
		}
		for acknowledged := false; !acknowledged; {
			var over bool
			if acknowledged, over = w.send(t, string(body), batch); over {
				return
			}
		}
	}
}

// send sends a batch once.
func (w *killed) send(t *testing.T, body string, batch []killMessage) (acknowledged, over bool) {
	w.up.RLock()
	defer w.up.RUnlock()
	if w.over {
		return false, true
	}
	w.moment()
	var r receipt
	status, err := w.server.post("/v1/batch", body, &r)
	w.moment()
	if err != nil {
		w.failures.Add(1)
		return false, false
	}
	if status != http.StatusOK || r.Accepted+r.Duplicates != len(batch) {
		t.Errorf("answered %d: %+v", status, r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		w.acked[m.MessageID] = m
	}
	return true, false
}

// batch returns up to 30 messages of some of the newest visitors, and of a few
// who have come often.
func (w *killed) batch(rng *rand.Rand, id string) []killMessage {
	batch := make([]killMessage, 1+rng.IntN(30)*rng.IntN(2))
	for i := range batch {
		n := w.visitors.Add(1)
		device := max(0, int(n/8)-rng.IntN(12))
		if rng.IntN(4) == 0 {
			device = int(n/20_000)*20_000 + rng.IntN(8)
		}
		m := &batch[i]
		*m = killMessage{Type: "track", Event: "Step", MessageID: fmt.Sprintf("%s-%d", id, i), AnonymousID: fmt.Sprintf("device%d", device)}
		m.Timestamp = w.began.Add(time.Duration(n) * time.Millisecond / 100).UTC().Format(time.RFC3339Nano)
		user := fmt.Sprintf("user%d", device/2)
		switch rng.IntN(8) {
		case 0:
			m.Type, m.Event, m.UserID = "identify", "", user
		case 1:
			m.UserID = user
		case 2:
			m.AnonymousID, m.UserID = "", user
		}
	}
	return batch
}

// check asserts that the store in dir has every acknowledged signal, with its
// visitor, and none twice.
func (w *killed) check(t *testing.T, dir string) {
	t.Helper()
	store, err := pebblestore.Open(dir, pebblestore.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	stored := map[string]*visitor.Record{}
	for r, err := range store.All(t.Context()) {
		require.NoError(t, err)
		for _, sig := range r.Signals {
			if first := stored[sig.ID]; first != nil {
				t.Errorf("signal %s is stored twice: for %v and %v", sig.ID, first.IDs(), r.IDs())
			}
			stored[sig.ID] = r
		}
	}
	for id, m := range w.acked {
		switch r := stored[id]; {
		case r == nil:
			t.Errorf("acknowledged and not stored: %+v", m)
		case !slices.ContainsFunc([]string{m.AnonymousID, m.UserID}, r.Has):
			t.Errorf("%+v is stored for %v", m, r.IDs())
		case m.Type == "identify" && (!r.Has(m.AnonymousID) || !r.Has(m.UserID)):
			t.Errorf("acknowledged and not joined: %+v, of %v", m, r.IDs())
		}
	}
}
