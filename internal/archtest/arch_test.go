// Package archtest holds the code to the map in internal/doc.go.
package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/segue-dev/segue/"

// tiers are in order of dependence. A package imports its own tier only where
// the tier allows it, and any tier before.
var tiers = []struct {
	name  string
	peers bool // may packages of the tier import each other?
	pure  bool // standard library only
	pkgs  []string
}{
	{"words", true, true, []string{
		"internal/fault", "internal/spelling", "internal/rawjson", "internal/idlist", "internal/signal", "internal/visitor", "internal/segment", "internal/segment/syntax", "internal/segment/whatif", "internal/segment/corpus",
		"internal/content", "internal/experience", "internal/experience/bucket", "internal/permutation", "internal/decision", "internal/measure", "internal/measure/stats", "internal/results", "internal/journey",
		"clients/js", // files to serve
	}},
	{"word tests", true, false, []string{"internal/visitor/visitortest", "internal/idlist/idlisttest"}},
	{"flows", true, false, []string{"internal/feed", "internal/ingest", "internal/resolve", "internal/backtest", "internal/lint", "internal/audit"}},
	{"adapters", false, false, []string{
		"internal/store/pebblestore",
		"internal/contentful", "internal/contentful/signature", "internal/contentful/space", "internal/contentful/mirror",
		"internal/contentful/webhook", "internal/contentful/export", "internal/contentful/provision",
		"internal/purge", "internal/deadletter", "internal/archive", "internal/telemetry", "internal/conformance",
		"internal/httpapi", "internal/httpapi/reply", "internal/httpapi/intake", "internal/httpapi/openapitest", "internal/httpapi/segmentio", "internal/httpapi/cloudevents", "internal/httpapi/ga4", "internal/httpapi/native", "internal/httpapi/caller", "internal/httpapi/snapshot", "internal/httpapi/edge", "internal/httpapi/webhooks", "internal/httpapi/admin",
		"internal/httpapi/geo", "internal/httpapi/ofrep", "internal/httpapi/ninetailed",
	}},
	{"stand-in", true, false, []string{ // one program of its own, in parts
		"internal/contentful/emulator/wire", "internal/contentful/emulator/store",
		"internal/contentful/emulator/query", "internal/contentful/emulator/delivery", "internal/contentful/emulator/cma",
		"internal/contentful/emulator/webhook", "internal/contentful/emulator/faults", "internal/contentful/emulator/host",
		"internal/contentful/emulator", "internal/contentful/emulator/emulatortest",
	}},
	{"assembly", true, false, []string{"config", "internal/app", "internal/cli", "internal/testkit", "cmd/segue", "cmd/conformance", "examples/storefront/site", "clients/acceptance", "internal/archtest"}},
}

// allowed are the exceptions to the rules above, each with its reason.
var allowed = map[[2]string]string{
	{"internal/contentful/mirror", "internal/contentful"}:            "what it reads with",
	{"internal/contentful/mirror", "internal/contentful/space"}:      "what it reads into",
	{"internal/segment/syntax", "go.yaml.in/yaml/v3"}:                "the language is YAML with positions",
	{"internal/measure/stats", "gonum.org/v1/gonum/stat/distuv"}:     "distributions are kept by those who know",
	{"internal/httpapi", "internal/httpapi/segmentio"}:               "httpapi mounts its dialects",
	{"internal/httpapi", "internal/httpapi/native"}:                  "httpapi mounts its dialects",
	{"internal/httpapi", "internal/httpapi/admin"}:                   "httpapi mounts its dialects",
	{"internal/httpapi/admin", "internal/httpapi/reply"}:             "how all dialects answer",
	{"internal/httpapi/intake", "internal/httpapi/reply"}:            "how all dialects read bodies",
	{"internal/httpapi", "internal/httpapi/intake"}:                  "httpapi mounts its dialects",
	{"internal/httpapi", "internal/httpapi/cloudevents"}:             "httpapi mounts its dialects",
	{"internal/httpapi/cloudevents", "internal/httpapi/intake"}:      "how signals are taken in",
	{"internal/httpapi", "internal/httpapi/ga4"}:                     "httpapi mounts its dialects",
	{"internal/httpapi/ga4", "internal/httpapi/intake"}:              "how signals are taken in",
	{"internal/httpapi/ga4", "internal/httpapi/reply"}:               "how all dialects read bodies",
	{"internal/httpapi/segmentio", "internal/httpapi/intake"}:        "how signals are taken in",
	{"internal/httpapi/segmentio", "internal/httpapi/reply"}:         "how all dialects answer",
	{"internal/httpapi/native", "internal/httpapi/geo"}:              "the header that names the visitor's address",
	{"internal/httpapi/native", "internal/httpapi/reply"}:            "how all dialects answer",
	{"internal/httpapi", "internal/httpapi/caller"}:                  "whom its dialects read",
	{"internal/httpapi", "internal/httpapi/edge"}:                    "httpapi mounts its dialects",
	{"internal/httpapi/intake", "internal/httpapi/caller"}:           "who sends",
	{"internal/httpapi/intake", "internal/httpapi/snapshot"}:         "what an answer to a browser sets",
	{"internal/httpapi/native", "internal/httpapi/caller"}:           "who calls",
	{"internal/httpapi/snapshot", "internal/httpapi/caller"}:         "whose cookie it is",
	{"internal/httpapi", "internal/httpapi/snapshot"}:                "what its dialects set",
	{"internal/httpapi/native", "internal/httpapi/snapshot"}:         "what an answer to a browser sets",
	{"internal/httpapi/edge", "internal/httpapi/snapshot"}:           "what an answer to a browser sets",
	{"internal/httpapi/edge", "internal/httpapi/caller"}:             "who calls",
	{"internal/httpapi/edge", "internal/httpapi/reply"}:              "how all dialects answer",
	{"internal/httpapi", "internal/httpapi/ninetailed"}:              "httpapi mounts its dialects",
	{"internal/httpapi/ninetailed", "internal/httpapi/reply"}:        "how all dialects answer",
	{"internal/httpapi/ninetailed", "internal/httpapi/intake"}:       "how all dialects take signals",
	{"internal/httpapi/ninetailed", "internal/httpapi/caller"}:       "who calls",
	{"internal/httpapi/ninetailed", "internal/httpapi/geo"}:          "where a request comes from",
	{"internal/httpapi", "internal/httpapi/ofrep"}:                   "httpapi mounts its dialects",
	{"internal/httpapi/ofrep", "internal/httpapi/reply"}:             "how all dialects answer",
	{"internal/httpapi", "internal/httpapi/reply"}:                   "how all dialects answer",
	{"internal/httpapi", "internal/httpapi/webhooks"}:                "httpapi mounts its dialects",
	{"internal/contentful/export", "internal/contentful"}:            "the client it reads with",
	{"internal/contentful/provision", "internal/contentful"}:         "the client it writes with",
	{"internal/contentful/webhook", "internal/contentful/signature"}: "webhooks are signed",
}

// only says who alone may import a module.
var only = map[string][]string{
	"github.com/labstack/echo/v4": {"internal/httpapi"},
	module + "config":             {"internal/app", "internal/cli"},
}

type pkg struct {
	ImportPath string
	Name       string
	Imports    []string
	Standard   bool
}

func TestPackagesImportOnlyWhatStandsAboveThem(t *testing.T) {
	tierOf := map[string]int{}
	for i, tier := range tiers {
		for _, p := range tier.pkgs {
			tierOf[p] = i
		}
	}
	for _, p := range list(t) {
		path := strings.TrimPrefix(p.ImportPath, module)
		if path == "internal" || strings.HasPrefix(path, "examples") {
			continue
		}
		mine, ok := tierOf[path]
		if !ok {
			t.Errorf("%s is in no tier: add it to archtest and internal/doc.go", path)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, path, mine, imp, tierOf)
		}
	}
}

func checkImport(t *testing.T, path string, mine int, imp string, tierOf map[string]int) {
	t.Helper()
	short := strings.TrimPrefix(imp, module)
	if _, ok := allowed[[2]string{path, short}]; ok {
		return
	}
	for ban, who := range only {
		if strings.HasPrefix(imp, ban) && !slices.ContainsFunc(who, func(w string) bool { return path == w || strings.HasPrefix(path, w+"/") }) {
			t.Errorf("%s imports %s, which only %v may", path, imp, who)
		}
	}
	if short == imp { // not ours
		if tiers[mine].pure && strings.Contains(imp, ".") {
			t.Errorf("%s is a word and imports %s: words use the standard library and each other", path, imp)
		}
		return
	}
	theirs, ok := tierOf[short]
	switch {
	case !ok:
		t.Errorf("%s imports %s, which is in no tier", path, short)
	case theirs > mine:
		t.Errorf("%s (%s) imports %s (%s): dependence points the other way", path, tiers[mine].name, short, tiers[theirs].name)
	case theirs == mine && !tiers[mine].peers:
		t.Errorf("%s imports %s: %s never import each other", path, short, tiers[mine].name)
	}
}

var mapLine = regexp.MustCompile(`(?m)^//\t([a-z0-9/]+) {2,}\S`)

func TestTheMapNamesEveryPackage(t *testing.T) {
	src, err := os.ReadFile("../doc.go")
	require.NoError(t, err)
	var onMap []string
	for _, m := range mapLine.FindAllStringSubmatch(string(src), -1) {
		onMap = append(onMap, "internal/"+m[1])
	}
	var there []string
	for _, p := range list(t) {
		if path := strings.TrimPrefix(p.ImportPath, module); strings.HasPrefix(path, "internal/") {
			there = append(there, path)
		}
	}
	slices.Sort(onMap)
	slices.Sort(there)
	require.Equal(t, there, onMap, "internal/doc.go is the map of internal: keep it true")
}

func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Imports,Standard", "../../...")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var pkgs []pkg
	for dec := json.NewDecoder(out); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	require.NoError(t, cmd.Wait())
	require.NotEmpty(t, pkgs)
	return pkgs
}
