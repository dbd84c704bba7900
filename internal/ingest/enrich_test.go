package ingest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

func TestUserAgents(t *testing.T) {
	for ua, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0":                                                                  "desktop Firefox Linux",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36 Edg/124.0":         "desktop Edge macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1": "mobile Safari iOS",
		"Mozilla/5.0 (iPad; CPU OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1":          "tablet Safari iOS",
		"Mozilla/5.0 (Linux; Android 13; Pixel 7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36":                   "mobile Chrome Android",
		"Mozilla/5.0 (Linux; Android 13; SM-T870) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36":                          "tablet Chrome Android",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36":                         "desktop Chrome Windows",
		"curl/8.0": "unknown curl ?",
		"nonsense": "unknown ? ?",
		"":         "? ? ?",
		strings.Repeat("Mozilla/5.0 (X11; Linux x86_64) ", 40): "unknown ? ?",
	} {
		props := ingest.Enrich(nil, ua)
		require.Equal(t, want, get(props, "device.type")+" "+get(props, "browser.name")+" "+get(props, "os.name"), ua)
	}
}

func get(props signal.Props, key string) string {
	if v, ok := props.Get(key); ok {
		return v.String()
	}
	return "?"
}

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"

func TestEnrichAddsOnlyWhatIsNotSaid(t *testing.T) {
	context := func(raw string) signal.Props {
		props, err := signal.DecodeContext([]byte(raw))
		require.NoError(t, err)
		return props
	}
	for raw, want := range map[string]string{
		`{"device":"tv"}`:                        "? Firefox Linux",
		`{"device":{"type":"tv"}}`:               "tv Firefox Linux",
		`{"device":{"type":"ios"}}`:              "mobile Firefox Linux",
		`{"os":{"name":"","version":""}}`:        "desktop Firefox Linux",
		`{"os":{"name":"BeOS"},"browser":"own"}`: "desktop ? BeOS",
		`{"z":1,"a":2}`:                          "desktop Firefox Linux",
	} {
		given := context(raw)
		props := ingest.Enrich(given, firefox)
		require.Equal(t, want, get(props, "device.type")+" "+get(props, "browser.name")+" "+get(props, "os.name"), raw)
		require.Equal(t, context(raw), given, "what was given is not changed")
	}
}

func TestSignalsAreEnriched(t *testing.T) {
	in := ingest.New(&memory{}, ingest.Options{Now: clock})
	m := track("v", "1", "e")
	m.UserAgent = firefox
	m.Props = signal.Props{{Key: "device.type", Value: signal.TextOf("own")}}
	props := accept(t, in, ingest.Batch{Messages: []signal.Message{m}}).Records["v"].Signals[0].Props
	require.Equal(t, "desktop", get(props, "context.device.type"))
	require.Equal(t, "Firefox", get(props, "context.browser.name"))
	require.Equal(t, "own", get(props, "device.type"))
	require.Len(t, props, 4)
}

func FuzzEnrich(f *testing.F) {
	f.Add(firefox)
	f.Add("Mozilla/5.0 (;;;((( Android; \x00 Mobile) FBAN/FB_IAB")
	f.Fuzz(func(t *testing.T, ua string) {
		for _, p := range ingest.Enrich(nil, ua) {
			require.True(t, utf8.ValidString(p.Value.String()))
			require.LessOrEqual(t, len(p.Value.String()), 40)
		}
	})
}

// What is remembered of user agents is what they say, however many there are.
func TestUserAgentsAreRememberedRight(t *testing.T) {
	const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36"
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 3000 {
				got := ingest.Enrich(nil, fmt.Sprintf(browser, i%1500))
				name, _ := got.Get("browser.name")
				device, _ := got.Get("device.type")
				if name.String() != "Chrome" || device.String() != "desktop" {
					t.Errorf("Chrome %d: %v", i, got)
				}
			}
		})
	}
	wg.Wait()
}
