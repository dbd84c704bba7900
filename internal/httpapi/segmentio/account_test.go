package segmentio_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/deadletter"
	"github.com/segue-dev/segue/internal/httpapi/intake"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/httpapi/segmentio"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// anyMessage draws a message that may be good, bad in some way, or known
// already.
func anyMessage(t *rapid.T) string {
	id := rapid.IntRange(0, 9).Draw(t, "id")
	return rapid.SampledFrom([]string{
		fmt.Sprintf(`{"type":"page","anonymousId":"v","messageId":"m%d"}`, id),
		fmt.Sprintf(`{"type":"track","userId":"u","event":"E","messageId":"m%d"}`, id),
		fmt.Sprintf(`{"type":"track","anonymousId":"v","messageId":"m%d"}`, id),
		`{"type":"page"}`,
		`{"type":"unheard of","anonymousId":"v"}`,
		`{"type":"page","anonymousId":{}}`,
		`{"type":"page","anonymousId":"v","timestamp":"yesterday"}`,
		`{"type":"page","anonymousId":"` + strings.Repeat("v", signal.MaxMessage) + `"}`,
		`"nonsense"`, `null`, `17`, `{}`,
	}).Draw(t, "message")
}

func TestEveryMessageIsAccountedFor(t *testing.T) {
	dir := t.TempDir()
	store, err := pebblestore.OpenMemory(pebblestore.Options{Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	rapid.Check(t, func(t *rapid.T) {
		require.NoError(t, os.RemoveAll(dir))
		box := deadletter.Open(deadletter.Options{Dir: dir, MaxSize: 64 << 20, Log: slog.New(slog.DiscardHandler)})
		e := echo.New()
		e.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
		segmentio.Mount(e, intake.New(ingest.New(store, ingest.Options{Rejects: box}), intake.Options{}))

		var rejected []string
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			sent := rapid.SliceOfN(rapid.Custom(anyMessage), 0, 20).Draw(t, "sent")
			res := httptest.NewRecorder()
			e.ServeHTTP(res, httptest.NewRequest(http.MethodPost, "/v1/batch", strings.NewReader(`{"batch":[`+strings.Join(sent, ",")+`]}`)))
			require.Equal(t, 200, res.Code, res.Body)
			var got struct {
				Accepted, Duplicates int
				Rejected             []struct{ Index int }
			}
			require.NoError(t, json.Unmarshal(res.Body.Bytes(), &got))
			require.Equal(t, len(sent), got.Accepted+got.Duplicates+len(got.Rejected))
			for _, r := range got.Rejected {
				rejected = append(rejected, sent[r.Index])
			}
		}
		require.NoError(t, box.Close())
		require.Equal(t, rejected, letters(t, dir), "dead letters are the rejected messages, as they were sent")
	})
}

func letters(t *rapid.T, dir string) (all []string) {
	src, err := os.ReadFile(filepath.Join(dir, deadletter.Name))
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	for line := range bytes.Lines(src) {
		var letter struct{ Message json.RawMessage }
		require.NoError(t, json.Unmarshal(line, &letter))
		all = append(all, string(letter.Message))
	}
	return all
}
