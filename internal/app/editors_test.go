package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/telemetry"
	"github.com/segue-dev/segue/internal/visitor"
)

// edited is the configuration of a space with these audiences, as ids and rules,
// and an experience for each that is not understood.
func edited(t *testing.T, segments string, audiences ...string) config.Config {
	t.Helper()
	dir := t.TempDir()
	var entries []string
	for i := 0; i < len(audiences); i += 2 {
		entries = append(entries, fmt.Sprintf(`{"sys": {"id": %q, "type": "Entry", "contentType": {"sys": {"id": "nt_audience"}}}, "fields": {"nt_rules": {"en": %s}}}`, audiences[i], audiences[i+1]))
		entries = append(entries, fmt.Sprintf(`{"sys": {"id": "x-%s", "type": "Entry", "contentType": {"sys": {"id": "nt_experience"}}}, "fields": {
			"nt_type": {"en": "nt_personalization"}, "nt_audience": {"en": {"sys": {"type": "Link", "linkType": "Entry", "id": %q}}}, "nt_config": {"en": {"traffic": 90}}}}`, audiences[i], audiences[i]))
	}
	export := fmt.Sprintf(`{"locales": [{"code": "en", "default": true}], "entries": [%s]}`, strings.Join(entries, ","))
	for name, text := range map[string]string{
		"segue.yaml": "store: \"memory:\"\ncontent: export:space.json\nsegments: s.yaml\n", "space.json": export, "s.yaml": segments,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, nil)
	require.NoError(t, err)
	return cfg
}

const aSegment = "segment: readers\nname: Readers\nsoWhat: x\nwhen: { count: { of: page, gte: 3 } }\n"

// An audience that is not understood is a finding, a metric, and the reason why
// nobody is in it; all else is served.
func TestAnAudienceThatIsNotUnderstoodIsSaid(t *testing.T) {
	cfg := edited(t, aSegment,
		"odd", `{"any": [{"all": [{"type": "page", "operator": "greaterThanInclusive"}, {"type": "identify", "key": "plan", "operator": "near", "value": "pro"}]}]}`,
		"lost", `{"segue": {"all": [{"segment": "nobody"}]}}`,
		"depends", `{"segue": {"segment": "good"}}`,
		"good", `{"segue": {"segment": "readers"}}`)
	site, findings, err := Load(cfg)
	require.NoError(t, err)
	require.Equal(t, []string{"depends", "good", "readers"}, SegmentKeys(site))

	var said []content.Finding
	for _, f := range findings {
		if f.LeftOut && f.Field == "nt_rules" {
			said = append(said, f)
		}
	}
	require.Len(t, said, 2)
	require.Equal(t, [2]string{"odd", "nt_rules"}, [2]string{said[0].Entry, said[0].Field})
	require.Contains(t, said[0].Message, `any[0].all[1].operator: unknown operator "near"`)
	require.Equal(t, [2]string{"lost", "nt_rules"}, [2]string{said[1].Entry, said[1].Field})
	require.Contains(t, said[1].Message, `"nobody"`)

	m := telemetry.New(prometheus.NewRegistry(), telemetry.Build{})
	m.Published(site.Segments.Len(), findings)
	scraped := httptest.NewRecorder()
	m.Handler().ServeHTTP(scraped, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Contains(t, scraped.Body.String(), `segue_content_not_understood{entry="odd",field="nt_rules"} 1`)
	require.Contains(t, scraped.Body.String(), `segue_content_not_understood{entry="lost",field="nt_rules"} 1`)

	one, err := site.Explain(&visitor.Record{ID: "v"}, "odd", nil, 0)
	require.NoError(t, err)
	require.Len(t, one, 1)
	require.False(t, one[0].Member)
	require.Contains(t, one[0].Reason, `audience odd (entry odd) cannot be understood: nt_rules.any[0].all[1].operator: unknown operator "near"`)
	all, err := site.Explain(&visitor.Record{ID: "v"}, "", nil, 0)
	require.NoError(t, err)
	require.Len(t, all, 5)
	require.Contains(t, all[3].Reason, `audience lost (entry lost) cannot be understood: nt_rules: `)
	one, err = site.Explain(&visitor.Record{ID: "v"}, "good", nil, 0)
	require.NoError(t, err)
	require.Len(t, one[0].LeftOut, 1)
	require.Contains(t, one[0].LeftOut[0], "experience x-good (entry x-good): nt_config: traffic: 90")
	require.Contains(t, scraped.Body.String(), `segue_content_not_understood{entry="x-good",field="nt_config"} 1`)
	_, err = site.Explain(&visitor.Record{ID: "v"}, "unheard", nil, 0)
	require.Equal(t, fault.NotFound, fault.KindOf(err))
}

// What is wrong in a file is an error still, whatever editors did.
func TestAMistakeInAFileIsNotBlamedOnEditors(t *testing.T) {
	cfg := edited(t, "segment: readers\nname: Readers\nsoWhat: x\nwhen: { segment: nobody }\n", "lost", `{"segue": {"segment": "nobody too"}}`)
	_, _, err := Load(cfg)
	require.ErrorContains(t, err, "s.yaml:4")
	require.NotContains(t, err.Error(), "nt_audience")
}
