package segment

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var shapeTexts = []string{
	"a", "aa", "context.country", "context.device", "context.device.type", "context.locale", "context.location.country",
	"context.page.search", "context.page.url", "search", "url", "z",
}

func genProps() *rapid.Generator[signal.Props] {
	return rapid.Custom(func(t *rapid.T) signal.Props {
		var props signal.Props
		for i, text := range rapid.SliceOfN(rapid.SampledFrom(shapeTexts), 0, 8).Draw(t, "keys") {
			props = append(props, prop{Key: text, Value: signal.NumberOf(float64(i))})
		}
		props.Sort()
		return props
	})
}

func TestShapesFindWhatSearchesFind(t *testing.T) {
	types := rapid.SampledFrom([]signal.Type{signal.Track, signal.Page})
	rapid.Check(t, func(t *rapid.T) {
		ks := keys{known: map[string]*key{}}
		var asked []*key
		for _, text := range rapid.SliceOf(rapid.SampledFrom(shapeTexts)).Draw(t, "asked") {
			asked = append(asked, ks.of(text))
		}
		for _, name := range []string{"device", "language", "continent", "utm_source", "query.a"} {
			ks.attribute(name)
		}
		ks.number()
		caches := map[signal.Type]*shapeCache{signal.Track: {}, signal.Page: {}}
		for range 20 {
			sig := &signal.Signal{Type: types.Draw(t, "type"), Props: genProps().Draw(t, "props")}
			shaped, bare := item{sig, caches[sig.Type].of(&ks, sig)}, item{Signal: sig}
			for _, k := range asked {
				require.True(t, slices.Equal(bare.all(k), shaped.all(k)), k.text)
			}
			for _, a := range ks.attributes {
				require.True(t, slices.Equal(bare.carried(a), shaped.carried(a)), a.name)
				var buf [2]prop
				if len(a.in(&bare, &buf)) > 0 {
					require.True(t, shaped.shape.says[a.n], a.name)
				}
			}
		}
	})
}

func TestKindsAndDevicesAreToldApart(t *testing.T) {
	set := mixedSet(t, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var kinds kindList
		var devices deviceList
		numbers := map[string]int32{}
		counted := map[*name]int32{}
		for range 3 * few {
			sig := &signal.Signal{
				Type:   rapid.SampledFrom([]signal.Type{signal.Track, signal.Page}).Draw(t, "type"),
				Name:   rapid.SampledFrom([]string{"Order Completed", "order_completed", "pricing", ""}).Draw(t, "name"),
				Device: fmt.Sprint(rapid.IntRange(0, 2*few).Draw(t, "device")),
				Props:  genProps().Draw(t, "props"),
			}
			k := kinds[kinds.of(set, sig)]
			require.Same(t, set.events.of(sig), k.known)
			require.True(t, k.shape.fits(sig.Props))
			counted[k.known]++
			n := devices.of(sig.Device)
			if _, seen := numbers[sig.Device]; !seen {
				require.Len(t, numbers, int(n))
				numbers[sig.Device] = n
			}
			require.Equal(t, numbers[sig.Device], n)
		}
		for _, k := range kinds {
			counted[k.known] -= k.signals
		}
		for _, left := range counted {
			require.Zero(t, left)
		}
	})
}

func TestRepetitionsAreThoseOfEqualValues(t *testing.T) {
	vals := rapid.SampledFrom([]signal.Value{
		signal.NumberOf(3), signal.TextOf("3"), signal.TextOf("3.0"), signal.TextOf("003"), signal.NumberOf(math.Copysign(0, -1)),
		signal.NumberOf(0), signal.TextOf("three"), signal.TextOf(""), signal.BoolOf(true), signal.TextOf("true"),
	})
	rapid.Check(t, func(t *rapid.T) {
		var ids []identity
		drawn := rapid.SliceOfN(vals, 0, 30).Draw(t, "values")
		for _, v := range drawn {
			ids = append(ids, identify(v))
		}
		middle := int32(rapid.IntRange(0, len(ids)).Draw(t, "middle"))
		group := []int32{0, middle, int32(len(ids))}
		got := (&binding{}).repetitions(ids, group)
		for i := range drawn {
			want, end := len(ids), len(ids)
			if int32(i) < middle {
				end = int(middle)
			}
			for k := end - 1; k > i; k-- {
				if drawn[k].Equal(drawn[i]) {
					want = k
				}
			}
			require.EqualValues(t, want, got[i], "of %d", i)
		}
	})
}

func TestWholeNumbersAreReadAsAllNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := signal.TextOf(rapid.StringMatching(`[0-9.+-]{0,2}[0-9]{0,18}`).Draw(t, "text"))
		want, wantOK := v.Float()
		got, ok := number(v)
		require.Equal(t, wantOK, ok)
		require.Equal(t, want, got)
	})
}

// A Log must not depend on what was bound before in the same memory, nor change
// when something is bound after it.
func TestLogsShareNothing(t *testing.T) {
	sets := []*Set{mixedSet(t, time.UTC), compileRule(t, "count: {of: '*', distinct: price, session: any}", Options{})}
	var logs, want []*Log
	for i := range 40 {
		rec, set := shopper(rand.New(rand.NewPCG(7, uint64(i))), 1+(i*37)%150), sets[i%3%2]
		want = append(want, set.bind(rec).log)
		logs = append(logs, set.Bind(rec))
	}
	for i := range logs {
		require.Equal(t, want[i].columns, logs[i].columns)
		require.True(t, slices.Equal(want[i].values, logs[i].values))
		require.True(t, slices.Equal(want[i].sessions, logs[i].sessions))
		require.True(t, slices.Equal(want[i].turns, logs[i].turns))
	}
}

func TestALogIsSmall(t *testing.T) {
	set := mixedSet(t, time.UTC)
	const signals = 1000
	fixed := set.Bind(&visitor.Record{}).Size()
	size := set.Bind(shopper(rand.New(rand.NewPCG(1, 1)), signals)).Size()
	require.Greater(t, size-fixed, 8*signals, "the times alone")
	require.Less(t, size-fixed, 45*signals)
	require.Less(t, fixed, 4096)
}
