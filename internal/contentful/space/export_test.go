package space_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/fault"
)

var updateExports = flag.Bool("update", false, "write the golden files anew")

// readExport returns the fixture as a management token exports it.
func readExport(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "export-management.json"))
	require.NoError(t, err)
	return string(data)
}

// loadExport loads an export that must be good.
func loadExport(t testing.TB, text string) *content.Snapshot {
	t.Helper()
	s, err := space.LoadExport(strings.NewReader(text))
	require.NoError(t, err)
	return s
}

// ownBaseline chooses the baseline of every slot.
func ownBaseline(entry string) content.Choice { return content.Choice{Entry: entry} }

func TestAnExportBecomesASnapshot(t *testing.T) {
	s := loadExport(t, readExport(t))
	var out struct {
		English, Dutch json.RawMessage
		Unresolved     []string
		Findings       []content.Finding
	}
	page, err := s.Page("article:/tide-tables", "")
	require.NoError(t, err)
	english, err := s.Compose(page, "en", ownBaseline)
	require.NoError(t, err)
	dutch, err := s.Compose(page, "nl", ownBaseline)
	require.NoError(t, err)
	out.English, out.Dutch, out.Unresolved, out.Findings = english.JSON, dutch.JSON, english.Unresolved, s.Findings()
	got, err := json.MarshalIndent(out, "", "  ")
	require.NoError(t, err)

	path := filepath.Join("testdata", "export-snapshot.json")
	if *updateExports {
		require.NoError(t, os.WriteFile(path, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	require.Equal(t, string(want), string(got)+"\n")
}

func TestStatesOfEntries(t *testing.T) {
	for name, tc := range map[string]struct {
		sys  string
		want content.State
	}{
		"never published":            {`"version": 3`, content.Draft},
		"published":                  {`"version": 3, "publishedVersion": 2`, content.Published},
		"version of the publication": {`"version": 2, "publishedVersion": 2`, content.Published},
		"edited since":               {`"version": 4, "publishedVersion": 2`, content.Changed},
		"archived":                   {`"version": 4, "archivedVersion": 3`, content.Archived},
		"archived after publication": {`"version": 5, "publishedVersion": 2, "archivedVersion": 4`, content.Archived},
		"delivered":                  {`"publishedVersion": 9, "revision": 1`, content.Published},
		"delivered long ago":         {`"revision": 1`, content.Published},
	} {
		t.Run(name, func(t *testing.T) {
			s := loadExport(t, `{"locales": [{"code": "en"}], "entries": [{"sys": {"id": "e", `+tc.sys+`, "contentType": {"sys": {"id": "t"}}}}]}`)
			e, ok := s.Entry("e")
			require.True(t, ok)
			require.Equal(t, tc.want, e.State)
		})
	}
}

func TestADraftKeepsItsValues(t *testing.T) {
	e, _ := loadExport(t, readExport(t)).Entry("night-boats")
	title, ok := e.Field("title", "nl")
	require.True(t, ok)
	require.Equal(t, `"Night boats"`, string(title))
}

func TestAnExportMadeWithADeliveryToken(t *testing.T) {
	s := loadExport(t, `{"entries": [
		{"sys": {"id": "e", "type": "Entry", "revision": 4, "contentType": {"sys": {"id": "t"}}}, "fields": {"title": {"nl": "Getij"}}},
		{"sys": {"id": "f", "type": "Entry", "revision": 4, "locale": "nl", "contentType": {"sys": {"id": "t"}}}, "fields": {"title": "Maan", "tags": ["a"]}}
	]}`)
	require.Equal(t, "nl", s.DefaultLocale(), "the only one that is used")
	for id, want := range map[string]string{
		"e": `{"sys":{"id":"e","type":"Entry","revision":4,"contentType":{"sys":{"type":"Link","linkType":"ContentType","id":"t"}},"locale":"nl"},"fields":{"title":"Getij"}}`,
		"f": `{"sys":{"id":"f","type":"Entry","revision":4,"contentType":{"sys":{"type":"Link","linkType":"ContentType","id":"t"}},"locale":"nl"},"fields":{"tags":["a"],"title":"Maan"}}`,
	} {
		p, err := s.Compose(id, "", ownBaseline)
		require.NoError(t, err)
		require.Equal(t, want, string(p.JSON))
	}
}

func TestAnExportThatIsWrong(t *testing.T) {
	good := readExport(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"empty":               {good, " \n", "the export is empty"},
		"not JSON":            {`"publishedCounter": 3`, `"publishedCounter": 3x`, "the export is not JSON at line 32 (byte 2087), inside entries[0]: invalid character 'x' after object key:value pair"},
		"a list":              {good, `[]`, "not a space export: a JSON array where there must be an object"},
		"entries no list":     {good, `{"entries": {}}`, "not a space export: entries: a JSON object does not fit here"},
		"an answer of an API": {good, `{"sys": {"type": "Array"}, "items": []}`, "not a space export: it has no locales and no entries"},
		"entry twice":         {`"id": "moon-phases", "type"`, `"id": "tide-tables", "type"`, "entries[1] (id tide-tables): the id occurs twice: remove one"},
		"asset without id":    {`"id": "harbour-wall", "type"`, `"type"`, "assets[0]: sys.id: missing"},
		"entry without type":  {`"contentType": {"sys": {"type": "Link", "linkType": "ContentType", "id": "article"}}, "fieldStatus"`, `"fieldStatus"`, "entries[2] (id night-boats): content type: missing"},
		"version no number":   {`"version": 12`, `"version": "12"`, "entries[0] (id tide-tables): sys.version: a JSON string does not fit here"},
		"bare field":          {`{"en": "tide-tables"}`, `"tide-tables"`, "entries[0] (id tide-tables): fields.slug: must hold an object with a value for each locale"},
		"entry no object":     {`"entries": [`, `"entries": [7,`, "entries[0]: a JSON number where there must be an object"},
		"type twice":          {`"contentTypes": [`, `"contentTypes": [{"sys": {"id": "article"}},`, `contentTypes[1] (id article): there are two content types "article": remove one`},
		"locale twice":        {`"code": "nl"`, `"code": "en"`, `locales[1] (id en): there are two locales "en": remove one`},
		"no default locale":   {`"default": true`, `"default": false`, "locales: none is the default: mark one of them (en, nl)"},
		"no locales":          {`"locales"`, `"languages"`, `locales: missing, and the fields use 2 locales ["en" "nl"]: add the list, with one of them as default`},
		"metadata no object":  {`"metadata": {"tags"`, `"metadata": [], "was": {"tags"`, "entries[0] (id tide-tables): metadata: must be an object"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, good, tc.old)
			_, err := space.LoadExport(strings.NewReader(strings.Replace(good, tc.old, tc.new, 1)))
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

func TestAllMistakesAreNamedAtOnceUpToTen(t *testing.T) {
	entries := strings.Repeat(`{"sys": {"id": "e", "contentType": {"sys": {"id": "t"}}}},`, 12)
	_, err := space.LoadExport(strings.NewReader(`{"locales": [{"code": "en"}], "entries": [` + strings.TrimSuffix(entries, ",") + `]}`))
	require.ErrorContains(t, err, "entries[1] (id e): the id occurs twice")
	require.ErrorContains(t, err, "entries[10] (id e): the id occurs twice")
	require.NotContains(t, err.Error(), "entries[11]")
	require.ErrorContains(t, err, "and 1 more")
}

func TestATruncatedExportSaysWhereItEnds(t *testing.T) {
	good := strings.TrimSpace(readExport(t))
	for end := 1; end < len(good); end += 7 {
		_, err := space.LoadExport(strings.NewReader(good[:end]))
		require.ErrorContains(t, err, "the export is truncated: it ends at line ")
	}
	cut := good[:strings.Index(good, "Moon phases")+4]
	_, err := space.LoadExport(strings.NewReader(cut))
	require.ErrorContains(t, err, "inside entries[1]: export the space again")
}

func TestLoadExportFileNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "space.json")
	_, err := space.LoadExportFile(path)
	require.ErrorContains(t, err, path)
	require.Equal(t, fault.Invalid, fault.KindOf(err))

	require.NoError(t, os.WriteFile(path, []byte(`{"entries": [`), 0o600))
	_, err = space.LoadExportFile(path)
	require.ErrorContains(t, err, "content export "+path+": the export is truncated")

	require.NoError(t, os.WriteFile(path, []byte(readExport(t)), 0o600))
	_, err = space.LoadExportFile(path)
	require.NoError(t, err)
}

func FuzzLoadExport(f *testing.F) {
	f.Add([]byte(readExport(f)))
	f.Add([]byte(`{"locales":[{"code":"en"}],"entries":[{"sys":{"id":"a","contentType":{"sys":{"id":"t"}}},"fields":{"x":{"en":{"nodeType":"document","data":{"target":{"sys":{"type":"Link","linkType":"Entry","id":"a"}}}}}}}]}`))
	f.Add([]byte(`{"locales":[{"code":"en"}],"entries":[{"sys":{"id":"m","contentType":{"sys":{"id":"nt_mergetag"}}},"fields":{"nt_mergetag_id":{"en":"x"},"r":{"en":{"nodeType":"embedded-entry-inline","data":{"target":{"sys":{"type":"Link","linkType":"Entry","id":"m"}}},"content":[]}}}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := space.LoadExport(bytes.NewReader(data))
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		for e := range s.Entries("") {
			p, err := s.Compose(e.ID, "", ownBaseline)
			if err != nil {
				require.Equal(t, fault.NotFound, fault.KindOf(err))
				continue
			}
			require.True(t, json.Valid(p.JSON), "%s", p.JSON)
			require.True(t, json.Valid(p.Fill(func(id string) (string, bool) { return id, true })))
		}
	})
}

func TestTopicsComeFromMetadataAndConcepts(t *testing.T) {
	const export = `{
		"locales": [{"code": "en", "default": true}],
		"entries": [{"sys": {"id": "e1", "contentType": {"sys": {"id": "page"}}}, "fields": {},
			"metadata": {"tags": [{"sys": {"type": "Link", "linkType": "Tag", "id": "sale"}}],
				"concepts": [{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "trail"}}]}}],
		"concepts": [{"sys": {"id": "trail", "type": "TaxonomyConcept"}, "prefLabel": {"en": "Trail shoes"},
			"broader": [{"sys": {"type": "Link", "linkType": "TaxonomyConcept", "id": "shoes"}}]}]}`
	s := loadExport(t, export)
	require.Equal(t, []string{"sale", "shoes", "trail"}, s.Topics())
	entries, known := s.About("shoes")
	require.True(t, known)
	require.Equal(t, []string{"e1"}, entries)
	_, err := space.LoadExport(strings.NewReader(strings.Replace(export, `"id": "trail", "type"`, `"type"`, 1)))
	require.ErrorContains(t, err, "concepts[0]: sys.id: missing")
}

// What a preview needs to lead editors from a text to its field stays with the
// entry.
func TestSourceMapsStayWithTheirEntry(t *testing.T) {
	s, err := space.LoadExport(strings.NewReader(`{"locales": [{"code": "en", "default": true}], "entries": [{
		"sys": {"id": "a", "type": "Entry", "contentType": {"sys": {"id": "page"}}, "locale": "en",
			"contentSourceMaps": {"mappings": {"/fields/title": {"source": {"editorInterface": 0, "fieldType": 1}}}}},
		"fields": {"title": "A title"}}]}`))
	require.NoError(t, err)
	p, err := s.Compose("a", "", ownBaseline)
	require.NoError(t, err)
	require.Contains(t, string(p.JSON), `"contentSourceMaps":{"mappings":{"/fields/title":{"source":{"editorInterface":0,"fieldType":1}}}}`)
}

// So it does in a space that is mirrored.
func TestSourceMapsStayWithALiveEntry(t *testing.T) {
	ref := space.Ref{Kind: space.Entry, ID: "a"}
	compact, err := space.Compact(ref, []byte(`{"sys": {"id": "a", "type": "Entry", "contentType": {"sys": {"id": "page"}},
		"contentSourceMaps": {"mappings": {}}}, "fields": {"title": {"en": "A title"}}}`))
	require.NoError(t, err)
	live := space.NewLive()
	live.SetModel(space.Model{Locales: []json.RawMessage{[]byte(`{"code": "en", "default": true}`)}})
	live.Put(ref, compact)
	s, err := live.Snapshot()
	require.NoError(t, err)
	p, err := s.Compose("a", "", ownBaseline)
	require.NoError(t, err)
	require.Contains(t, string(p.JSON), `"contentSourceMaps":{"mappings":{}}`)
}
