package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An answer is what tests read of a resolve answer.
type answer struct {
	Segment     string
	Segments    []string
	Slots       map[string]struct{ Variant int }
	Experiences []struct{ ID string }
	Key         string
	Page        json.RawMessage
	Detail      string // of a problem
}

func TestTheStorefrontGivesEachKindOfVisitorItsOwnPage(t *testing.T) {
	config := root("examples", "storefront", "segue.yaml")
	store := "store=pebble:" + t.TempDir()
	var replayed struct{ Accepted, Rejected int }
	report(t, &replayed, "replay", "--config", config, "--set", store, "--end", "now", root("examples", "storefront", "signals.ndjson"))
	require.NotZero(t, replayed.Accepted)
	require.Zero(t, replayed.Rejected)

	s := serve(t, "--config", config, "--set", store)
	pages := map[string]string{}
	for visitor, segment := range map[string]string{"buyer-ana": "high-intent", "comparer-cem": "comparison-shopper", "browser-bea": "browser"} {
		var a answer
		status, err := s.post("/v1/resolve", fmt.Sprintf(`{"visitor": %q, "page": "page:home"}`, visitor), &a)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, segment, a.Segment)
		changed := 0
		for _, slot := range a.Slots {
			changed += min(slot.Variant, 1)
		}
		require.GreaterOrEqual(t, changed, 3, "%s sees several components of their own", visitor)
		pages[a.Key] = string(a.Page)
	}
	require.Len(t, pages, 3)
	require.Zero(t, s.Stop(t))
}

// A memberReport is what `segue segments --output json` prints.
type memberReport struct {
	Visitors int
	Segments []struct {
		Key     string
		Members int
		IDs     []string
	}
}

func TestTheRetailrocketLogGivesTheKnownSegments(t *testing.T) {
	log := testData(t, "clickstream", "retailrocket-sample.csv")
	flags := []string{"--config", root("examples", "retailrocket", "segue.yaml")}
	replay := func(store, file string) (r struct{ Accepted, Duplicates, Rejected, Visitors int }) {
		report(t, &r, append([]string{"replay", "--mapping", root("examples", "mappings", "retailrocket.yaml"), "--set", store, file}, flags...)...)
		return r
	}
	segments := func(store string) (r memberReport) {
		report(t, &r, append([]string{"segments", "--members", "--at", "2015-09-18T03:00:00Z", "--set", store}, flags...)...)
		return r
	}

	store := "store=pebble:" + t.TempDir()
	first := replay(store, log)
	require.Equal(t, 9382, first.Accepted)
	require.Equal(t, 3, first.Duplicates)
	require.Equal(t, 5000, first.Visitors)
	again := replay(store, log)
	require.Zero(t, again.Accepted)
	require.Equal(t, 9385, again.Duplicates)
	facts := segments(store)
	require.Equal(t, 5000, facts.Visitors)
	members := map[string]int{}
	for _, s := range facts.Segments {
		require.Len(t, s.IDs, s.Members)
		require.True(t, slices.IsSorted(s.IDs))
		members[s.Key] = s.Members
	}
	require.Equal(t, 121, members["browsed-five-no-add"])
	require.Equal(t, 39, members["buyers"])

	shuffled := "store=pebble:" + t.TempDir()
	require.Equal(t, 9382, replay(shuffled, shuffledTwice(t, log)).Accepted)
	require.Equal(t, facts, segments(shuffled))
}

// shuffledTwice writes the rows of a CSV file twice and in random order.
func shuffledTwice(t *testing.T, path string) string {
	t.Helper()
	src, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(src), []byte("\n"))
	rows := slices.Concat(lines[1:], lines[1:])
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	out := filepath.Join(t.TempDir(), "shuffled.csv")
	require.NoError(t, os.WriteFile(out, bytes.Join(append(lines[:1:1], rows...), []byte("\n")), 0o600))
	return out
}

func TestEveryPageOfARealSpaceIsComposed(t *testing.T) {
	for file, types := range map[string][]string{
		"easy-hr.json":           {"page", "landingPage"},
		"optimization-demo.json": {"content", "nestedContent", "mergeTagContent"},
	} {
		t.Run(file, func(t *testing.T) {
			export := testData(t, "exports", file)
			s := serveContent(t, export)
			pages := entriesOf(t, export, types)
			require.NotEmpty(t, pages)
			for _, page := range pages {
				var a answer
				status, err := s.get("/v1/resolve?visitor=ana&page="+page, &a)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, status, "%s: %s", page, a.Detail)
				require.NotContains(t, string(a.Page), `"unresolved":true`)
				var byKey struct {
					Sys struct {
						ID    string
						Segue struct{ Baseline string }
					}
				}
				status, err = s.get("/v1/pages/"+url.PathEscape(page)+"/"+a.Key, &byKey)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, status)
				require.Contains(t, []string{byKey.Sys.ID, byKey.Sys.Segue.Baseline}, page)
			}
		})
	}
}

// serveContent serves an export, without segments of our own.
func serveContent(t *testing.T, export string) *server {
	t.Helper()
	abs, err := filepath.Abs(export)
	require.NoError(t, err)
	empty := t.TempDir()
	config := filepath.Join(empty, "segue.yaml")
	require.NoError(t, os.WriteFile(config, []byte("segments: \"\"\nstore: \"memory:\"\n"), 0o600))
	return serve(t, "--config", config, "--set", "content=export:"+abs)
}

// entriesOf returns the ids of the entries of some content types.
func entriesOf(t *testing.T, export string, types []string) []string {
	t.Helper()
	src, err := os.ReadFile(export)
	require.NoError(t, err)
	var space struct {
		Entries []struct {
			Sys struct {
				ID          string
				ContentType struct{ Sys struct{ ID string } }
			}
		}
	}
	require.NoError(t, json.Unmarshal(src, &space))
	var ids []string
	for _, e := range space.Entries {
		if slices.Contains(types, e.Sys.ContentType.Sys.ID) {
			ids = append(ids, e.Sys.ID)
		}
	}
	return ids
}

// The audiences of the demonstration space, by their ids.
const (
	europe      = "2WzXDaWtDmstHl9p8Wufpp"
	desktop     = "2y72M2RTXnMpp9GPG8xSzf"
	newVisitors = "3UTxzKhiki1xeHAdSCJBCS"
	returning   = "46fHDG7vjxwTbYee5JNVOQ"
	identified  = "4yIqY7AWtzeehCZxtQSDB"
	customEvent = "56gfPS3OIl77DbH5PZigtr"
	allVisitors = "5I5wZ2b6MeGP7q1aW1mOHG"
)

func TestTheDemonstrationSpaceTakesInTheKnownVisitors(t *testing.T) {
	s := serveContent(t, testData(t, "exports", "optimization-demo.json"))
	resolve := func(visitor string, signals ...string) (a answer) {
		status, err := s.post("/v1/resolve", fmt.Sprintf(`{"visitor": %q, "signals": [%s]}`, visitor, strings.Join(signals, ",")), &a)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, a.Detail)
		return a
	}
	const context = `"context": {"userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "location": {"countryCode": "DE"}}`

	first := resolve("new", `{"type": "page", `+context+`}`)
	require.ElementsMatch(t, []string{europe, desktop, newVisitors}, first.Segments)
	require.Len(t, first.Experiences, 4)

	var visits []string
	for day := range 6 { // a visit on each of the last days
		visits = append(visits, fmt.Sprintf(`{"type": "page", "timestamp": %q, %s}`, daysAgo(day), context))
	}
	back := resolve("back", append(visits,
		`{"type": "identify", "userId": "u1", "traits": {"identified": true}, `+context+`}`,
		`{"type": "track", "event": "custom", `+context+`}`)...)
	require.ElementsMatch(t, []string{europe, desktop, returning, identified, customEvent, allVisitors}, back.Segments)
	require.Len(t, back.Experiences, 13)
}
