package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/segue-dev/segue/internal/audit"
)

// drift are the figures of what has changed lately.
type drift struct {
	checks *prometheus.GaugeVec
	at     prometheus.Gauge
}

func newDrift() drift {
	return drift{
		checks: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "segue_drift", Help: "What has changed in seven days against the four weeks before, by check and segment (none: of all together): the worst is 2 red, 1 amber, 0 green, -1 unknown. segue audit --drift says more.",
		}, []string{"check", "segment"}),
		at: gauge("segue_drift_at_seconds", "The instant as of which drift was last looked for; 0: not yet."),
	}
}

func (d *drift) register(r *prometheus.Registry) { r.MustRegister(d.checks, d.at) }

// drifted are the statuses as numbers.
var drifted = map[audit.Status]float64{audit.Red: 2, audit.Amber: 1, audit.Green: 0, audit.Unknown: -1}

// Drift tells what has changed lately.
func (m *Metrics) Drift(r *audit.Report) {
	m.drift.checks.Reset()
	type place struct{ check, segment string }
	worst := map[place]float64{}
	for _, c := range r.Checks {
		at, n := place{c.ID, c.Segment}, drifted[c.Status]
		if at.segment == "" {
			at.segment = "none"
		}
		if have, known := worst[at]; !known || n > have {
			worst[at] = n
		}
	}
	for at, n := range worst {
		m.drift.checks.WithLabelValues(at.check, at.segment).Set(n)
	}
	m.drift.at.Set(float64(r.At.UnixMilli()) / float64(time.Second/time.Millisecond))
}
