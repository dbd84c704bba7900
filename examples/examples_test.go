// Package examples_test runs the examples as their readmes tell them: what is
// written there about segments, visitors and slots is what happens.
package examples_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

var names = []string{"storefront", "saas-trial", "publisher"}

// end is when the signals of the examples end, and when everybody is asked for.
var end = time.Date(2026, time.November, 20, 16, 0, 0, 0, time.UTC)

// An example is one of the directories, loaded, with the signals taken in.
type example struct {
	dir      string
	site     *resolve.Site
	findings []content.Finding
	store    visitor.Store
	in       *ingest.Ingester
	resolver *resolve.Resolver
}

// load reads an example and opens an empty store for it.
func load(t *testing.T, dir string) *example {
	t.Helper()
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, []string{"store=memory:"})
	require.NoError(t, err)
	e := &example{dir: dir}
	e.site, e.findings, err = app.Load(cfg)
	require.NoError(t, err)
	e.store, err = app.OpenStore(cfg, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.store.Close()) })
	now := func() time.Time { return end }
	e.in = ingest.New(e.store, ingest.Options{Limits: app.Limits(cfg), Now: now})
	e.resolver = resolve.New(e.store, e.in, e.site, resolve.Options{Now: now})
	return e
}

// open is load with the example's signals taken in.
func open(t *testing.T, dir string) *example {
	t.Helper()
	e := load(t, dir)
	report := e.replay(t, read(t, filepath.Join(dir, "signals.ndjson")), nil)
	require.Zero(t, report.Rejected, report.Rejections)
	require.Zero(t, report.Duplicates)
	require.Zero(t, report.Conflicting)
	return e
}

// replay takes a recording in.
func (e *example) replay(t *testing.T, recording string, mapping *ingest.Mapping) ingest.ReplayReport {
	t.Helper()
	report, err := ingest.Replay(t.Context(), e.in, strings.NewReader(recording), ingest.ReplayOptions{Mapping: mapping})
	require.NoError(t, err)
	return report
}

func read(t *testing.T, file string) string {
	t.Helper()
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(src)
}

func (e *example) resolve(t *testing.T, req resolve.Request) *resolve.Answer {
	t.Helper()
	answer, err := e.resolver.Resolve(t.Context(), req)
	require.NoError(t, err)
	require.Empty(t, answer.Unresolved)
	require.Empty(t, answer.Receipt.Rejected)
	return answer
}

func (e *example) definitions(t *testing.T) []syntax.Definition {
	t.Helper()
	defs, err := config.Segments(filepath.Join(e.dir, "segments"))
	require.NoError(t, err)
	return defs
}

func TestSegmentsPassTheirExamples(t *testing.T) {
	for _, dir := range append(names, "retailrocket") {
		t.Run(dir, func(t *testing.T) {
			e := load(t, dir)
			require.Empty(t, e.site.Segments.RunExamples())
			for _, d := range e.definitions(t) {
				var in, out int
				for _, x := range d.Examples {
					if x.Member {
						in++
					} else {
						out++
					}
				}
				require.Positive(t, in, "%s: an example of a member", d.Key)
				require.Positive(t, out, "%s: a near miss", d.Key)
			}
		})
	}
}

func TestNothingIsDoubtful(t *testing.T) {
	for _, dir := range append(names, "retailrocket") {
		require.Empty(t, load(t, dir).findings, dir)
	}
}

func TestEverySegmentHasAnExperience(t *testing.T) {
	for _, dir := range names {
		e := load(t, dir)
		served := map[string]bool{}
		for _, x := range e.site.Experiences.All() {
			served[x.Audience] = true
		}
		for _, d := range e.definitions(t) {
			require.True(t, served[d.Key], "%s: %s", dir, d.Key)
		}
	}
}

// members are all visitors of the examples and the segments they are in.
var members = map[string]map[string]string{
	"storefront": {
		"adder-pia": "", "browser-bea": "browser", "browser-nia": "browser", "browser-oli": "browser",
		"buyer-ana": "high-intent", "buyer-omar": "high-intent", "comparer-cem": "comparison-shopper",
		"comparer-lea": "comparison-shopper", "decided-tom": "", "faded-lou": "", "first-mila": "",
		"glance-kim": "", "regular-ida": "returning-buyer", "regular-jon": "high-intent returning-buyer",
		"reloader-max": "", "window-uwe": "",
	},
	"saas-trial": {
		"activator-ada": "activated-3d", "busy-mo": "broad-explorer activated-3d", "customer-cleo": "",
		"edge-eva": "activated-3d", "explorer-eli": "broad-explorer", "fresh-fin": "", "late-lin": "",
		"lapsed-lou": "activated-not-returned activated-3d", "past-otto": "", "returned-rae": "activated-3d",
		"stalled-sam": "stalled", "stalled-sue": "stalled", "starter-uma": "", "third-theo": "activated-3d",
	},
	"publisher": {
		"front-only-lea": "", "hidden-gil": "", "reader-hal": "deep-reader", "reader-past": "",
		"reader-rui": "deep-reader", "reading-sharer-amy": "sharer deep-reader",
		"scanner-ida": "headline-scanner", "scanner-sol": "headline-scanner", "sharer-shay": "sharer",
		"silent-vic": "", "stayer-pat": "", "three-jo": "", "twice-bo": "",
	},
}

func TestVisitorsAreInTheirSegments(t *testing.T) {
	for _, dir := range names {
		t.Run(dir, func(t *testing.T) {
			e := open(t, dir)
			got := map[string]string{}
			for record, err := range e.store.All(t.Context()) {
				require.NoError(t, err)
				// who identified is known by their user id, and answers to both
				id := record.Signals[0].Device
				answer := e.resolve(t, resolve.Request{AnonymousID: id})
				got[id] = strings.Join(answer.Segments, " ")
			}
			require.Equal(t, members[dir], got)
		})
	}
}

var call = regexp.MustCompile(`(?m)^    curl .* -d '(.*)'$`)

// calls returns the requests that an example's readme shows.
func calls(t *testing.T, readme string) []resolve.Request {
	t.Helper()
	var all []resolve.Request
	for _, c := range call.FindAllStringSubmatch(readme, -1) {
		var body struct {
			Visitor, Page, Locale string
			Signals               []json.RawMessage
		}
		require.NoError(t, json.Unmarshal([]byte(c[1]), &body), c[1])
		req := resolve.Request{AnonymousID: body.Visitor, Page: body.Page, Locale: body.Locale}
		for _, raw := range body.Signals {
			m, err := signal.DecodeMessage(raw)
			require.NoError(t, err)
			m.AnonymousID = body.Visitor
			req.Messages = append(req.Messages, m)
		}
		all = append(all, req)
	}
	require.NotEmpty(t, all)
	return all
}

// slotTable returns, by visitor and slot, the cells of the readme's table of
// slots: an entry, "hidden", or "" for the baseline.
func slotTable(t *testing.T, readme string) map[string]map[string]string {
	t.Helper()
	_, rest, found := strings.Cut(readme, "\n| slot |")
	require.True(t, found, "no table of slots")
	rest, _, _ = strings.Cut("| slot |"+rest, "\n\n")
	var rows [][]string
	for line := range strings.SplitSeq(rest, "\n") {
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			row = append(row, strings.Trim(cell, " `"))
		}
		rows = append(rows, row)
	}
	table := map[string]map[string]string{}
	for column, visitor := range rows[0][1:] {
		table[visitor] = map[string]string{}
		for _, row := range rows[2:] {
			table[visitor][row[0]] = row[column+1]
		}
	}
	return table
}

func TestTheTablesInTheReadmesAreTrue(t *testing.T) {
	for _, dir := range names {
		t.Run(dir, func(t *testing.T) {
			e := open(t, dir)
			readme := read(t, filepath.Join(dir, "README.md"))
			table := slotTable(t, readme)
			asked := map[string]bool{}
			for _, req := range calls(t, readme) {
				answer := e.resolve(t, req)
				if asked[req.AnonymousID] { // its later calls change something
					continue
				}
				asked[req.AnonymousID] = true
				require.Equal(t, table[req.AnonymousID], shownIn(answer, table[req.AnonymousID]), req.AnonymousID)
			}
			require.Len(t, asked, len(table))
		})
	}
}

// shownIn returns what an answer shows in the slots that are wanted.
func shownIn(answer *resolve.Answer, wanted map[string]string) map[string]string {
	got := map[string]string{}
	for _, s := range answer.Decision.Slots {
		switch _, ok := wanted[s.Baseline]; {
		case !ok:
		case s.Hidden:
			got[s.Baseline] = "hidden"
		case s.Variant == 0:
			got[s.Baseline] = ""
		default:
			got[s.Baseline] = s.Entry
		}
	}
	return got
}
