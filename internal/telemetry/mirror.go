package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// mirrors are the figures of all mirrors of a live space.
type mirrors struct {
	items     *prometheus.GaugeVec
	asOf      *prometheus.GaugeVec
	syncs     *prometheus.CounterVec
	took      *prometheus.HistogramVec
	corrected *prometheus.CounterVec
	errors    *prometheus.CounterVec
}

func newMirrors() mirrors {
	return mirrors{
		items: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_mirror_items", Help: "What a mirror of the CMS holds: entry, asset, pending (told by a webhook and not confirmed yet), refused (cannot be taken in).",
		}, []string{"mirror", "what"}),
		asOf: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_mirror_as_of_seconds", Help: "The instant at which the mirror was last found to be what the CMS has; time() minus it is its age.",
		}, []string{"mirror"}),
		syncs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_mirror_syncs_total", Help: "Looks at the CMS, by kind (initial: of all, delta, model, confirm, reconcile) and outcome.",
		}, []string{"mirror", "kind", "outcome"}),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "segue_mirror_sync_duration_seconds", Buckets: []float64{.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900},
			Help: "Time that looks at the CMS took, by kind.",
		}, []string{"mirror", "kind"}),
		corrected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_mirror_corrected_total", Help: "Changes that webhooks told and the CMS did not confirm: undone.",
		}, []string{"mirror"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_mirror_api_errors_total", Help: "Requests to the CMS that failed, by the id of the error; RateLimitExceeded among them. Those that are tried again count each time.",
		}, []string{"mirror", "error"}),
	}
}

func (m *mirrors) register(r *prometheus.Registry) {
	r.MustRegister(m.items, m.asOf, m.syncs, m.took, m.corrected, m.errors)
}

// A Mirror counts what one mirror does.
type Mirror struct {
	all  *mirrors
	name string
}

// Mirror returns the figures of the mirror with a name of our own.
func (m *Metrics) Mirror(name string) *Mirror { return &Mirror{&m.mirrors, name} }

// Synced counts a look at the CMS.
func (m *Mirror) Synced(kind string, ok bool, took time.Duration) {
	outcome := "failed"
	if ok {
		outcome = "ok"
	}
	m.all.syncs.WithLabelValues(m.name, kind, outcome).Inc()
	m.all.took.WithLabelValues(m.name, kind).Observe(took.Seconds())
}

// Corrected counts a webhook that was wrong.
func (m *Mirror) Corrected() { m.all.corrected.WithLabelValues(m.name).Inc() }

// Failed counts a request that failed, by an id of our own.
func (m *Mirror) Failed(id string) { m.all.errors.WithLabelValues(m.name, id).Inc() }

// Held is what a mirror holds.
type Held struct {
	Entries, Assets, Pending, Refused int
	AsOf                              time.Time // zero = never
}

// Held tells what there is now.
func (m *Mirror) Held(h Held) {
	for what, n := range map[string]int{"entry": h.Entries, "asset": h.Assets, "pending": h.Pending, "refused": h.Refused} {
		m.all.items.WithLabelValues(m.name, what).Set(float64(n))
	}
	if !h.AsOf.IsZero() {
		m.all.asOf.WithLabelValues(m.name).Set(float64(h.AsOf.UnixMilli()) / 1000)
	}
}
