package delivery_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
)

const environment = "/spaces/s/environments/master"

// answers are requests and, in testdata/answers, what is answered.
var answers = map[string]string{
	"space":              "/spaces/s",
	"locales":            environment + "/locales",
	"content-types":      environment + "/content_types",
	"tags":               environment + "/tags",
	"concepts":           environment + "/taxonomy/concepts?limit=2",
	"concept-ancestors":  environment + "/taxonomy/concepts/sneakers/ancestors?order=sys.id",
	"concept-schemes":    environment + "/taxonomy/concept-schemes",
	"entry":              environment + "/entries/home",
	"entry-all-locales":  environment + "/entries/home?locale=*",
	"entry-fallback":     environment + "/entries/about?locale=de",
	"entry-no-fallback":  environment + "/entries/home?locale=fr",
	"entries":            environment + "/entries?order=sys.id",
	"entries-deep":       environment + "/entries?sys.id=home&include=10",
	"entries-not-deep":   environment + "/entries?sys.id=home&include=0",
	"entries-cursor":     environment + "/entries?cursor=true&limit=1&order=sys.id&include=0",
	"entries-select":     environment + "/entries?content_type=page&select=sys.id,fields.title,fields.parts&sys.id=hero&locale=*",
	"entries-french":     environment + "/entries?sys.id=home&locale=fr",
	"assets":             environment + "/assets?mimetype_group=image&order=sys.id&locale=fr",
	"asset":              environment + "/assets/logo",
	"sync":               environment + "/sync?initial=true",
	"error-not-found":    environment + "/entries/draft",
	"error-query":        environment + "/entries?sys.888=GO",
	"error-content-type": environment + "/entries?fields.title=x",
	"error-include":      environment + "/entries?include=11",
}

// previews are answers of the preview API.
var previews = map[string]string{
	"preview":            environment + "/entries?order=sys.id&include=0&select=sys,fields.title&content_type=page",
	"preview-sourcemaps": environment + "/entries?sys.id=hero&includeContentSourceMaps=true",
	"preview-sourcemap":  environment + "/assets/photo?includeContentSourceMaps=true&locale=fr",
}

func TestAnswersStayAsTheyAre(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for name, target := range answers {
		t.Run(name, func(t *testing.T) { compare(t, name, get(t, st.cda, target).Body.Bytes()) })
	}
	for name, target := range previews {
		t.Run(name, func(t *testing.T) { compare(t, name, ask(t, st.cpa, "preview", target).Body.Bytes()) })
	}
	known, err := filepath.Glob("testdata/answers/*.json")
	require.NoError(t, err)
	require.Len(t, known, len(answers)+len(previews), "an answer is there that no request has")
}

// changing are what differs from run to run.
var changing = regexp.MustCompile(`("requestId": ")[^"]*|(sync_token=)[^"]*|(pageNext=)[^"]*`)

func compare(t *testing.T, name string, body []byte) {
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, body, "", "  "))
	got := changing.ReplaceAll(append(pretty.Bytes(), '\n'), []byte("$1$2$3…"))
	path := filepath.Join("testdata/answers", name+".json")
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run this test with -update, and look at what it wrote")
	require.Equal(t, string(want), string(got))
}

func TestPathsMayLeaveOutTheEnvironment(t *testing.T) {
	st := newStand(t, delivery.Options{})
	for _, path := range []string{"/entries", "/entries/home", "/assets?limit=1", "/content_types", "/locales", "/tags", "/taxonomy/concepts", "/entries/"} {
		require.Equal(t, get(t, st.cda, environment+path).Body.String(), get(t, st.cda, "/spaces/s"+path).Body.String(), path)
	}
	require.Equal(t, http.StatusOK, get(t, st.cda, "/spaces/s/").Code)
	require.Equal(t, http.StatusOK, get(t, st.cda, environment).Code)
}
