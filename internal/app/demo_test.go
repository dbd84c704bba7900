package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/resolve"
)

// demonstration is the export of the product's demonstration space, and its id.
func demonstration(t *testing.T) (export, id string) {
	t.Helper()
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("set SEGUE_TEST_DATA to the directory of the public data sets")
	}
	return filepath.Join(data, "exports", "optimization-demo.json"), "uelxcuo7v97l"
}

// demoSettings are those of a server without segments and experiences of its own.
func demoSettings(more ...string) []string {
	return append([]string{"segments=", "experiences=", "contentful.deliveryToken=delivery"}, more...)
}

// The demonstration space is the same by way of a live space as it is in its
// export: the segments, the experiences, and every page with and without
// variants.
func TestALiveSpaceIsWhatItsExportSays(t *testing.T) {
	export, id := demonstration(t)
	contentful := emulatortest.StartWith(t, export)
	filed, filedFindings, err := app.Load(exampleConfig(t, "storefront", demoSettings("content=export:"+export)...))
	require.NoError(t, err)
	live, liveFindings, err := app.Load(exampleConfig(t, "storefront", demoSettings(
		"content=contentful://"+id+"/master", "contentful.deliveryURL="+contentful.CDA, "contentful.cache="+t.TempDir())...))
	require.NoError(t, err)

	require.Equal(t, filedFindings, liveFindings)
	require.Len(t, app.SegmentKeys(live), 15)
	require.Equal(t, app.SegmentKeys(filed), app.SegmentKeys(live))
	require.Equal(t, filed.Segments.Revision(), live.Segments.Revision())
	require.Equal(t, everyExperience(filed), everyExperience(live))
	pages := 0
	for e := range filed.Content.Entries("") {
		for _, choose := range []func(string) content.Choice{baselines, firstVariants(filed)} {
			want, err := filed.Content.Compose(e.ID, "", choose)
			require.NoError(t, err)
			got, err := live.Content.Compose(e.ID, "", choose)
			require.NoError(t, err)
			require.JSONEq(t, string(want.JSON), string(got.JSON))
			pages++
		}
	}
	require.NotZero(t, pages)
}

func everyExperience(site *resolve.Site) (all []experience.Experience) {
	for _, e := range site.Experiences.All() {
		all = append(all, *e)
	}
	return all
}

func baselines(entry string) content.Choice { return content.Choice{Entry: entry} }

// firstVariants chooses the first variant of the first experience of each slot.
func firstVariants(site *resolve.Site) func(entry string) content.Choice {
	return func(entry string) content.Choice {
		for _, e := range site.Experiences.At(entry) {
			if of := e.Component(entry); len(of.Variants) > 0 {
				return content.Choice{Entry: of.Variants[0].Entry, Hidden: of.Variants[0].Hidden, Experience: e.ID, Variant: 1}
			}
		}
		return content.Choice{Entry: entry}
	}
}

// Through a live space two visitors of whom it is known what the product gave
// them are put into the same audiences and as many experiences, and their pages
// show what was decided.
func TestVisitorsOfALiveSpaceGetWhatTheProductGaveThem(t *testing.T) {
	export, id := demonstration(t)
	contentful := emulatortest.StartWith(t, export)
	r := run(t, exampleConfig(t, "storefront", demoSettings(
		"content=contentful://"+id+"/master", "contentful.deliveryURL="+contentful.CDA, "contentful.cache="+t.TempDir())...))
	waitFor(t, "the space is read", func() bool {
		status, _ := r.get("/readyz")
		return status == 200
	})
	site, _, err := app.Load(exampleConfig(t, "storefront", demoSettings("content=export:"+export)...))
	require.NoError(t, err)

	var visits []string
	now := time.Now()
	for i := range 10 {
		visits = append(visits, fmt.Sprintf(`{"type": "page", "timestamp": %q}`, now.Add(time.Duration(i-9)*time.Hour).Format(time.RFC3339)))
	}
	known := append(visits, `{"type": "identify", "traits": {"identified": true}}`, `{"type": "track", "event": "custom"}`)
	for name, tc := range map[string]struct {
		signals               []string
		segments, experiences int
	}{
		"first session":             {visits[9:], 3, 4},
		"tenth session, identified": {known, 6, 13},
	} {
		t.Run(name, func(t *testing.T) {
			swapped := 0
			for e := range site.Content.Entries("") {
				if strings.HasPrefix(e.Type, "nt_") {
					continue
				}
				body := fmt.Sprintf(`{"visitor": %q, "page": %q, "context": {"device": "desktop", "country": "DE"}, "signals": [%s]}`,
					name, e.ID, strings.Join(tc.signals, ","))
				tc.signals = nil // they are sent once
				status, answer := r.call("POST", r.public+"/v1/resolve", body)
				require.Equal(t, 200, status, "%v", answer)
				require.Len(t, answer["segments"], tc.segments)
				require.Len(t, answer["experiences"], tc.experiences)
				raw, err := json.Marshal(answer["page"])
				require.NoError(t, err)
				for baseline, slot := range answer["slots"].(map[string]any) {
					s := slot.(map[string]any)
					if s["variant"] == 0.0 || s["hidden"] == true || !strings.Contains(string(raw), fmt.Sprintf(`"baseline":%q`, baseline)) {
						continue
					}
					swapped++
					require.Contains(t, string(raw), fmt.Sprintf(`"id":%q`, s["entry"]))
				}
			}
			require.NotZero(t, swapped, "variants in pages")
		})
	}
}
