// Package telemetry counts and times what Segue does, for Prometheus, and sets
// up its log.
//
// The rule it upholds: a label's value is a name of our own — a route, an
// experience, a kind of fault — and never what a client sent.
package telemetry

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/resolve"
)

// A Build names the program that is running.
type Build struct{ Version, Revision, Go string }

// Metrics are the figures of one process. They implement the observers of
// ingest, resolve and httpapi, and are safe for concurrent use.
type Metrics struct {
	registry     *prometheus.Registry
	mirrors      mirrors
	permutations permutations
	drift        drift
	requests     *prometheus.HistogramVec
	// What is observed for each request is found once: by labels it is slow.
	requestTimes sync.Map // requestLabels → prometheus.Observer
	slotCounter  sync.Map // slotLabels → prometheus.Counter
	accepted     prometheus.Counter
	duplicate    prometheus.Counter
	conflicting  prometheus.Counter
	rejected     *prometheus.CounterVec
	clamped      prometheus.Counter
	late         prometheus.Counter
	inFlight     prometheus.Gauge
	turnedAway   prometheus.Counter
	joins        *prometheus.CounterVec
	lettersKept  prometheus.Counter
	lettersLost  prometheus.Counter
	archived     prometheus.Counter
	unarchived   prometheus.Counter
	spools       prometheus.Gauge
	phases       [4]prometheus.Observer // in the order of phaseNames
	slots        *prometheus.CounterVec
	truncated    prometheus.Counter
	edge         *prometheus.CounterVec
	snapshots    *prometheus.CounterVec
	unrecorded   *prometheus.CounterVec
	webhooks     *prometheus.CounterVec
	findings     prometheus.Gauge
	misread      *prometheus.GaugeVec
	segments     prometheus.Gauge
	loaded       prometheus.Gauge
}

// phaseNames are those of a resolve.
var phaseNames = [4]string{"ingest", "evaluate", "decide", "compose"}

// fine are the bounds in seconds of what should take micro- or milliseconds.
var fine = []float64{.00002, .00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1}

// broad are those of a whole request.
var broad = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// New registers the metrics with registry, which it keeps to answer from.
func New(registry *prometheus.Registry, build Build) *Metrics {
	m := &Metrics{
		registry:     registry,
		mirrors:      newMirrors(),
		permutations: newPermutations(),
		drift:        newDrift(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_server_request_duration_seconds", Buckets: broad,
			Help: "Time to answer a request, by route template.",
		}, []string{"method", "route", "status"}),
		accepted:    counter("segue_signals_accepted_total", "Signals taken in and durable."),
		duplicate:   counter("segue_signals_duplicate_total", "Signals that had been accepted before."),
		conflicting: counter("segue_signals_conflicting_total", "Signals with the id of another; the first stays."),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_signals_rejected_total", Help: "Signals that were not taken, by what is wrong with them.",
		}, []string{"reason"}),
		clamped:    counter("segue_signals_clamped_total", "Signals dated in the future, put at the time of receipt."),
		late:       counter("segue_signals_late_total", "Signals kept for reports only, since they came too late."),
		inFlight:   gauge("segue_ingest_in_flight_bytes", "Bytes of bodies with signals that are being decoded and stored."),
		turnedAway: counter("segue_ingest_turned_away_total", "Requests with signals that were answered 429, since more came in than could be stored."),
		joins: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_identity_joins_total",
			Help: "What was said of two ids being one visitor's, by what became of it; implausible, crowded and two-users were not followed.",
		}, []string{"outcome"}),
		lettersKept: counter("segue_dead_letters_total", "Rejected signals that were kept in the file of dead letters."),
		archived:    counter("segue_archive_rows_total", "Signals that are in the archive."),
		unarchived:  counter("segue_archive_lost_total", "Signals that could not be spooled for the archive; they are in the store."),
		spools:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "segue_archive_spools", Help: "Spools that wait to be moved to the archive."}),
		lettersLost: counter("segue_dead_letters_lost_total", "Rejected signals that could not be kept: too many came at a time, or the file cannot be written."),
		slots: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_slot_resolutions_total", Help: "Slots decided, by experience (none: the baseline by default), variant and reason.",
		}, []string{"experience", "variant", "reason"}),
		truncated: counter("segue_resolve_truncated_total", "Answers whose rules look back beyond what is remembered."),
		edge: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_edge_answers_total", Help: "Answers to proxies, by why they were not the visitor's own (none: they were), and whether a snapshot stood in.",
		}, []string{"fallback", "snapshot"}),
		unrecorded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_requests_unrecorded_total", Help: "Requests whose signals were not recorded, by why nobody sees the answer: prefetch or bot.",
		}, []string{"reason"}),
		snapshots: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_snapshots_total", Help: "Snapshot cookies, by outcome: whole, cut (segments did not fit) or none (it could not be made).",
		}, []string{"outcome"}),
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_webhooks_total", Help: "Webhooks of the CMS, by what they are about and what became of them.",
		}, []string{"topic", "outcome"}),
		findings: gauge("segue_content_findings", "Doubts about the content that is served; segue validate names them."),
		misread: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_content_not_understood", Help: "Audiences and experiences that are left out since they are not understood, by entry and field; at most 100.",
		}, []string{"entry", "field"}),
		segments: gauge("segue_segments", "Segments that are served."),
		loaded:   gauge("segue_files_reload_success", "1 if the files of segments, experiences and content were good when they were last read; 0: what was good before is served."),
	}
	phases := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "segue_resolve_duration_seconds", Buckets: fine,
		Help: "Time of a resolve, by phase: ingest, evaluate, decide and compose.",
	}, []string{"phase"})
	for i, name := range phaseNames {
		m.phases[i] = phases.WithLabelValues(name)
	}
	m.mirrors.register(registry)
	m.permutations.register(registry)
	m.drift.register(registry)
	registry.MustRegister(m.requests, m.accepted, m.duplicate, m.conflicting, m.rejected, m.clamped, m.late, m.joins, m.inFlight, m.turnedAway, m.lettersKept, m.lettersLost, m.archived, m.unarchived, m.spools,
		phases, m.slots, m.truncated, m.edge, m.snapshots, m.unrecorded, m.webhooks, m.findings, m.misread, m.segments, m.loaded, buildInfo(build),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

func buildInfo(b Build) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "segue_build_info", Help: "Always 1; the labels name the program.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.Go},
	}, func() float64 { return 1 })
}

// Handler answers with all metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Request counts an HTTP request; it implements httpapi.Observer.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	labels := requestLabels{method, route, status}
	known, ok := m.requestTimes.Load(labels)
	if !ok {
		known = m.requests.WithLabelValues(method, route, strconv.Itoa(status))
		m.requestTimes.Store(labels, known)
	}
	known.(prometheus.Observer).Observe(took.Seconds())
}

// requestLabels say what was asked and how it was answered.
type requestLabels struct {
	method, route string
	status        int
}

// Ingested counts what became of a batch; it implements ingest.Observer.
func (m *Metrics) Ingested(t ingest.Tally) {
	m.accepted.Add(float64(t.Accepted))
	m.duplicate.Add(float64(t.Duplicates))
	m.conflicting.Add(float64(t.Conflicting))
	m.clamped.Add(float64(t.Clamped))
	m.late.Add(float64(t.TooLate))
	for code, n := range t.Rejected {
		m.rejected.WithLabelValues(string(code)).Add(float64(n))
	}
	for verdict, n := range t.Joins {
		m.joins.WithLabelValues(verdict.String()).Add(float64(n))
	}
}

// InFlight tells by how much the bytes of bodies being taken in have changed;
// with TurnedAway it implements intake.Observer.
func (m *Metrics) InFlight(change int64) { m.inFlight.Add(float64(change)) }

// TurnedAway counts a request that was not let in.
func (m *Metrics) TurnedAway() { m.turnedAway.Inc() }

// Archived counts signals by whether they are in the archive; it implements
// archive.Observer.
func (m *Metrics) Archived(rows, lost int) {
	m.archived.Add(float64(rows))
	m.unarchived.Add(float64(lost))
}

// Spooled implements archive.Observer.
func (m *Metrics) Spooled(waiting int) { m.spools.Set(float64(waiting)) }

// DeadLetters counts rejected signals by whether they were kept; it implements
// deadletter.Observer.
func (m *Metrics) DeadLetters(kept, lost int) {
	m.lettersKept.Add(float64(kept))
	m.lettersLost.Add(float64(lost))
}

// Resolved counts an answer; it implements resolve.Observer.
func (m *Metrics) Resolved(a *resolve.Answer, t resolve.Timing) {
	for i, took := range [...]time.Duration{t.Ingest, t.Evaluate, t.Decide, t.Compose} {
		m.phases[i].Observe(took.Seconds())
	}
	if a.Truncated {
		m.truncated.Inc()
	}
	for i := range a.Decision.Slots {
		slot := &a.Decision.Slots[i]
		m.slot(slotLabels{slot.Experience, slot.Variant, slot.Reason}).Inc()
	}
}

// slotLabels say what was decided for a slot. An Experience of "" is none.
type slotLabels struct {
	Experience string
	Variant    int
	Reason     decision.Reason
}

func (m *Metrics) slot(l slotLabels) prometheus.Counter {
	if known, ok := m.slotCounter.Load(l); ok {
		return known.(prometheus.Counter)
	}
	c := m.slots.WithLabelValues(cmp.Or(l.Experience, "none"), strconv.Itoa(l.Variant), string(l.Reason))
	m.slotCounter.Store(l, c)
	return c
}

// Edge counts an answer to a proxy; it implements edge.Observer.
func (m *Metrics) Edge(fallback string, fromSnapshot bool) {
	m.edge.WithLabelValues(cmp.Or(fallback, "none"), strconv.FormatBool(fromSnapshot)).Inc()
}

// Unrecorded counts a request; it implements caller.Observer.
func (m *Metrics) Unrecorded(why string) { m.unrecorded.WithLabelValues(why).Inc() }

// Snapshot counts a snapshot cookie; it implements snapshot.Observer.
func (m *Metrics) Snapshot(bytes, dropped int) {
	outcome := "whole"
	switch {
	case bytes == 0:
		outcome = "none"
	case dropped > 0:
		outcome = "cut"
	}
	m.snapshots.WithLabelValues(outcome).Inc()
}

// Webhook counts a webhook by the class of its topic; it implements
// webhook.Observer.
func (m *Metrics) Webhook(class, outcome string) { m.webhooks.WithLabelValues(class, outcome).Inc() }

// Loaded tells whether the files that were read are good.
func (m *Metrics) Loaded(good bool) {
	m.loaded.Set(0)
	if good {
		m.loaded.Set(1)
	}
}

// maxMisread bounds the entries and fields that are named as not understood.
const maxMisread = 100

// Published tells what is served from now on: so many segments, and these doubts
// about the content.
func (m *Metrics) Published(segments int, findings []content.Finding) {
	m.segments.Set(float64(segments))
	m.findings.Set(float64(len(findings)))
	m.misread.Reset()
	type place struct{ entry, field string }
	count := map[place]int{}
	for _, f := range findings {
		at := place{f.Entry, f.Field}
		if _, known := count[at]; !f.LeftOut || !known && len(count) == maxMisread {
			continue
		}
		count[at]++
		m.misread.WithLabelValues(f.Entry, f.Field).Set(float64(count[at]))
	}
}
