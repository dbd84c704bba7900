package app_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/conformance"
	"github.com/segue-dev/segue/internal/segment/corpus"
)

// serving runs Segue with the segments of cases and returns where.
func serving(t *testing.T, settings corpus.Settings, cases []corpus.Case) conformance.Target {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, conformance.Definitions(dir, cases))
	sets := []string{"segments=" + dir, "experiences=", "content=", "retention=0"}
	for key, value := range map[string]string{"timezone": settings.Timezone, "sessionGap": settings.SessionGap} {
		if value != "" {
			sets = append(sets, key+"="+value)
		}
	}
	if settings.MaxSignals > 0 {
		sets = append(sets, fmt.Sprint("maxSignals=", settings.MaxSignals))
	}
	return conformance.Target{URL: run(t, exampleConfig(t, "storefront", sets...)).public}
}

func loadCorpus(t *testing.T) []corpus.Case {
	t.Helper()
	all, err := corpus.Load(os.DirFS("../segment/testdata/corpus"))
	require.NoError(t, err)
	return all
}

func TestTheCorpusHoldsOverHTTP(t *testing.T) {
	all := loadCorpus(t)
	asked := map[corpus.Settings]bool{}
	for _, c := range all {
		if asked[c.Settings] {
			continue
		}
		asked[c.Settings] = true
		t.Run(fmt.Sprintf("%+v", c.Settings), func(t *testing.T) {
			cases := conformance.Of(all, c.Settings)
			failures, err := serving(t, c.Settings, cases).Run(t.Context(), cases)
			require.NoError(t, err)
			for _, f := range failures {
				t.Errorf("%s (%s): %q", f.Case.Name, f.Case.Why, f.Wrong)
			}
		})
	}
	require.Greater(t, len(asked), 4)
}

func TestTheRunnerNamesWhatFails(t *testing.T) {
	cases := conformance.Of(loadCorpus(t), corpus.Settings{})[:3]
	target := serving(t, corpus.Settings{}, cases)
	cases[1].Expected.Member = !cases[1].Expected.Member
	failures, err := target.Run(t.Context(), cases)
	require.NoError(t, err)
	require.Len(t, failures, 1)
	require.Equal(t, cases[1].Name, failures[0].Case.Name)
	require.Contains(t, failures[0].Wrong[0], "member should be")

	cases[0].Name = "nobody-defined-this"
	_, err = target.Run(t.Context(), cases)
	require.ErrorContains(t, err, "nobody-defined-this")
}
