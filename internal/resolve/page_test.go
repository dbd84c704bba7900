package resolve_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// keysOf returns the keys of the home page for ana without signals and with
// something in the cart.
func keysOf(t *testing.T, r *rig) (plain, cart string) {
	t.Helper()
	plain = r.ask(t, resolve.Request{Page: "home"}).Key
	cart = r.ask(t, resolve.Request{Page: "home", Messages: []signal.Message{r.event("m1", "Product Added", 0)}}).Key
	require.NotEqual(t, plain, cart)
	return plain, cart
}

func TestEveryAnswerForAPageIsCounted(t *testing.T) {
	registry := permutation.New(permutation.Options{Cap: 1})
	r := newRigWith(t, registry)
	plain, cart := keysOf(t, r)
	page, err := r.Page("page:home", plain, "en-US")
	require.NoError(t, err)
	require.True(t, page.Shared)
	page, err = r.Page("home", cart, "")
	require.NoError(t, err)
	require.False(t, page.Shared, "there is room for one")
	require.False(t, page.Outdated)
	_, err = r.Page("home", "outdated", "")
	require.NoError(t, err)
	r.ask(t, resolve.Request{})
	r.ask(t, resolve.Request{Page: "home", At: start})

	usage := registry.Usage("home")
	require.Len(t, usage, 1)
	require.Equal(t, 4, usage[0].Answers, "not the decision alone, an instant of the past, or an outdated key")
	require.Equal(t, 2, usage[0].Live)
	require.Equal(t, []permutation.Ref{{Page: "home"}, {Page: "page:home", Locale: "en-US"}}, registry.Refs(usage[0].Place))
}

func TestAPublishChangesExactlyThePermutationsThatShowIt(t *testing.T) {
	registry := permutation.New(permutation.Options{})
	r := newRigWith(t, registry)
	plain, _ := keysOf(t, r)
	held := registry.Held()
	require.Len(t, held, 2)

	changed, gone := resolve.Changed(r.Site(), newSite(t, "Welcome"), held)
	require.Empty(t, changed, "the same content, read again")
	require.Empty(t, gone)

	changed, gone = resolve.Changed(r.Site(), newSite(t, "Hello"), held)
	require.Len(t, changed, 1, "the hero of the cart shows as before")
	require.Equal(t, plain, changed[0].Key)
	require.Empty(t, gone)

	elsewhere := edited(t, r.Site(), false)
	changed, gone = resolve.Changed(r.Site(), elsewhere, held)
	require.Equal(t, held, changed, "with other experiences the keys mean nothing")
	require.Equal(t, held, gone)

	changed, gone = resolve.Changed(elsewhere, elsewhere, held)
	require.Empty(t, changed)
	require.Equal(t, held, gone)
}

func TestWhatIsMadeOfAPageIsMadeOnce(t *testing.T) {
	r := newRig(t)
	plain, _ := keysOf(t, r)
	made := 0
	for range 3 {
		page, err := r.Page("home", plain, "")
		require.NoError(t, err)
		require.Equal(t, 1, page.Kept(func() any { made++; return made }))
	}
}

func newRigWith(t *testing.T, registry *permutation.Registry) *rig {
	t.Helper()
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	r := &rig{store: store, now: start}
	clock := func() time.Time { return r.now }
	r.Resolver = resolve.New(store, ingest.New(store, ingest.Options{Now: clock}), newSite(t, "Welcome"), resolve.Options{Now: clock, Permutations: registry})
	return r
}
