package examples_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
)

// track returns a track of an event that happens as it is asked about.
func track(visitor, event string) []signal.Message {
	return []signal.Message{{Type: "track", AnonymousID: visitor, Event: event}}
}

func slotOf(t *testing.T, answer *resolve.Answer, baseline string) decision.Slot {
	t.Helper()
	for _, s := range answer.Decision.Slots {
		if s.Baseline == baseline {
			return s
		}
	}
	require.Fail(t, "no such slot", baseline)
	return decision.Slot{}
}

func TestHighIntentEndsWithTheOrderOrADayLater(t *testing.T) {
	e := open(t, "storefront")
	ana := resolve.Request{AnonymousID: "buyer-ana", Page: "page:home"}
	before := e.resolve(t, ana)
	checkout := time.Date(2026, time.November, 20, 15, 50, 48, 0, time.UTC)
	require.Equal(t, checkout.Add(24*time.Hour), before.ValidUntil.UTC())

	later := ana
	later.At = before.ValidUntil.Add(-time.Millisecond)
	require.Contains(t, e.resolve(t, later).Segments, "high-intent")
	later.At = before.ValidUntil
	require.NotContains(t, e.resolve(t, later).Segments, "high-intent")

	ana.Messages = track("buyer-ana", "Order Completed")
	require.NotContains(t, e.resolve(t, ana).Segments, "high-intent")
}

func TestAHoldoutKeepsTheBaselineAndSaysSo(t *testing.T) {
	e := open(t, "storefront")
	cem := slotOf(t, e.resolve(t, resolve.Request{AnonymousID: "comparer-cem", Page: "page:grinders"}), "grinders-banner")
	lea := slotOf(t, e.resolve(t, resolve.Request{AnonymousID: "comparer-lea", Page: "page:grinders"}), "grinders-banner")
	require.Equal(t, "grinders-banner-advice", cem.Entry)
	require.Equal(t, "grinders-banner", lea.Entry)
	require.Equal(t, decision.Holdout, lea.Reason)
}

func TestSlotsFallThroughToTheNextSegment(t *testing.T) {
	answer := open(t, "storefront").resolve(t, resolve.Request{AnonymousID: "regular-jon", Page: "page:home"})
	require.Equal(t, "hero-finish-order", slotOf(t, answer, "home-hero").Entry)
	require.Equal(t, "featured-refills", slotOf(t, answer, "home-featured").Entry)
}

func TestOneLookAtTheDashboardIsAReturn(t *testing.T) {
	e := open(t, "saas-trial")
	lou := resolve.Request{AnonymousID: "lapsed-lou", Page: "screen:home"}
	require.Equal(t, []string{"activated-not-returned", "activated-3d"}, e.resolve(t, lou).Segments)
	lou.Messages = track("lapsed-lou", "Dashboard Viewed")
	require.Equal(t, []string{"activated-3d"}, e.resolve(t, lou).Segments)
}

func TestGreetingsHaveNames(t *testing.T) {
	e := open(t, "saas-trial")
	ada := e.resolve(t, resolve.Request{AnonymousID: "activator-ada", Page: "screen:home"})
	require.Contains(t, string(ada.Page), `"Ada"`)
	require.Contains(t, string(ada.Page), "Fennel")
	sue := e.resolve(t, resolve.Request{AnonymousID: "stalled-sue", Page: "screen:home"})
	require.Contains(t, string(sue.Page), `"there"`)
}

func TestGermanFallsBackToEnglish(t *testing.T) {
	e := open(t, "publisher")
	page := string(e.resolve(t, resolve.Request{AnonymousID: "reader-rui", Page: "page:home", Locale: "de-DE"}).Page)
	require.Contains(t, page, "Langer Text, 14 Minuten")
	require.Contains(t, page, "Readers like you use the archive")
	require.NotContains(t, page, "Long read, 14 minutes")
}

// TestRetailRocket reproduces what is known of a public recording, and again
// when its rows come in another order and each comes twice.
func TestRetailRocket(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("SEGUE_TEST_DATA names no directory with clickstream/retailrocket-sample.csv")
	}
	mapping, err := config.Mapping("mappings/retailrocket.yaml")
	require.NoError(t, err)
	recording := read(t, filepath.Join(data, "clickstream", "retailrocket-sample.csv"))

	e := load(t, "retailrocket")
	first := e.replay(t, recording, &mapping)
	require.Equal(t, [3]int{9382, 3, 5000}, [3]int{first.Accepted, first.Duplicates, first.Visitors})
	require.Zero(t, e.replay(t, recording, &mapping).Accepted)
	require.Equal(t, knownFacts, e.counts(t))

	header, rows, _ := strings.Cut(recording, "\n")
	shuffled := strings.Split(strings.TrimSpace(rows), "\n")
	shuffled = append(shuffled, shuffled...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) {
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	})
	e = load(t, "retailrocket")
	require.Equal(t, 9382, e.replay(t, header+"\n"+strings.Join(shuffled, "\n"), &mapping).Accepted)
	require.Equal(t, knownFacts, e.counts(t))
}

var knownFacts = map[string]int{"browsed-five-no-add": 121, "buyers": 39}

// counts returns how many visitors are in each segment.
func (e *example) counts(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for record, err := range e.store.All(t.Context()) {
		require.NoError(t, err)
		for _, i := range e.site.Segments.Evaluate(record, nil, end.UnixMilli()).Members {
			counts[e.site.Segments.Key(i)]++
		}
	}
	return counts
}
