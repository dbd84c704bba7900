package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const profiles = "/v2/organizations/any/environments/main/profiles/"

// pageView is a page view in Contentful's demo, from a desktop in Germany.
func pageView(id, visitor string, at time.Time) string {
	return fmt.Sprintf(`{"type":"page","messageId":%q,"anonymousId":%q,"timestamp":%q,"properties":{},"context":{`+
		`"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",`+
		`"location":{"continent":"EU","countryCode":"DE"},"page":{"path":"/","query":{},"referrer":"","search":"","url":"https://demo.example/"}}}`,
		id, visitor, at.UTC().Format(time.RFC3339Nano))
}

// What Contentful's own service answered two visitors of its demo space was
// recorded: the audiences they were in and how many of the 17 experiences they
// had. So must we, from the space and their events alone.
func TestTheDemoOfContentfulIsAnsweredAsItsServiceDoes(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("set SEGUE_TEST_DATA to the directory of the public data sets")
	}
	space := filepath.Join(data, "exports", "optimization-demo.json")
	r := run(t, exampleConfig(t, "storefront", "content=export:"+space, "segments=", "timezone=UTC"))
	now := time.Now()
	ask := func(id string, events ...string) (audiences []string, experiences []any) {
		status, answer := r.call(http.MethodPost, r.public+profiles+id, `{"events":[`+strings.Join(events, ",")+`]}`)
		require.Equal(t, http.StatusOK, status)
		got := answer["data"].(map[string]any)
		for _, a := range got["profile"].(map[string]any)["audiences"].([]any) {
			audiences = append(audiences, a.(string))
		}
		return audiences, got["experiences"].([]any)
	}
	const (
		europe, desktop = "2WzXDaWtDmstHl9p8Wufpp", "2y72M2RTXnMpp9GPG8xSzf"
		newVisitors     = "3UTxzKhiki1xeHAdSCJBCS"
		returning       = "46fHDG7vjxwTbYee5JNVOQ"
		identified      = "4yIqY7AWtzeehCZxtQSDB"
		withEvent, all  = "56gfPS3OIl77DbH5PZigtr", "5I5wZ2b6MeGP7q1aW1mOHG"
	)
	audiences, experiences := ask("new-visitor", pageView("p1", "new-visitor", now))
	require.ElementsMatch(t, []string{europe, desktop, newVisitors}, audiences)
	require.Len(t, experiences, 4)

	var history []string
	for n := range 9 {
		history = append(history, pageView(fmt.Sprint("h", n), "known", now.AddDate(0, 0, n-10)))
	}
	status, _ := r.call(http.MethodPost, r.public+"/v2/organizations/any/environments/main/import/events", `{"events":[`+strings.Join(history, ",")+`]}`)
	require.Equal(t, http.StatusOK, status)
	at := now.UTC().Format(time.RFC3339Nano)
	audiences, experiences = ask("known", pageView("p1", "known", now),
		fmt.Sprintf(`{"type":"identify","messageId":"i1","timestamp":%q,"userId":"","traits":{"identified":true}}`, at),
		fmt.Sprintf(`{"type":"track","messageId":"t1","timestamp":%q,"event":"custom","properties":{}}`, at))
	require.ElementsMatch(t, []string{europe, desktop, returning, identified, withEvent, all}, audiences)
	require.Len(t, experiences, 13)
}
