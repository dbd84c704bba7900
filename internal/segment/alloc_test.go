//go:build !race

package segment

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEvaluateAllocatesNothing(t *testing.T) {
	for _, zone := range []*time.Location{time.UTC, newYork} {
		set := mixedSet(t, zone)
		log := set.Bind(shopper(rand.New(rand.NewPCG(1, 1)), 256))
		var res Result
		allocs := testing.AllocsPerRun(100, func() { log.Evaluate(shopContext, t0.UnixMilli(), &res) })
		require.Zero(t, allocs, zone)
		require.NotEmpty(t, res.Members)
		require.NotEqual(t, Forever, res.ValidUntil)
	}
}

func TestModeAllocatesNothing(t *testing.T) {
	set := compileRule(t, "mode: {of: Product Viewed, property: category, ever: true, eq: shoes}", Options{})
	log := set.Bind(shopper(rand.New(rand.NewPCG(1, 1)), 256))
	var res Result
	require.Zero(t, testing.AllocsPerRun(100, func() { log.Evaluate(shopContext, t0.UnixMilli(), &res) }))
}

func TestBindAllocatesLittle(t *testing.T) {
	set := mixedSet(t, time.UTC)
	rec := shopper(rand.New(rand.NewPCG(1, 1)), 256)
	require.Less(t, testing.AllocsPerRun(100, func() { set.Bind(rec) }), 40.0)
}

func TestHeldRulesAllocateNothing(t *testing.T) {
	set := compileHeld(t, time.Hour, "count: {of: a, last: 10m, gte: 1}")
	log := set.Bind(record(t, threeClicks))
	var res Result
	now := at(t, "40m")
	log.Evaluate(nil, now, &res)
	require.NotEmpty(t, res.Members)
	require.Zero(t, testing.AllocsPerRun(100, func() { log.Evaluate(nil, now, &res) }))
}
