package ingest

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/mileusna/useragent"

	"github.com/segue-dev/segue/internal/signal"
)

const (
	// maxUserAgent is how many bytes a user agent may have to be read. Real
	// ones have a few hundred.
	maxUserAgent = 1 << 10

	// maxBrowser is how many bytes the name of a browser may have.
	maxBrowser = 40
)

// Enrich adds to the attributes of a request what the user agent of its
// browser says: "device.type" (desktop, mobile, tablet or unknown),
// "browser.name" and "os.name". What the request itself says stays as it is,
// "device", "browser" and "os" by themselves included. An empty user agent
// says nothing. props is not changed; the result may share it.
func Enrich(props signal.Props, userAgent string) signal.Props {
	return enrich("", props, userAgent)
}

// enrich is Enrich for attributes whose keys begin with prefix.
func enrich(prefix string, props signal.Props, userAgent string) signal.Props {
	said := readUserAgent(userAgent)
	out := make(signal.Props, 0, len(props)+len(said))
	for _, p := range props {
		switch strings.TrimPrefix(p.Key, prefix) {
		case "device.type":
			p.Value = plainDevice(p.Value)
			fallthrough
		case "browser.name", "os.name":
			if p.Value == signal.TextOf("") {
				continue
			}
		}
		out = append(out, p)
	}
	for _, s := range said {
		if s.value != "" && !stated(props, prefix+s.parent) && !stated(props, prefix+s.parent+s.member) {
			out = append(out, signal.Prop{Key: prefix + s.parent + s.member, Value: signal.TextOf(s.value)})
		}
	}
	out.Sort()
	return out
}

// stated reports whether props say anything at key. SDKs send an empty text
// for what they cannot tell.
func stated(props signal.Props, key string) bool {
	v, ok := props.Get(key)
	return ok && v != signal.TextOf("")
}

// plainDevice translates the device types of mobile SDKs, which name the
// system, to ours.
func plainDevice(v signal.Value) signal.Value {
	switch v.String() {
	case "ios", "android":
		return signal.TextOf("mobile")
	default:
		return v
	}
}

// A saying is one attribute that a user agent tells. A request that gives
// parent or parent+member itself knows better.
type saying struct{ parent, member, value string }

func readUserAgent(s string) []saying {
	switch {
	case s == "":
		return nil
	case len(s) > maxUserAgent:
		return []saying{{"device", ".type", "unknown"}}
	}
	return agents.of(s)
}

// agents remember what user agents say: reading one takes longer than all else
// that is done with a signal, and most are those of a few browsers.
var agents memo

// A memo is a bounded memory of user agents. It is safe for concurrent use.
type memo struct {
	mu    sync.RWMutex
	known map[string][]saying // shared by all who ask
}

// maxAgents is how many are remembered, before they are all forgotten.
const maxAgents = 1024

func (m *memo) of(s string) []saying {
	m.mu.RLock()
	said, ok := m.known[s]
	m.mu.RUnlock()
	if ok {
		return said
	}
	ua := useragent.Parse(s)
	said = []saying{{"device", ".type", deviceType(ua)}, {"browser", ".name", browserName(ua)}, {"os", ".name", ua.OS}}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= maxAgents {
		m.known = make(map[string][]saying)
	}
	m.known[strings.Clone(s)] = said
	return said
}

// browserName returns a browser's name, or "" where the parser knows none: it
// then hands back what it was given, or some part of it.
func browserName(ua useragent.UserAgent) string {
	if ua.Name == ua.String || len(ua.Name) > maxBrowser || strings.ContainsFunc(ua.Name, unprintable) {
		return ""
	}
	return ua.Name
}

func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }

func deviceType(ua useragent.UserAgent) string {
	switch {
	case ua.Tablet, ua.IsAndroid() && !strings.Contains(ua.String, "Mobile"):
		return "tablet" // phones say Mobile, Android's tablets do not
	case ua.Mobile:
		return "mobile"
	case ua.Desktop:
		return "desktop"
	default:
		return "unknown"
	}
}
