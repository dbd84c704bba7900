package permutation_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/permutation"
)

var home = permutation.Place{Page: "home", Locale: "en-US"}

func answer(p *permutation.Page, key string, times int) (shared bool) {
	for range times {
		shared = p.Answered(key)
	}
	return shared
}

func demotedKeys(list []permutation.Permutation) (keys []string) {
	for _, p := range list {
		keys = append(keys, p.Key)
	}
	return keys
}

func TestWhatComesFirstIsSharedAsLongAsThereIsRoom(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 2})
	p := r.Page(home)
	require.True(t, answer(p, "a", 1))
	require.True(t, answer(p, "b", 1))
	require.False(t, answer(p, "c", 1))
	require.True(t, answer(r.Page(permutation.Place{Page: "home", Locale: "de"}), "c", 1), "each locale has its own room")
}

func TestTheMoreWantedTakesThePlaceOfTheLeastWanted(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 2})
	p := r.Page(home)
	answer(p, "a", 10)
	answer(p, "b", 4)
	answer(p, "c", 6)
	require.Empty(t, r.Turn(), "half as much again is not more than that")
	answer(p, "c", 1)
	require.Equal(t, []string{"b"}, demotedKeys(r.Turn()))
	require.True(t, answer(p, "c", 1))
	require.False(t, answer(p, "b", 1))
}

func TestTwoThatAreWantedAlikeDoNotTakeTurns(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 1})
	p := r.Page(home)
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.IntRange(10, 14).Draw(rt, "a"), rapid.IntRange(10, 14).Draw(rt, "b")
		answer(p, "a", a)
		answer(p, "b", b)
		require.Empty(rt, r.Turn())
	})
}

func TestAStrayAnswerTakesNoPlace(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 1})
	p := r.Page(home)
	answer(p, "a", 1)
	for range 2 * int(permutation.Window/permutation.Step) {
		require.Empty(t, r.Turn())
	}
	answer(p, "b", 2)
	require.Empty(t, r.Turn(), "a is not asked for any more, but two answers are not enough")
	answer(p, "b", 1)
	require.Equal(t, []string{"a"}, demotedKeys(r.Turn()))
}

func TestAnswersCountForTheWindow(t *testing.T) {
	r := permutation.New(permutation.Options{})
	p := r.Page(home)
	answer(p, "a", 3)
	answer(p, "b", 1)
	want := []permutation.Usage{{Place: home, Answers: 4, Live: 2, Permutations: []permutation.Share{
		{Key: "a", Answers: 3, Share: .75, Shared: true}, {Key: "b", Answers: 1, Share: .25, Shared: true},
	}}}
	require.Equal(t, want, r.Usage(""))
	for range int(permutation.Window / permutation.Step) {
		require.Equal(t, want, r.Usage("home"))
		r.Turn()
	}
	require.Empty(t, r.Usage(""))
	require.Empty(t, r.Usage("other"))
	require.Len(t, r.Held(), 2, "caches may still hold them")
}

func TestWhatNoCacheCanHoldIsForgotten(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 1, Keep: time.Hour})
	p := r.Page(home)
	answer(p, "a", 1)
	for range 61 {
		r.Turn()
		require.Len(t, r.Held(), 1)
	}
	r.Turn()
	require.Empty(t, r.Held())
	require.True(t, answer(p, "b", 1), "there is room again")
}

func TestKeysBeyondAllCountAreAnsweredAndAddedUp(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 2})
	p := r.Page(home)
	for i := range 100 {
		answer(p, fmt.Sprint(i), 1)
	}
	u := r.Usage("home")[0]
	require.Equal(t, 100, u.Answers)
	require.Equal(t, 16, u.Live)
	require.Equal(t, 84, u.Other)
	require.Len(t, r.Held(), 16)
}

func TestForgottenKeysMakeRoom(t *testing.T) {
	r := permutation.New(permutation.Options{Cap: 1})
	p := r.Page(home)
	answer(p, "old", 5)
	require.False(t, answer(p, "new", 1))
	r.Forget([]permutation.Permutation{{Place: home, Key: "old"}, {Place: home, Key: "never"}, {Place: permutation.Place{Page: "x"}, Key: "y"}})
	require.Empty(t, r.Turn(), "nobody lost a place")
	require.True(t, answer(p, "new", 1))
	require.Equal(t, []permutation.Permutation{{Place: home, Key: "new"}}, r.Held())
}

func TestNamesAreRememberedWithinBounds(t *testing.T) {
	r := permutation.New(permutation.Options{})
	p := r.Page(home)
	p.Named(permutation.Ref{Page: "page:home"})
	p.Named(permutation.Ref{Page: "page:home"})
	require.Equal(t, []permutation.Ref{{Page: "page:home"}}, r.Refs(home))
	for i := range 100 {
		p.Named(permutation.Ref{Page: fmt.Sprint(i)})
	}
	require.Len(t, r.Refs(home), 8)
	require.Empty(t, r.Refs(permutation.Place{Page: "nowhere"}))
}

// TestSharedCachesKeepNoMoreThanTheCap holds whatever is answered, and that two
// registries that are told the same decide the same.
func TestSharedCachesKeepNoMoreThanTheCap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 4).Draw(rt, "cap")
		a, b := permutation.New(permutation.Options{Cap: limit, Keep: 20 * time.Minute}), permutation.New(permutation.Options{Cap: limit, Keep: 20 * time.Minute})
		inCaches := map[string]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "turns") {
			for _, key := range rapid.SliceOf(rapid.StringMatching("[a-h]")).Draw(rt, "answers") {
				shared := a.Page(home).Answered(key)
				require.Equal(rt, shared, b.Page(home).Answered(key))
				if shared {
					inCaches[key] = true
				}
				require.LessOrEqual(rt, len(inCaches), limit)
			}
			demoted := a.Turn()
			require.Equal(rt, demoted, b.Turn())
			for _, p := range demoted {
				delete(inCaches, p.Key) // purged
			}
			held := map[string]bool{}
			for _, p := range a.Held() {
				held[p.Key] = true
			}
			for key := range inCaches {
				if !held[key] {
					delete(inCaches, key) // run out
				}
			}
		}
	})
}

func TestCountingIsSafeForConcurrentUse(t *testing.T) {
	r := permutation.New(permutation.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			p := r.Page(home)
			for i := range 1000 {
				p.Answered(fmt.Sprint(i % 40))
			}
		})
	}
	for range 5 {
		r.Turn()
	}
	wg.Wait()
	require.Equal(t, 8000, r.Usage("home")[0].Answers)
}

func TestCountingAllocatesNothing(t *testing.T) {
	p := permutation.New(permutation.Options{}).Page(home)
	answer(p, "a", 1)
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Answered("a") }))
}

func TestTagsFitAllCaches(t *testing.T) {
	require.Equal(t, "e-6aBc_1.x-2", permutation.TagOfEntity("6aBc_1.x-2"))
	require.Equal(t, "page-home", permutation.TagOfPage("home"))
	require.Equal(t, "v-home.en-US.eBsPNw", permutation.Permutation{Place: home, Key: "eBsPNw"}.Tag())
	rapid.Check(t, func(rt *rapid.T) {
		id := rapid.String().Draw(rt, "id")
		for _, tag := range []string{permutation.TagOfEntity(id), permutation.TagOfPage(id), permutation.Permutation{Place: permutation.Place{Page: id}, Key: id}.Tag()} {
			require.Regexp(rt, `^[A-Za-z0-9._-]{3,128}$`, tag)
		}
	})
	require.NotEqual(t, permutation.TagOfEntity("a b"), permutation.TagOfEntity("a c"))
}
