package export_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/emulator"
	"github.com/segue-dev/segue/internal/contentful/emulator/emulatortest"
	"github.com/segue-dev/segue/internal/contentful/export"
	"github.com/segue-dev/segue/internal/contentful/space"
)

const storefront = "../../../examples/storefront/space.json"

func management(t *testing.T, s *emulatortest.Server) *contentful.CMA {
	t.Helper()
	cma, err := contentful.NewCMA(emulatortest.Management, contentful.Options{Space: "storefront", BaseURL: s.CMA})
	require.NoError(t, err)
	return cma
}

func delivery(t *testing.T, s *emulatortest.Server) *contentful.CDA {
	t.Helper()
	cda, err := contentful.NewCDA(emulatortest.Delivery, contentful.Options{Space: "storefront", BaseURL: s.CDA})
	require.NoError(t, err)
	return cda
}

// An item is what a page shows of an entry or asset.
type item struct {
	Sys    struct{ ID string }
	Fields map[string]any
}

// fieldsOf returns the fields of the entries and assets of an export by id.
func fieldsOf(t *testing.T, src []byte) map[string]any {
	t.Helper()
	var file struct{ Entries, Assets []item }
	require.NoError(t, json.Unmarshal(src, &file))
	fields := map[string]any{}
	for _, i := range append(file.Entries, file.Assets...) {
		fields[i.Sys.ID] = i.Fields
	}
	require.NotEmpty(t, fields)
	return fields
}

func TestAPulledSpaceIsWhatItWas(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	src, err := os.ReadFile(storefront)
	require.NoError(t, err)
	for name, lists := range map[string][]export.List{
		"managed":   export.Managed(t.Context(), management(t, s), export.Options{}),
		"published": export.Published(t.Context(), delivery(t, s)),
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			steps := 0
			counts, err := export.Write(&out, lists, func() { steps++ })
			require.NoError(t, err)
			var pulled map[string][]json.RawMessage
			require.NoError(t, json.Unmarshal(out.Bytes(), &pulled))
			total := 0
			for key, items := range pulled {
				require.Len(t, items, counts[key], key)
				total += len(items)
			}
			require.Equal(t, total, steps)
			require.Equal(t, fieldsOf(t, src), fieldsOf(t, out.Bytes()))
			snapshot, err := space.LoadExport(bytes.NewReader(out.Bytes()))
			require.NoError(t, err)
			require.Empty(t, snapshot.Findings())
			again := emulatortest.Start(t, emulator.Options{Export: bytes.NewReader(out.Bytes())})
			entries, err := delivery(t, again).Entries.Count(t.Context(), nil)
			require.NoError(t, err)
			require.Equal(t, counts["entries"], entries, "the stand-in takes it")
		})
	}
}

func TestDraftsAndTheArchivedAreLeftOutUnlessAskedFor(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	cma := management(t, s)
	body := map[string]any{"fields": map[string]any{}}
	for _, id := range []string{"x-draft", "x-archived"} {
		_, err := cma.Entries.Upsert(t.Context(), id, "page", 0, body)
		require.NoError(t, err)
	}
	_, err := cma.Entries.Archive(t.Context(), "x-archived", 1)
	require.NoError(t, err)
	for want, o := range map[string]export.Options{
		"":                   {},
		"x-draft":            {Drafts: true},
		"x-archived":         {Archived: true},
		"x-draft x-archived": {Drafts: true, Archived: true},
	} {
		var ids []string
		for _, list := range export.Managed(t.Context(), cma, o)[3:4] {
			for item, err := range list.Items {
				require.NoError(t, err)
				if strings.HasPrefix(item.Sys.ID, "x-") {
					ids = append(ids, item.Sys.ID)
				}
			}
		}
		require.Equal(t, want, strings.Join(ids, " "))
	}
}

func TestWhatCannotBeReadOrWrittenIsAnError(t *testing.T) {
	s := emulatortest.StartWith(t, storefront)
	cda, err := contentful.NewCDA("wrong", contentful.Options{Space: "storefront", BaseURL: s.CDA})
	require.NoError(t, err)
	_, err = export.Write(&bytes.Buffer{}, export.Published(t.Context(), cda), func() {})
	require.ErrorContains(t, err, "contentTypes: ")
	require.ErrorIs(t, err, contentful.AccessTokenInvalid)
	_, err = export.Write(full{}, export.Published(t.Context(), delivery(t, s)), func() {})
	require.ErrorContains(t, err, "disk full")
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }
