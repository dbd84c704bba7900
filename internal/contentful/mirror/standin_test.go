package mirror_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/emulator/faults"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/mirror"
)

// standIn starts a stand-in for Contentful with some pages.
func standIn(t *testing.T) *emulatortest.Server {
	t.Helper()
	s := emulatortest.Start(t, emulator.Options{})
	scope, _ := s.Store.Environment("sp1", "master")
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		fields := []any{store.Object{"id": "title", "type": "Symbol"}}
		tx.Publish(tx.Create(store.Entity{Kind: store.ContentType, ID: "page", Body: store.Object{"name": "Page", "fields": fields}}))
		return nil
	}))
	for i := range 30 {
		publishAt(t, s, fmt.Sprint("page", i), "first")
	}
	return s
}

// publishAt publishes an entry of a stand-in.
func publishAt(t *testing.T, s *emulatortest.Server, id, title string) {
	t.Helper()
	scope, _ := s.Store.Environment("sp1", "master")
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		body := store.Object{"fields": store.Object{"title": store.Object{"en-US": title}}}
		e, ok := tx.Get(store.Entry, id)
		if ok {
			e = tx.Save(e, body)
		} else {
			e = tx.Create(store.Entity{Kind: store.Entry, ID: id, ContentType: "page", Body: body})
		}
		tx.Publish(e)
		return nil
	}))
}

// Whatever goes wrong with the delivery API for a while, the mirror serves what
// it has, and then what there is.
func TestFaultsOfTheStandIn(t *testing.T) {
	for name, f := range map[string]faults.Fault{
		"429 storm":         {Kind: faults.RateLimit, API: "cda", Times: 6},
		"5xx":               {Kind: faults.Status, API: "cda", Times: 6},
		"no answer":         {Kind: faults.Hang, API: "cda", Times: 2},
		"closed connection": {Kind: faults.Drop, API: "cda", Times: 6},
		"truncated JSON":    {Kind: faults.Truncate, API: "cda", Times: 6},
		"page above 7 MB":   {Kind: faults.TooLarge, API: "cda", Match: "sync", AboveOf: 10},
		"expired token":     {Kind: faults.ExpiredToken, API: "cda", Match: "sync_token", Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := standIn(t)
			api, err := contentful.NewCDA(emulatortest.Delivery, contentful.Options{
				Space: "sp1", BaseURL: s.CDA, HTTP: &http.Client{Timeout: 500 * time.Millisecond},
				Retry: contentful.Retry{Attempts: 2, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }},
			})
			require.NoError(t, err)
			tooLarge := f.Kind == faults.TooLarge // of the first sync
			if tooLarge {
				require.NoError(t, s.Faults.Add(f))
			}
			m := mirror.Open(mirror.Options{
				Space: "sp1", Environment: "master", API: api, Poll: time.Second, Log: slog.New(slog.DiscardHandler),
			})
			done := make(chan error, 1)
			ctx, cancel := context.WithCancel(t.Context())
			defer func() { require.NoError(t, <-done) }()
			defer cancel()
			go func() { done <- m.Run(ctx) }()
			<-m.Changed()
			require.Len(t, titlesOf(t, m), 30)

			if !tooLarge {
				require.NoError(t, s.Faults.Add(f))
			}
			publishAt(t, s, "page7", "second")
			require.Eventually(t, func() bool {
				titles := titlesOf(t, m)
				return len(titles) == 30 && titles["page7"] == "second"
			}, 20*time.Second, 10*time.Millisecond)
		})
	}
}

// The stand-in refuses what is above 7 MB as Contentful does: here what has
// changed, whose pages are as long as those of the first sync, so that the space
// is read anew in shorter ones.
func TestASpaceThatGrowsLarge(t *testing.T) {
	s := standIn(t)
	api, err := contentful.NewCDA(emulatortest.Delivery, contentful.Options{Space: "sp1", BaseURL: s.CDA})
	require.NoError(t, err)
	m := mirror.Open(mirror.Options{Space: "sp1", Environment: "master", API: api, Poll: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	<-m.Changed()
	scope, _ := s.Store.Environment("sp1", "master")
	require.NoError(t, scope.Update(func(tx *store.Tx) error {
		body := store.Object{"fields": store.Object{"title": store.Object{"en-US": strings.Repeat("x", 150<<10)}}}
		for i := range 100 {
			tx.Publish(tx.Create(store.Entity{Kind: store.Entry, ID: fmt.Sprint("large", i), ContentType: "page", Body: body}))
		}
		return nil
	}))
	_, err = api.Sync.Initial(t.Context(), 100)
	require.True(t, contentful.TooBig(err), "otherwise this shows nothing: %v", err)
	holds := func(text string) func() bool {
		return func() bool {
			titles := titlesOf(t, m)
			return len(titles) == 130 && strings.HasPrefix(titles["large7"], text)
		}
	}
	require.Eventually(t, holds("xxx"), 20*time.Second, 10*time.Millisecond)
	publishAt(t, s, "large7", "small")
	require.Eventually(t, holds("small"), 20*time.Second, 10*time.Millisecond)
	cancel()
	require.NoError(t, <-done)
}
