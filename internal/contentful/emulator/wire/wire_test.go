package wire_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

func TestErrorsHaveContentfulsForm(t *testing.T) {
	w := httptest.NewRecorder()
	wire.Fail(w, wire.ManagementType, wire.NotFound("Entry", "a", "s", "master"))
	require.Equal(t, http.StatusNotFound, w.Code)
	require.Equal(t, wire.ManagementType, w.Header().Get("Content-Type"))
	require.JSONEq(t, `{"sys": {"type": "Error", "id": "NotFound"}, "message": "The resource could not be found.",
		"requestId": "`+w.Header().Get("X-Contentful-Request-Id")+`",
		"details": {"type": "Entry", "id": "a", "space": "s", "environment": "master"}}`, w.Body.String())
}

func TestTheTokenIsInTheHeaderOrTheQuery(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/?access_token=q", nil)
	require.Equal(t, "q", wire.Token(r))
	r.Header.Set("Authorization", "Bearer h")
	require.Equal(t, "h", wire.Token(r))
}
