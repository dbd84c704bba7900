package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/httpapi"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/resolve"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/telemetry"
	"github.com/segue-dev/segue/internal/visitor"
)

var (
	_ ingest.Observer  = (*telemetry.Metrics)(nil)
	_ resolve.Observer = (*telemetry.Metrics)(nil)
	_ httpapi.Observer = (*telemetry.Metrics)(nil)
)

func newMetrics() *telemetry.Metrics {
	return telemetry.New(prometheus.NewRegistry(), telemetry.Build{Version: "v1", Revision: "abc", Go: "go1"})
}

// scrape returns the metrics that are Segue's own or HTTP's, one a line.
func scrape(m *telemetry.Metrics) []string {
	res := httptest.NewRecorder()
	m.Handler().ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	var lines []string
	for line := range strings.Lines(res.Body.String()) {
		if strings.HasPrefix(line, "segue_") || strings.HasPrefix(line, "http_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestWhatIsCounted(t *testing.T) {
	m := newMetrics()
	m.Request("GET", "/v1/resolve", 200, time.Millisecond)
	m.Ingested(ingest.Tally{
		Accepted: 5, Duplicates: 2, Conflicting: 1, Clamped: 3, TooLate: 4,
		Rejected: map[signal.Code]int{signal.NoEvent: 6},
		Joins:    map[visitor.Verdict]int{visitor.Joined: 7, visitor.TwoUsers: 8},
	})
	answer := &resolve.Answer{Truncated: true, Decision: decision.Decision{Slots: []decision.Slot{
		{Baseline: "hero", Experience: "exp-1", Variant: 1, Reason: decision.BySegment},
		{Baseline: "news", Reason: decision.Default},
	}}}
	m.Resolved(answer, resolve.Timing{Ingest: time.Second, Evaluate: time.Microsecond})
	m.Resolved(answer, resolve.Timing{})
	m.Published(4, []content.Finding{{Entry: "gone", Field: "nt_rules", LeftOut: true}})
	m.Published(4, []content.Finding{
		{Entry: "a1", Field: "nt_rules", LeftOut: true}, {Entry: "a1", Field: "nt_rules", LeftOut: true}, {Entry: "home", Field: "hero"},
	})
	m.Webhook("entry", "applied")
	m.InFlight(3)
	m.InFlight(-1)
	m.TurnedAway()
	m.DeadLetters(3, 1)
	lines := scrape(m)
	for _, want := range []string{
		`http_server_request_duration_seconds_count{method="GET",route="/v1/resolve",status="200"} 1`,
		`segue_build_info{goversion="go1",revision="abc",version="v1"} 1`,
		`segue_signals_accepted_total 5`,
		`segue_ingest_in_flight_bytes 2`,
		`segue_ingest_turned_away_total 1`,
		`segue_dead_letters_total 3`,
		`segue_dead_letters_lost_total 1`,
		`segue_signals_duplicate_total 2`,
		`segue_signals_conflicting_total 1`,
		`segue_signals_clamped_total 3`,
		`segue_signals_late_total 4`,
		`segue_signals_rejected_total{reason="no-event"} 6`,
		`segue_identity_joins_total{outcome="joined"} 7`,
		`segue_identity_joins_total{outcome="two-users"} 8`,
		`segue_resolve_duration_seconds_count{phase="compose"} 2`,
		`segue_resolve_duration_seconds_sum{phase="ingest"} 1`,
		`segue_slot_resolutions_total{experience="exp-1",reason="segment",variant="1"} 2`,
		`segue_slot_resolutions_total{experience="none",reason="default",variant="0"} 2`,
		`segue_resolve_truncated_total 2`,
		`segue_webhooks_total{outcome="applied",topic="entry"} 1`,
		`segue_segments 4`,
		`segue_content_findings 3`,
		`segue_content_not_understood{entry="a1",field="nt_rules"} 2`,
	} {
		require.Contains(t, lines, want)
	}
	require.NotContains(t, strings.Join(lines, "\n"), `entry="gone"`, "what has been mended")
}

func TestTwoProcessesInOneTestDoNotShareFigures(t *testing.T) {
	a, b := newMetrics(), newMetrics()
	a.Ingested(ingest.Tally{Accepted: 1})
	require.Contains(t, scrape(a), "segue_signals_accepted_total 1")
	require.Contains(t, scrape(b), "segue_signals_accepted_total 0")
}

func TestLoggers(t *testing.T) {
	var out bytes.Buffer
	telemetry.NewLogger(&out, slog.LevelWarn, "json").Info("hidden")
	require.Empty(t, out.String())
	telemetry.NewLogger(&out, slog.LevelInfo, "json").Info("shown", "n", 1)
	require.True(t, json.Valid(out.Bytes()), out.String())
	out.Reset()
	telemetry.NewLogger(&out, slog.LevelInfo, "text").Info("shown", "n", 1)
	require.Contains(t, out.String(), "msg=shown n=1")
}

func BenchmarkResolved(b *testing.B) {
	m := newMetrics()
	answer := &resolve.Answer{Decision: decision.Decision{Slots: make([]decision.Slot, 20)}}
	b.ReportAllocs()
	for b.Loop() {
		m.Resolved(answer, resolve.Timing{})
	}
}

func TestPermutationsOfPages(t *testing.T) {
	m := newMetrics()
	home, about := permutation.Place{Page: "home", Locale: "en-US"}, permutation.Place{Page: "about", Locale: "en-US"}
	m.Permutations([]permutation.Usage{{Place: home, Live: 3}, {Place: about, Live: 1}})
	require.Contains(t, scrape(m), `segue_page_permutations{locale="en-US",page="home"} 3`)
	m.Permutations([]permutation.Usage{{Place: about, Live: 1}})
	require.Contains(t, scrape(m), "segue_permutations 1")
	require.NotContains(t, scrape(m), `page="home"`, "nobody asks for it any more")
}
