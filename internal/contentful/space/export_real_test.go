package space_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// realExport returns the path of a published space export, or skips the test.
func realExport(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA is not set: real exports are not tested")
	}
	return filepath.Join(dir, "exports", name)
}

// loadReal loads a published space export, or skips the test.
func loadReal(t testing.TB, name string) *content.Snapshot {
	t.Helper()
	s, err := space.LoadExportFile(realExport(t, name))
	require.NoError(t, err)
	return s
}

func TestEveryRealPageComposes(t *testing.T) {
	for name, types := range map[string][]string{
		"easy-hr.json":           {"page", "landingPage"},
		"optimization-demo.json": {"content", "nestedContent", "mergeTagContent"},
		"blog.json":              {"blogPost"},
		"catalog-newer.json":     {"product"},
		"catalog-older.json":     {"product"},
	} {
		t.Run(name, func(t *testing.T) {
			s := loadReal(t, name)
			for _, contentType := range types {
				pages := 0
				for e := range s.Entries(contentType) {
					if s.Publishable(e.ID, "") {
						requireWhole(t, s, e.ID)
						pages++
					}
				}
				require.NotZero(t, pages, contentType)
			}
		})
	}
}

// requireWhole composes a page and requires that it is valid, of published
// entries only, free of internal fields, and open about what is missing.
func requireWhole(t *testing.T, s *content.Snapshot, page string) {
	t.Helper()
	p, err := s.Compose(page, "", ownBaseline)
	require.NoError(t, err)
	require.True(t, json.Valid(p.JSON))
	require.False(t, p.Cut)
	require.NotContains(t, string(p.JSON), `"nt_experiences"`)
	require.NotContains(t, string(p.JSON), `"url":"//`)
	for _, id := range p.Entities {
		if _, ok := s.Entry(id); ok {
			require.True(t, s.Publishable(id, ""), id)
		}
	}
	require.Equal(t, len(p.Unresolved) > 0, strings.Contains(string(p.JSON), `"unresolved":true`))
}

func TestRealFindings(t *testing.T) {
	require.Equal(t, []string{"44jIanEK8sjH9SoJ5AOa7m is a draft"}, draftsLinkedTo(loadReal(t, "easy-hr.json")))
	require.Empty(t, loadReal(t, "optimization-demo.json").Findings())
	require.Empty(t, loadReal(t, "blog.json").Findings())
	require.Equal(t, []content.Finding{
		{Entry: "3DVqIYj4dOwwcKu6sgqOgg", Message: "has changes that are not published: an export made with a management token holds the changed values, and they are shown"},
		{Entry: "5KsDBWseXY6QegucYAoacS", Field: "categories", Message: "links to entry 6AsIvJf9rj7pSWEa4THlOF, which does not exist"},
	}, loadReal(t, "catalog-newer.json").Findings())
}

// draftsLinkedTo returns the drafts that findings name, each once.
func draftsLinkedTo(s *content.Snapshot) (drafts []string) {
	for _, f := range s.Findings() {
		id, isDraft := strings.CutSuffix(strings.TrimPrefix(f.Message, "links to entry "), ", which is not published (draft)")
		if isDraft {
			drafts = append(drafts, id+" is a draft")
		} else {
			drafts = append(drafts, f.Message)
		}
	}
	slices.Sort(drafts)
	return slices.Compact(drafts)
}

func TestRealRichTextEmbedsMergeTags(t *testing.T) {
	s := loadReal(t, "optimization-demo.json")
	p, err := s.Compose("1MwiFl4z7gkwqGYdvCmr8c", "", ownBaseline)
	require.NoError(t, err)
	require.Equal(t, []string{"location.continent"}, p.MergeTags)
	filled := string(p.Fill(func(string) (string, bool) { return "EU", true }))
	require.Contains(t, filled, `{"nodeType":"text","value":"EU","marks":[],"data":{}}`)
	require.Contains(t, string(p.Fill(func(string) (string, bool) { return "", false })), `"value":"Nowhere"`)
}

func TestRealLocales(t *testing.T) {
	s := loadReal(t, "catalog-newer.json")
	require.Equal(t, "de", s.DefaultLocale())
	require.True(t, s.HasLocale("fr"))
	id, err := s.Page("product:whisk-beater", "fr")
	require.NoError(t, err, "a slug that is not localized holds in every locale")
	p, err := s.Compose(id, "fr", ownBaseline)
	require.NoError(t, err)
	require.Contains(t, string(p.JSON), `"locale":"fr"`)
	require.Contains(t, string(p.JSON), `"productName":"Whisk Beater"`)
	require.Contains(t, string(p.JSON), `"url":"https://images.ctfassets.net/`)
}

// TestComposedEntriesEqualWhatTheDeliveryAPIAnswers composes the entries that
// the Delivery API's answers are about, and compares them with those answers
// once their links are put in place.
func TestComposedEntriesEqualWhatTheDeliveryAPIAnswers(t *testing.T) {
	s := loadReal(t, "optimization-demo.json")
	files, err := filepath.Glob(filepath.Join(filepath.Dir(realExport(t, "x")), "optimization-demo-cda", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	compared := 0
	for _, file := range files {
		answer := readAnswer(t, file)
		for _, item := range answer.Items {
			if strings.HasPrefix(item.contentType(), "nt_") {
				continue
			}
			p, err := s.Compose(item.id(), "en-US", ownBaseline)
			require.NoError(t, err)
			var got map[string]any
			require.NoError(t, json.Unmarshal(p.JSON, &got))
			require.Equal(t, answer.placed(item), withoutVersions(got), file)
			compared++
		}
	}
	require.Equal(t, 13, compared)
}

// A delivered entity is an entry or asset as the Delivery API gives it.
type delivered map[string]any

func (d delivered) sys() map[string]any { return d["sys"].(map[string]any) }

func (d delivered) id() string { return d.sys()["id"].(string) }

// contentType returns the content type of an entry, and "" for an asset.
func (d delivered) contentType() string {
	link, ok := d.sys()["contentType"].(map[string]any)
	if !ok {
		return ""
	}
	return delivered(link).id()
}

// An answer is what the Delivery API answers to a query for entries.
type answer struct {
	Items    []delivered
	Includes map[string][]delivered

	all map[string]delivered
}

func readAnswer(t *testing.T, file string) *answer {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var a answer
	require.NoError(t, json.Unmarshal(data, &a))
	a.all = make(map[string]delivered)
	for _, list := range [][]delivered{a.Items, a.Includes["Entry"], a.Includes["Asset"]} {
		for _, one := range list {
			a.all[one.id()] = one
		}
	}
	return &a
}

// placed returns an entity with its links put in place and without the fields
// that pages leave out.
func (a *answer) placed(d delivered) map[string]any {
	fields := make(map[string]any)
	for name, value := range d["fields"].(map[string]any) {
		if d.contentType() == "nt_mergetag" || !strings.HasPrefix(name, "nt_") {
			fields[name] = a.value(value)
		}
	}
	return withoutVersions(map[string]any{"sys": d.sys(), "metadata": d["metadata"], "fields": fields})
}

// value returns a field value with its links put in place.
func (a *answer) value(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = a.value(value[i])
		}
	case map[string]any:
		if sys, ok := value["sys"].(map[string]any); ok && sys["type"] == "Link" {
			target, ok := a.all[sys["id"].(string)]
			if !ok {
				return map[string]any{"sys": sys, "unresolved": true, "reason": "not-published"}
			}
			return a.placed(target)
		}
		if data, ok := value["data"].(map[string]any); ok && value["nodeType"] == "embedded-entry-inline" {
			tag := a.value(data["target"]).(map[string]any)
			fields := tag["fields"].(map[string]any)
			value["data"] = map[string]any{"target": tag, "mergeTag": map[string]any{"id": fields["nt_mergetag_id"], "fallback": fields["nt_fallback"]}}
			return value
		}
		for name := range value {
			value[name] = a.value(value[name])
		}
	}
	return value
}

// withoutVersions leaves out of every sys the version number, which belongs to
// the editors' side and is not shown.
func withoutVersions(tree map[string]any) map[string]any {
	if sys, ok := tree["sys"].(map[string]any); ok {
		delete(sys, "publishedVersion")
	}
	for _, part := range tree {
		dropVersions(part)
	}
	return tree
}

// dropVersions applies withoutVersions to all objects in part.
func dropVersions(part any) {
	switch part := part.(type) {
	case []any:
		for _, one := range part {
			dropVersions(one)
		}
	case map[string]any:
		withoutVersions(part)
	}
}

func BenchmarkComposeReal(b *testing.B) {
	s := loadReal(b, "easy-hr.json")
	var pages []string
	for _, contentType := range []string{"page", "landingPage"} {
		for e := range s.Entries(contentType) {
			if s.Publishable(e.ID, "") {
				pages = append(pages, e.ID)
			}
		}
	}
	for name, choose := range map[string]func(string) content.Choice{
		"baselines": ownBaseline, "variants": chooser(everyVariant(b, s)),
	} {
		b.Run(name, func(b *testing.B) { benchmarkPages(b, s, pages, choose) })
	}
}

// benchmarkPages composes pages in turn.
func benchmarkPages(b *testing.B, s *content.Snapshot, pages []string, choose func(string) content.Choice) {
	took := make([]time.Duration, 0, 1<<20)
	size, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		p, err := s.Compose(pages[i%len(pages)], "", choose)
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		size += len(p.JSON)
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(size)/float64(i), "page-B")
}

func BenchmarkLoadExport(b *testing.B) {
	path := realExport(b, "easy-hr.json")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := space.LoadExportFile(path); err != nil {
			b.Fatal(err)
		}
	}
}
