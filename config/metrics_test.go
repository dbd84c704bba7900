package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/measure"
)

func TestTheExampleOfMetricsCanBeCopied(t *testing.T) {
	m, err := MetricsOf("metrics.yaml")
	require.NoError(t, err)
	require.Len(t, m.Metrics, 4)
	_, err = measure.NewBook(measure.Options{Metrics: m.Metrics})
	require.NoError(t, err)

	purchase := m.Metrics[0]
	require.Equal(t, "purchase", purchase.Key)
	require.Equal(t, measure.Conversion, purchase.Kind)
	require.Len(t, purchase.Of.Where, 1)
	require.Equal(t, 7*24*time.Hour, purchase.Window)
	require.Equal(t, 14*24*time.Hour, purchase.Before)
	require.Equal(t, 100.0, m.Metrics[1].Unit())
	require.Len(t, m.Metrics[2].Per.Events, 1)
	require.True(t, m.Metrics[3].Down && m.Metrics[3].Guardrail)
}

func TestMistakesInMetricsAreNamedWithTheirPlace(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"no event":      {"metrics:\n  - { metric: a, window: 7d }\n", "m.yaml:2:5: of: missing"},
		"no window":     {"metrics:\n  - { metric: a, of: x }\n", "m.yaml:2:5: metric \"a\": window: give the time"},
		"unknown key":   {"metrics:\n  - { metric: a, of: x, windw: 7d }\n", "windw"},
		"unknown kind":  {"metrics:\n  - { metric: a, kind: mean, of: x, window: 7d }\n", "none of conversion, count, sum and ratio"},
		"bad duration":  {"metrics:\n  - { metric: a, of: x, window: soon }\n", "window: "},
		"bad condition": {"metrics:\n  - { metric: a, of: x, where: { p: { near: 1 } }, window: 7d }\n", "near"},
		"both":          {"metrics:\n  - { metric: a, of: x }\n  - { metric: b, window: 7d }\n", "m.yaml:3:5: of: missing"},
		"better":        {"metrics:\n  - { metric: a, of: x, window: 7d, better: bigger }\n", "better: \"bigger\""},
		"no property":   {"metrics:\n  - { metric: a, kind: sum, of: x, window: 7d }\n", "property: name"},
		"no per":        {"metrics:\n  - { metric: a, kind: ratio, of: x, window: 7d }\n", "per: a ratio needs"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "m.yaml")
			require.NoError(t, os.WriteFile(file, []byte(tc.src), 0o600))
			_, err := MetricsOf(file)
			require.ErrorContains(t, err, tc.want)
		})
	}
}
