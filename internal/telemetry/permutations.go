package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/segue-dev/segue/internal/permutation"
)

// permutations are the figures of what pages are put together, and of what caches
// are told of it.
type permutations struct {
	live    prometheus.Gauge
	ofPages *prometheus.GaugeVec
	purges  *prometheus.CounterVec
	pending *prometheus.GaugeVec
}

func newPermutations() permutations {
	return permutations{
		live: gauge("segue_permutations", "Permutations of all pages that were answered in the last 15 minutes."),
		ofPages: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_page_permutations", Help: "Permutations of a page that were answered in the last 15 minutes; of the 100 pages that were asked for most.",
		}, []string{"page", "locale"}),
		purges: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "segue_purges_total", Help: "Permutations of pages that caches were told to drop, by cache and outcome; failed ones are tried again.",
		}, []string{"target", "outcome"}),
		pending: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_purges_pending", Help: "Permutations of pages that a cache could not be told to drop yet.",
		}, []string{"target"}),
	}
}

func (p *permutations) register(r *prometheus.Registry) {
	r.MustRegister(p.live, p.ofPages, p.purges, p.pending)
}

// Purged counts what a cache was told; it implements purge.Observer.
func (m *Metrics) Purged(target, outcome string, drops int) {
	m.permutations.purges.WithLabelValues(target, outcome).Add(float64(drops))
}

// PurgesPending tells what a cache could not be told yet.
func (m *Metrics) PurgesPending(target string, drops int) {
	m.permutations.pending.WithLabelValues(target).Set(float64(drops))
}

// maxPages bounds the pages that are named.
const maxPages = 100

// Permutations tells what was answered of pages, the most asked for first.
func (m *Metrics) Permutations(all []permutation.Usage) {
	m.permutations.ofPages.Reset()
	live := 0
	for i, u := range all {
		live += u.Live
		if i < maxPages {
			m.permutations.ofPages.WithLabelValues(u.Page, u.Locale).Set(float64(u.Live))
		}
	}
	m.permutations.live.Set(float64(live))
}
