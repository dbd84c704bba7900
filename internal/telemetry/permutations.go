package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/segue-dev/segue/internal/permutation"
)

// permutations are the figures of what pages are put together.
type permutations struct {
	live    prometheus.Gauge
	ofPages *prometheus.GaugeVec
}

func newPermutations() permutations {
	return permutations{
		live: gauge("segue_permutations", "Permutations of all pages that were answered in the last 15 minutes."),
		ofPages: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_page_permutations", Help: "Permutations of a page that were answered in the last 15 minutes; of the 100 pages that were asked for most.",
		}, []string{"page", "locale"}),
	}
}

func (p *permutations) register(r *prometheus.Registry) { r.MustRegister(p.live, p.ofPages) }

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
