package testkit_test

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func TestAServerAnswersAgainAfterItsDeath(t *testing.T) {
	s := testkit.Example(t, "storefront")
	answers := func() {
		t.Helper()
		for _, url := range []string{s.URL + "/v1/resolve?visitor=buyer-ana", s.Admin + "/livez"} {
			res, err := http.Get(url)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode, url)
		}
	}
	answers()
	s.Kill()
	_, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	require.Error(t, err)
	s.Restart(t)
	answers()
	require.Zero(t, s.Stop(t))
}
