package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestNginx and TestVarnish prove the same of both recipes.
func TestNginx(t *testing.T) {
	prove(t, recipe{func(cache string) string {
		return "purge.nginx=" + cache + "/_segue/purge/html," + cache + "/_segue/purge/json"
	}, nginx})
}

func TestVarnish(t *testing.T) {
	prove(t, recipe{func(cache string) string { return "purge.varnish=" + cache }, varnish})
}

func prove(t *testing.T, r recipe) {
	s := newStack(t, r, true)
	t.Run("every visitor sees their own page as long as it holds", s.everyVisitorSeesTheirOwn)
	t.Run("new visitors get ids of their own with a page that is kept", s.newVisitors)
	t.Run("a publish drops exactly what it changed", s.aPublishDropsWhatItChanged)
	s = newStack(t, r, false)
	t.Run("while Segue is slow everybody sees the default in time", s.slow)
	t.Run("while Segue is dead everybody sees the default at once", s.dead)
}

// pages are the paths of the site, with the names of their pages.
var pages = map[string]string{"/": "page:home", "/grinders": "page:grinders", "/grinders/hollow-hand-grinder": "page:grinders/hollow-hand-grinder"}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 10 * time.Second}

// A sight is what a visitor was sent.
type sight struct {
	body         string
	cached       bool
	asked, given time.Time
}

// A response is one that was read to its end.
type response struct {
	status int
	header http.Header
	body   []byte
}

func send(t testing.TB, method, address, body string, header map[string]string) (r response, err error) {
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		return r, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return r, err
	}
	defer func() { _ = res.Body.Close() }()
	r.status, r.header = res.StatusCode, res.Header
	r.body, err = io.ReadAll(res.Body)
	return r, err
}

// see asks the cache for a path as a visitor.
func (s *stack) see(t testing.TB, path, visitor string) (sight, error) {
	v := sight{asked: time.Now()}
	res, err := send(t, "GET", s.url+path, "", map[string]string{"Cookie": "ajs_anonymous_id=" + visitor})
	v.given = time.Now()
	if err != nil {
		return v, err
	}
	if res.status != http.StatusOK {
		return v, fmt.Errorf("%s for %s: status %d", path, visitor, res.status)
	}
	v.body, v.cached = string(res.body), res.header.Get("X-Cache") == "HIT"
	return v, nil
}

// An answer is what Segue itself says that a visitor is to see.
type answer struct {
	Key        string
	ValidUntil *time.Time
	Page       json.RawMessage
}

// ask asks Segue itself, which keeps no page for this from a cache, for an
// instant.
func (s *stack) ask(t testing.TB, path, visitor string, at time.Time) (a answer, html string, err error) {
	query := url.Values{"visitor": {visitor}, "page": {pages[path]}, "at": {at.UTC().Format("2006-01-02T15:04:05.000Z")}}
	res, err := send(t, "GET", s.segue.URL+"/v1/resolve?"+query.Encode(), "", nil)
	if err != nil {
		return a, "", err
	}
	if err := json.Unmarshal(res.body, &a); err != nil {
		return a, "", err
	}
	if html, ok := rendered.Load(string(a.Page)); ok {
		return a, html.(string), nil
	}
	page, err := render(a.Page)
	rendered.Store(string(a.Page), string(page))
	return a, string(page), err
}

// rendered is the HTML of pages, by their JSON.
var rendered sync.Map

// own checks that v is what the visitor was to see at some instant between the
// request and the answer, and returns what Segue says.
func (s *stack) own(t testing.TB, path, visitor string, v sight) (answer, error) {
	a, html, err := s.ask(t, path, visitor, v.asked)
	if err != nil || v.body == html {
		return a, err
	}
	if a.ValidUntil != nil && !a.ValidUntil.After(v.given) {
		b, later, err := s.ask(t, path, visitor, v.given)
		if err != nil || v.body == later {
			return b, err
		}
	}
	return a, fmt.Errorf("%s for %s at %s is not their own:\n%s\nbut\n%s", path, visitor, v.asked, v.body, html)
}

// did are what visitors do: in turn a buyer's, a comparer's, a browser's, a
// customer's and a glance.
var did = []string{
	`{"type":"track","event":"Product Added"},{"type":"track","event":"Cart Viewed"}`,
	`{"type":"track","event":"Product Viewed","properties":{"product_id":"a"}},{"type":"track","event":"Product Viewed","properties":{"product_id":"b"}},
	 {"type":"track","event":"Product Viewed","properties":{"product_id":"c"}},{"type":"track","event":"Product Removed","properties":{"product_id":"a"}}`,
	`{"type":"page"},{"type":"page"},{"type":"page"}`,
	`{"type":"track","event":"Order Completed"}`,
	`{"type":"track","event":"Product Viewed","properties":{"product_id":"a"}}`,
}

func (s *stack) do(t testing.TB, visitor, signals string) error {
	body := `{"visitor":"` + visitor + `","signals":[` + signals + `]}`
	res, err := send(t, "POST", s.segue.URL+"/v1/resolve", body, nil)
	if err == nil && res.status != http.StatusOK {
		err = fmt.Errorf("signals: status %d: %s", res.status, res.body)
	}
	return err
}

const (
	requests = 10_000
	visitors = 200
	workers  = 16
)

// A tally is what the requests of some visitors came to.
type tally struct {
	hits, ended int
	bodies      map[string]bool
}

func (s *stack) everyVisitorSeesTheirOwn(t *testing.T) {
	began := time.Now()
	var wg sync.WaitGroup
	all := make([]tally, workers)
	for w := range workers {
		wg.Go(func() {
			if err := s.visits(t, w, &all[w]); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sum := tally{bodies: map[string]bool{}}
	for _, one := range all {
		sum.hits, sum.ended = sum.hits+one.hits, sum.ended+one.ended
		for body := range one.bodies {
			sum.bodies[body] = true
		}
	}
	t.Logf("%d requests of %d visitors in %s: %d different pages, %.1f %% from the cache; %d answers ended by themselves and were followed by another",
		requests, visitors, time.Since(began).Round(time.Millisecond), len(sum.bodies), 100*float64(sum.hits)/requests, sum.ended)
	require.Greater(t, len(sum.bodies), 10, "visitors should differ")
	require.Positive(t, sum.ended, "some answers should end by themselves")
	require.Greater(t, sum.hits, requests*9/10)
}

// visits lets the visitors of one worker come and go.
func (s *stack) visits(t testing.TB, worker int, sum *tally) error {
	random := rand.New(rand.NewPCG(1, uint64(worker)))
	sum.bodies = map[string]bool{}
	type past struct {
		body  string
		until *time.Time
	}
	before := map[string]past{}
	paths := []string{"/", "/", "/grinders", "/grinders/hollow-hand-grinder"}
	for range requests / workers {
		visitor := fmt.Sprintf("v-%d", random.IntN((visitors-worker+workers-1)/workers)*workers+worker)
		if random.IntN(4) == 0 {
			if err := s.do(t, visitor, did[random.IntN(len(did))]); err != nil {
				return err
			}
			for path := range pages {
				delete(before, visitor+path)
			}
		}
		path := paths[random.IntN(len(paths))]
		v, err := s.see(t, path, visitor)
		if err != nil {
			return err
		}
		a, err := s.own(t, path, visitor, v)
		if err != nil {
			return err
		}
		if v.cached {
			sum.hits++
		}
		if p := before[visitor+path]; p.until != nil && !p.until.After(v.asked) && p.body != v.body {
			sum.ended++
		}
		before[visitor+path] = past{v.body, a.ValidUntil}
		sum.bodies[v.body] = true
	}
	return nil
}

func (s *stack) newVisitors(t *testing.T) {
	s.mustSee(t, "/grinders", "v-first")
	ids := map[string]bool{}
	for range 3 {
		res, err := send(t, "GET", s.url+"/grinders", "", map[string]string{"User-Agent": "Mozilla/5.0 Firefox/140.0", "X-Segue-Key": "made-up"})
		require.NoError(t, err)
		require.Equal(t, s.defaultPage(t, "/grinders"), string(res.body))
		require.Equal(t, "HIT", res.header.Get("X-Cache"))
		require.Equal(t, []string{"private, no-cache"}, res.header["Cache-Control"])
		require.Empty(t, res.header.Get("Surrogate-Key"))
		cookie, _, _ := strings.Cut(res.header.Get("Set-Cookie"), ";")
		require.Contains(t, cookie, "segue_id=")
		ids[cookie] = true
	}
	require.Len(t, ids, 3)
}

// mustSee is see for tests that do one thing at a time.
func (s *stack) mustSee(t *testing.T, path, visitor string) sight {
	t.Helper()
	v, err := s.see(t, path, visitor)
	require.NoError(t, err)
	return v
}

func (s *stack) aPublishDropsWhatItChanged(t *testing.T) {
	type place struct{ path, visitor string }
	kept := map[place]sight{}
	for i, signals := range []string{did[0], did[2], did[3], `{"type":"identify"}`} {
		visitor := fmt.Sprintf("stable-%d", i)
		require.NoError(t, s.do(t, visitor, signals))
		for path := range pages {
			s.mustSee(t, path, visitor)
			v := s.mustSee(t, path, visitor)
			require.True(t, v.cached, "%s for %s is not kept", path, visitor)
			kept[place{path, visitor}] = v
		}
	}
	a, _, err := s.ask(t, "/", "stable-0", time.Now())
	require.NoError(t, err)
	asJSON := s.url + "/v1/pages/home/" + a.Key
	for range 2 {
		_, err = send(t, "GET", asJSON, "", nil)
		require.NoError(t, err)
	}

	text, err := os.ReadFile(s.space)
	require.NoError(t, err)
	edited := bytes.ReplaceAll(text, []byte("One step left"), []byte("One small step left"))
	require.NotEqual(t, text, edited)
	require.NoError(t, os.WriteFile(s.space, edited, 0o600))
	require.Eventually(t, func() bool {
		v, err := s.see(t, "/", "stable-0")
		return err == nil && strings.Contains(v.body, "One small step left")
	}, 20*time.Second, 20*time.Millisecond, "the publish does not reach the cache")
	changed := 0
	for at, was := range kept {
		_, html, err := s.ask(t, at.path, at.visitor, time.Now())
		require.NoError(t, err)
		if html == was.body {
			require.True(t, s.mustSee(t, at.path, at.visitor).cached, "%s for %s was dropped, and shows the same", at.path, at.visitor)
			continue
		}
		changed++
		require.Equal(t, html, s.mustSee(t, at.path, at.visitor).body)
	}
	require.Equal(t, 1, changed)
	res, err := send(t, "GET", asJSON, "", nil)
	require.NoError(t, err)
	require.Contains(t, string(res.body), "One small step left")
}

// defaultPage returns what everybody sees at a path.
func (s *stack) defaultPage(t *testing.T, path string) string {
	t.Helper()
	res, err := send(t, "GET", s.segue.URL+"/v1/pages/"+url.PathEscape(pages[path])+"/-", "", nil)
	require.NoError(t, err)
	html, err := render(res.body)
	require.NoError(t, err)
	return string(html)
}

// failing sees the home page some times while Segue fails, as somebody who sees
// something else otherwise, and returns how long that took, the shortest first.
func (s *stack) failing(t *testing.T, everybody string, fail, mend func()) []time.Duration {
	t.Helper()
	require.NoError(t, s.do(t, "buyer", did[0]))
	_, own, err := s.ask(t, "/", "buyer", time.Now())
	require.NoError(t, err)
	require.NotEqual(t, everybody, own)
	require.Eventually(t, func() bool { // as soon as the machine has time for it
		v, err := s.see(t, "/", "buyer")
		return err == nil && v.body == own
	}, 20*time.Second, 20*time.Millisecond)
	var took []time.Duration
	fail()
	require.Eventually(t, func() bool { // it may have been at work
		v, err := s.see(t, "/", "buyer")
		return err == nil && v.body == everybody
	}, 20*time.Second, time.Millisecond)
	for range 20 {
		v, err := s.see(t, "/", "buyer")
		if err != nil || v.body != everybody {
			mend()
			require.NoError(t, err)
			require.Equal(t, everybody, v.body)
		}
		took = append(took, v.given.Sub(v.asked))
	}
	mend()
	require.Eventually(t, func() bool {
		v, err := s.see(t, "/", "buyer")
		return err == nil && v.body == own
	}, 20*time.Second, 20*time.Millisecond, "Segue is back, and the visitor does not see their own page")
	slices.Sort(took)
	t.Logf("the default after %s at least, %s in the median, %s at most", took[0], took[len(took)/2], took[len(took)-1])
	return took
}

// The time is that of the quickest quarter: what more it took is not the
// recipe's, but that of a machine with other things to do.
func (s *stack) slow(t *testing.T) {
	everybody := s.defaultPage(t, "/")
	took := s.failing(t, everybody, func() { s.segue.Freeze(t) }, func() { s.segue.Thaw(t) })
	require.Less(t, took[len(took)/4], 60*time.Millisecond)
}

func (s *stack) dead(t *testing.T) {
	everybody := s.defaultPage(t, "/")
	took := s.failing(t, everybody, s.segue.Kill, func() { s.segue.Restart(t) })
	require.Less(t, took[len(took)/4], 20*time.Millisecond)
}
