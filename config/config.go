// Package config is what an operator writes: the settings of Segue, and the
// files they point to.
//
// It is dead data: no locks, no loggers, no getters. Reading is strict, all
// mistakes come at once, and each names its place and its fix. Only packages
// app and cli import it; every other part takes its own small options.
// default.yaml beside it documents each key and holds its default.
package config

import (
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

// Default is the documented file of defaults.
//
//go:embed default.yaml
var Default []byte

// DefaultFile is the path that is read when the operator names none.
const DefaultFile = "config/segue.yaml"

// A Config holds the settings of one Segue. Its paths are absolute, or
// relative to the working directory.
type Config struct {
	Listen      string // host:port of the public API
	Admin       string // host:port of metrics and administration
	Store       string // pebble:DIRECTORY or memory:
	Content     string // export:FILE or contentful://SPACE/ENVIRONMENT; "" = none
	Contentful  Contentful
	Identity    Identity
	Consent     Consent
	Edge        Edge
	Pages       Pages
	Purge       Purge
	Snapshot    Snapshot
	OFREP       OFREP
	Segments    string // file or directory; "" = none
	Experiences string // file or directory; "" = none
	Metrics     string // file; "" = none
	Exposure    string // beacon or onResolve
	Holdout     Holdout
	Archive     Archive
	Keys        string        // not supported yet
	MaxSignals  int           // per visitor; 0 = all
	Retention   time.Duration // 0 = for ever
	SessionGap  time.Duration
	Timezone    string // IANA name
	WeekStart   string // monday … sunday
	LogLevel    string // debug, info, warn or error
	LogFormat   string // text or json
	Grace       time.Duration
	Drift       time.Duration // between looks for drift; 0 = never
	Ingest      Ingest

	Personalization  Personalization // the APIs of Contentful Personalization
	TrustedProxies   []string        // addresses and networks whose X-Forwarded-For is believed
	LocationDatabase string          // a MaxMind DB; "" = none
	DeadLetters      string          // directory; "" = rejected signals are not kept
	DeadLettersSize  Size            // of its files together
}

// Ingest says how much work with signals is taken on at a time.
type Ingest struct {
	InFlight Size          // bytes of bodies being decoded and stored
	Wait     time.Duration // of a request for its turn; then it is answered 429
}

// minInFlight is the greatest body, which must always find room.
const minInFlight = 1 << 20

// minDeadLetters leaves room for the greatest body, written as text, in each of
// two files.
const minDeadLetters = 16 << 20

// Check returns every mistake at once, each naming its key; nil if none.
func (c Config) Check() error {
	return errors.Join(
		checkListener("listen", c.Listen),
		checkListener("admin", c.Admin),
		c.checkStore(),
		c.checkContent(),
		c.Contentful.check(),
		c.Identity.check(),
		c.Edge.check(),
		c.Pages.check(),
		c.Purge.check(),
		c.Snapshot.check(),
		c.Personalization.check(),
		c.checkProxies(),
		c.OFREP.check(),
		oneOf("exposure", c.Exposure, []string{Beacon, OnResolve}),
		c.Holdout.check(),
		c.Archive.check(),
		notYet("keys", c.Keys),
		atLeast("maxSignals", int64(c.MaxSignals), 0, "use 0 to keep all signals"),
		atLeast("retention", int64(c.Retention), 0, "use 0 to keep signals for ever"),
		atLeast("sessionGap", int64(c.SessionGap), int64(time.Second), "30m is usual"),
		atLeast("ingest.inFlight", int64(c.Ingest.InFlight), minInFlight, "4MiB is usual, and 1MiB the least"),
		atLeast("deadLettersSize", int64(c.DeadLettersSize), minDeadLetters, "64MiB is usual, and 16MiB the least"),
		atLeast("ingest.wait", int64(c.Ingest.Wait), int64(time.Millisecond), "1s is usual"),
		atLeast("grace", int64(c.Grace), 0, "15s is usual"),
		atLeast("drift", int64(c.Drift), 0, "24h is usual, and 0 never"),
		c.checkZone(),
		oneOf("weekStart", c.WeekStart, weekdays),
		oneOf("logLevel", c.LogLevel, levels),
		oneOf("logFormat", c.LogFormat, []string{"text", "json"}),
	)
}

// Location returns the time zone that rules go by. It is UTC for a zone that
// Check refuses.
func (c Config) Location() *time.Location {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// FirstWeekday returns the first day of a calendar week.
func (c Config) FirstWeekday() time.Weekday {
	for i, day := range weekdays {
		if day == c.WeekStart {
			return time.Weekday(i)
		}
	}
	return time.Monday
}

// Level returns the least level that is logged.
func (c Config) Level() slog.Level {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return slog.LevelInfo
	}
	return level
}

// Development reports whether no API keys are configured, so that every
// request is let in and only loopback listeners are accepted.
func (c Config) Development() bool { return c.Keys == "" }

// Scheme splits a setting such as "pebble:./data" at its first colon.
func Scheme(setting string) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(setting, ":")
	return scheme, rest
}

var (
	weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
	levels   = []string{"debug", "info", "warn", "error"}
)

func checkListener(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return fmt.Errorf("%s: %q is not host:port, such as 127.0.0.1:8080", key, address)
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%s: %q can be reached from other machines, and without keys only loopback addresses are accepted: use 127.0.0.1:%s and a proxy before it", key, address, port)
}

func (c Config) checkStore() error {
	switch scheme, dir := Scheme(c.Store); {
	case scheme == "pebble" && dir != "", scheme == "memory" && dir == "":
		return nil
	case scheme == "pebble":
		return errors.New("store: pebble: needs a directory, such as pebble:./data")
	case scheme == "redis" || scheme == "rediss":
		return errors.New("store: redis is not supported yet: use pebble:DIRECTORY")
	default:
		return fmt.Errorf("store: %q is neither pebble:DIRECTORY nor memory: itself", c.Store)
	}
}

func (c Config) checkContent() error {
	switch scheme, rest := Scheme(c.Content); {
	case c.Content == "", scheme == "export" && rest != "":
		return nil
	case scheme == "contentful":
		return c.checkSpace()
	default:
		return fmt.Errorf("content: %q is neither export:FILE nor contentful://SPACE/ENVIRONMENT (\"\" = no content)", c.Content)
	}
}

func notYet(key, value string) error {
	if value == "" {
		return nil
	}
	return fmt.Errorf("%s: %q would have no effect: %s are not supported yet; leave it out", key, value, key)
}

func atLeast(key string, value, least int64, fix string) error {
	if value >= least {
		return nil
	}
	return fmt.Errorf("%s: too small: %s", key, fix)
}

func (c Config) checkZone() error {
	if _, err := time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
		return fmt.Errorf("timezone: %q is not an IANA time zone, such as Europe/Berlin", c.Timezone)
	}
	return nil
}

func oneOf(key, value string, choices []string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s%s", key, value, strings.Join(choices, ", "), didYouMean(value, choices))
}
