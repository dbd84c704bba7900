package delivery_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// realData returns a path below the real inputs, or skips the test.
func realData(t testing.TB, path string) string {
	t.Helper()
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("skipped: SEGUE_TEST_DATA, the directory of real inputs, is not set")
	}
	return filepath.Join(dir, path)
}

// TestAnswersEqualThoseOfContentful asks for what 45 recorded answers of the
// delivery API were the answers to. No field differs: the export of that space
// was made with a delivery token, so that it has the dates and revisions too.
func TestAnswersEqualThoseOfContentful(t *testing.T) {
	golden, err := filepath.Glob(realData(t, "exports/optimization-demo-cda/*.json"))
	require.NoError(t, err)
	require.Len(t, golden, 45)
	file, err := os.Open(realData(t, "exports/optimization-demo.json"))
	require.NoError(t, err)
	defer file.Close()
	s, err := store.Load(file, store.Options{})
	require.NoError(t, err)
	api := delivery.New(s, delivery.Options{Token: "delivery"})
	for _, path := range golden {
		id := strings.TrimSuffix(filepath.Base(path), ".json")
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		var want struct {
			Items []struct {
				Sys struct {
					Space struct{ Sys struct{ ID string } }
				}
			}
		}
		require.NoError(t, json.Unmarshal(raw, &want))
		space := want.Items[0].Sys.Space.Sys.ID
		got := get(t, api, "/spaces/"+space+"/environments/master/entries?include=10&sys.id="+id)
		require.Equal(t, http.StatusOK, got.Code)
		require.JSONEq(t, string(raw), got.Body.String(), id)
	}
}
