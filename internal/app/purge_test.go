package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
)

func TestAPublishTellsCachesExactlyWhatItChanged(t *testing.T) {
	told := make(chan []string, 10) // tags
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var news struct{ Data struct{ Tags []string } }
		if err := json.NewDecoder(r.Body).Decode(&news); err != nil {
			t.Error(err)
		}
		told <- news.Data.Tags
	}))
	t.Cleanup(receiver.Close)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "examples", "storefront"))))
	cfg, err := config.Load(filepath.Join(dir, "segue.yaml"), nil, []string{
		"store=memory:", "purge.webhooks=" + receiver.URL, "purge.webhookSecret=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	})
	require.NoError(t, err)
	r := run(t, cfg)
	key := func(page, signals string) string {
		status, answer := r.call("POST", r.public+"/v1/resolve", `{"visitor": "v", "page": "`+page+`", "signals": [`+signals+`]}`)
		require.Equal(t, 200, status)
		return answer["key"].(string)
	}
	key("page:home", "")
	key("category-grinders", "")
	buying := key("home", `{"type": "track", "event": "Product Added"}, {"type": "track", "event": "Cart Viewed"}`)
	for range 2 {
		status, _ := r.call("GET", r.public+"/v1/pages/home/"+buying, "")
		require.Equal(t, 200, status)
	}

	space := filepath.Join(dir, "space.json")
	src, err := os.ReadFile(space)
	require.NoError(t, err)
	edited := strings.Replace(string(src), `One step left`, `One small step left`, 1)
	require.NotEqual(t, string(src), edited, "the headline of hero-finish-order is not there")
	require.NoError(t, os.WriteFile(space, []byte(edited), 0o600))
	select {
	case tags := <-told:
		require.Equal(t, []string{"v-home.en-US." + buying}, tags)
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was told\n" + r.log.String())
	}
	require.NotContains(t, r.log.String(), "whsec_")
	require.NoError(t, r.end())
}
