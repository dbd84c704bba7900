package acceptance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// composition serves, of each export, the delivery API under /{name}/cda, and
// under /{name}/pages/{id} the page that Segue composes of an entry for nobody
// in particular. GET /names tells the names.
func composition(t *testing.T) string {
	paths, err := filepath.Glob("../../examples/*/space.json")
	require.NoError(t, err)
	if dir := os.Getenv("SEGUE_TEST_DATA"); dir != "" {
		more, err := filepath.Glob(filepath.Join(dir, "exports", "*.json"))
		require.NoError(t, err)
		paths = append(paths, more...)
	}
	mux := http.NewServeMux()
	names := map[string]string{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		if name == "space" {
			name = filepath.Base(filepath.Dir(path))
		}
		names[name] = "/" + name
		file, err := os.Open(path)
		require.NoError(t, err)
		s, err := store.Load(file, store.Options{})
		require.NoError(t, err, path)
		require.NoError(t, file.Close())
		snapshot, err := space.LoadExportFile(path)
		require.NoError(t, err, path)
		mux.Handle("/"+name+"/cda/", http.StripPrefix("/"+name+"/cda", delivery.New(s, delivery.Options{Token: "delivery"})))
		mux.Handle("/"+name+"/pages/", http.StripPrefix("/"+name+"/pages/", baselines(snapshot)))
	}
	mux.HandleFunc("GET /names", func(w http.ResponseWriter, _ *http.Request) { reply(t, w, names, nil) })
	return serve(t, mux)
}

// baselines answers with composed pages in which every slot shows its baseline.
func baselines(s *content.Snapshot) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, err := s.Compose(r.URL.Path, r.URL.Query().Get("locale"), func(entry string) content.Choice { return content.Choice{Entry: entry} })
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(page.JSON) // the client says so if this fails
	}
}
