package acceptance

import (
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// deliverySpace is a small space with what the tests of delivery need.
const deliverySpace = "../../internal/contentful/emulator/delivery/testdata/space.json"

// reading serves the delivery API under /cda and the preview API under /cpa.
// POST /edit/{action}/{kind}/{id} is what an editor does, POST /limit answers
// the next two requests with 429, and POST /expire makes tokens of Sync invalid.
func reading(t *testing.T) string {
	file, err := os.Open(deliverySpace)
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	cda := delivery.New(s, delivery.Options{Token: "delivery"})
	cpa := delivery.New(s, delivery.Options{Token: "preview", Preview: true})

	var limited atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("/cda/", http.StripPrefix("/cda", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if limited.Add(-1) >= 0 {
			w.Header().Set("X-Contentful-Ratelimit-Reset", "0")
			wire.Fail(w, wire.DeliveryType, wire.Errorf(http.StatusTooManyRequests, "RateLimitExceeded", "You have exceeded the rate limit."))
			return
		}
		cda.ServeHTTP(w, r)
	})))
	mux.Handle("/cpa/", http.StripPrefix("/cpa", cpa))
	mux.HandleFunc("POST /limit", func(http.ResponseWriter, *http.Request) { limited.Store(2) })
	mux.HandleFunc("POST /expire", func(http.ResponseWriter, *http.Request) { cda.ExpireSync() })
	mux.HandleFunc("POST /edit/{action}/{kind}/{id}", func(_ http.ResponseWriter, r *http.Request) {
		if err := edit(s, r.PathValue("action"), store.Kind(r.PathValue("kind")), r.PathValue("id")); err != nil {
			t.Error(err)
		}
	})
	return serve(t, mux)
}

// edit does something to an entity of space s.
func edit(s *store.Store, action string, kind store.Kind, id string) error {
	scope, _ := s.Environment("s", "master")
	return scope.Update(func(tx *store.Tx) error {
		e, ok := tx.Get(kind, id)
		if !ok {
			return wire.NotFound(string(kind), id, "s", "master")
		}
		switch action {
		case "publish":
			tx.Publish(e)
		case "unpublish":
			tx.Unpublish(e)
		case "delete":
			tx.Delete(e)
		case "publish-german":
			tx.PublishIn(e, []string{"de"})
		}
		return nil
	})
}
