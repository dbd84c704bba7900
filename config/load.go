package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// Load reads file, then the variables of environ ("NAME=value"), then the
// sets ("key=value"); the later wins, and what nobody names has its default.
// The error holds every mistake of all of them.
func Load(file string, environ, sets []string) (Config, error) {
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("%s does not exist: name your file with --config FILE", file)
	} else if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	return parse(file, src, environ, sets)
}

func parse(file string, src []byte, environ, sets []string) (Config, error) {
	dir := filepath.Dir(file)
	defaults, err := fromYAML("default.yaml", Default, dir)
	if err != nil {
		return Config{}, err
	}
	var c Config
	var errs []error
	add := func(values []value, err error) {
		errs = append(errs, err)
		for _, v := range values {
			errs = append(errs, v.apply(&c))
		}
	}
	add(defaults, nil)
	add(fromYAML(file, src, dir))
	add(fromEnviron(environ))
	add(fromSets(sets))
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, c.Check()
}

// A setting is one key of the file and the field it sets.
type setting struct {
	key    string
	field  func(*Config) any              // *string, *[]string, *Secret, *[]Secret, *int, *Size or *time.Duration
	rebase func(value, dir string) string // makes a path relative to dir; nil: it is no path
}

var settings = []setting{
	{"listen", func(c *Config) any { return &c.Listen }, nil},
	{"admin", func(c *Config) any { return &c.Admin }, nil},
	{"store", func(c *Config) any { return &c.Store }, rebaseAfterScheme},
	{"content", func(c *Config) any { return &c.Content }, rebaseAfterScheme},
	{"segments", func(c *Config) any { return &c.Segments }, rebase},
	{"experiences", func(c *Config) any { return &c.Experiences }, rebase},
	{"metrics", func(c *Config) any { return &c.Metrics }, rebase},
	{"exposure", func(c *Config) any { return &c.Exposure }, nil},
	{"archive.to", func(c *Config) any { return &c.Archive.To }, rebaseAfterScheme},
	{"archive.spool", func(c *Config) any { return &c.Archive.Spool }, rebase},
	{"archive.node", func(c *Config) any { return &c.Archive.Node }, nil},
	{"archive.endpoint", func(c *Config) any { return &c.Archive.Endpoint }, nil},
	{"archive.region", func(c *Config) any { return &c.Archive.Region }, nil},
	{"archive.accessKey", func(c *Config) any { return &c.Archive.AccessKey }, nil},
	{"archive.secretKey", func(c *Config) any { return &c.Archive.SecretKey }, nil},
	{"holdout.share", func(c *Config) any { return &c.Holdout.Share }, nil},
	{"holdout.since", func(c *Config) any { return &c.Holdout.Since }, nil},
	{"keys", func(c *Config) any { return &c.Keys }, rebase},
	{"maxSignals", func(c *Config) any { return &c.MaxSignals }, nil},
	{"retention", func(c *Config) any { return &c.Retention }, nil},
	{"sessionGap", func(c *Config) any { return &c.SessionGap }, nil},
	{"timezone", func(c *Config) any { return &c.Timezone }, nil},
	{"weekStart", func(c *Config) any { return &c.WeekStart }, nil},
	{"logLevel", func(c *Config) any { return &c.LogLevel }, nil},
	{"logFormat", func(c *Config) any { return &c.LogFormat }, nil},
	{"grace", func(c *Config) any { return &c.Grace }, nil},
	{"drift", func(c *Config) any { return &c.Drift }, nil},
	{"trustedProxies", func(c *Config) any { return &c.TrustedProxies }, nil},
	{"locationDatabase", func(c *Config) any { return &c.LocationDatabase }, rebase},

	{"personalization.prefixes", func(c *Config) any { return &c.Personalization.Prefixes }, nil},
	{"personalization.organizations", func(c *Config) any { return &c.Personalization.Organizations }, nil},
	{"personalization.environments", func(c *Config) any { return &c.Personalization.Environments }, nil},

	{"identity.cookies", func(c *Config) any { return &c.Identity.Cookies }, nil},
	{"identity.origins", func(c *Config) any { return &c.Identity.Origins }, nil},
	{"consent.gpc", func(c *Config) any { return &c.Consent.GPC }, nil},
	{"consent.dnt", func(c *Config) any { return &c.Consent.DNT }, nil},
	{"identity.domain", func(c *Config) any { return &c.Identity.Domain }, nil},
	{"edge.budget", func(c *Config) any { return &c.Edge.Budget }, nil},
	{"snapshot.algorithm", func(c *Config) any { return &c.Snapshot.Algorithm }, nil},
	{"snapshot.keys", func(c *Config) any { return &c.Snapshot.Keys }, nil},
	{"snapshot.life", func(c *Config) any { return &c.Snapshot.Life }, nil},
	{"edge.pages", func(c *Config) any { return &c.Edge.Pages }, nil},
	{"deadLetters", func(c *Config) any { return &c.DeadLetters }, rebase},
	{"deadLettersSize", func(c *Config) any { return &c.DeadLettersSize }, nil},
	{"ingest.inFlight", func(c *Config) any { return &c.Ingest.InFlight }, nil},
	{"ingest.wait", func(c *Config) any { return &c.Ingest.Wait }, nil},

	{"pages.sharedAge", func(c *Config) any { return &c.Pages.SharedAge }, nil},
	{"pages.staleWhileRevalidate", func(c *Config) any { return &c.Pages.StaleWhileRevalidate }, nil},
	{"pages.staleIfError", func(c *Config) any { return &c.Pages.StaleIfError }, nil},
	{"pages.tagHeaders", func(c *Config) any { return &c.Pages.TagHeaders }, nil},
	{"pages.permutations", func(c *Config) any { return &c.Pages.Permutations }, nil},

	{"purge.varnish", func(c *Config) any { return &c.Purge.Varnish }, nil},
	{"purge.nginx", func(c *Config) any { return &c.Purge.Nginx }, nil},
	{"purge.fastly", func(c *Config) any { return &c.Purge.Fastly }, nil},
	{"purge.fastlyToken", func(c *Config) any { return &c.Purge.FastlyToken }, nil},
	{"purge.cloudflare", func(c *Config) any { return &c.Purge.Cloudflare }, nil},
	{"purge.cloudflareToken", func(c *Config) any { return &c.Purge.CloudflareToken }, nil},
	{"purge.webhooks", func(c *Config) any { return &c.Purge.Webhooks }, nil},
	{"purge.webhookSecret", func(c *Config) any { return &c.Purge.WebhookSecret }, nil},

	{"contentful.deliveryToken", func(c *Config) any { return &c.Contentful.DeliveryToken }, nil},
	{"contentful.previewToken", func(c *Config) any { return &c.Contentful.PreviewToken }, nil},
	{"contentful.managementToken", func(c *Config) any { return &c.Contentful.ManagementToken }, nil},
	{"contentful.webhookSecrets", func(c *Config) any { return &c.Contentful.WebhookSecrets }, nil},
	{"contentful.previewKey", func(c *Config) any { return &c.Contentful.PreviewKey }, nil},
	{"contentful.region", func(c *Config) any { return &c.Contentful.Region }, nil},
	{"contentful.deliveryURL", func(c *Config) any { return &c.Contentful.DeliveryURL }, nil},
	{"contentful.previewURL", func(c *Config) any { return &c.Contentful.PreviewURL }, nil},
	{"contentful.managementURL", func(c *Config) any { return &c.Contentful.ManagementURL }, nil},
	{"contentful.uploadURL", func(c *Config) any { return &c.Contentful.UploadURL }, nil},
	{"contentful.webURL", func(c *Config) any { return &c.Contentful.WebURL }, nil},
	{"contentful.poll", func(c *Config) any { return &c.Contentful.Poll }, nil},
	{"contentful.previewPoll", func(c *Config) any { return &c.Contentful.PreviewPoll }, nil},
	{"contentful.cache", func(c *Config) any { return &c.Contentful.Cache }, rebase},

	{"ofrep.streams", func(c *Config) any { return &c.OFREP.Streams }, nil},
	{"ofrep.channelKey", func(c *Config) any { return &c.OFREP.ChannelKey }, nil},
	{"ofrep.eventsURL", func(c *Config) any { return &c.OFREP.EventsURL }, nil},
}

// variable returns the name of s in the environment: SEGUE_CONTENTFUL_WEB_URL
// for contentful.webURL.
func (s setting) variable() string {
	var b strings.Builder
	b.WriteString("SEGUE_")
	last := '_'
	for _, r := range s.key {
		if r == '.' {
			r = '_'
		}
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
		last = r
	}
	return b.String()
}

// secret reports whether the value of s must not be shown.
func (s setting) secret() bool {
	switch s.field(new(Config)).(type) {
	case *Secret, *[]Secret:
		return true
	default:
		return false
	}
}

// list reports whether s may have several values.
func (s setting) list() bool {
	switch s.field(new(Config)).(type) {
	case *[]string, *[]Secret:
		return true
	default:
		return false
	}
}

// A value is what one source gives to a setting.
type value struct {
	setting
	text  string // of a list: its values, with commas or line breaks between
	place string // of the value, for errors
	dir   string // that a relative path starts from
}

func (v value) apply(c *Config) error {
	text := v.text
	if v.rebase != nil {
		text = v.rebase(text, v.dir)
	}
	var err error
	switch field := v.field(c).(type) {
	case *string:
		*field = text
	case *[]string:
		*field = texts(text)
	case *Secret:
		*field = Secret(text)
	case *[]Secret:
		*field = secrets(text)
	case *int:
		if *field, err = strconv.Atoi(text); err != nil {
			err = fmt.Errorf("%q is not a whole number", text)
		}
	case *Size:
		*field, err = parseSize(text)
	case *time.Duration:
		*field, err = duration(text)
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", v.place, v.key, err)
	}
	return nil
}

func fromYAML(file string, src []byte, dir string) ([]value, error) {
	docs, err := documents(file, src)
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	if len(docs) > 1 {
		return nil, at(file, docs[1], "a configuration is one document: remove the line with ---")
	}
	return fromMapping(file, docs[0], "", dir)
}

// fromMapping reads a mapping whose keys all begin with prefix, which is "" or
// ends in a dot.
func fromMapping(file string, node *yaml.Node, prefix, dir string) (values []value, err error) {
	if err := checkMapping(file, node, keysBelow(prefix)); err != nil {
		return nil, err
	}
	var errs []error
	for i := 0; i < len(node.Content); i += 2 {
		key, node := prefix+node.Content[i].Value, node.Content[i+1]
		if node.Tag == "!!null" {
			node.Value = ""
		}
		s := settingOf(key)
		switch {
		case s.key == "" && node.Tag == "!!null": // a section with nothing in it
		case s.key == "":
			section, err := fromMapping(file, node, key+".", dir)
			values, errs = append(values, section...), append(errs, err)
		case node.Kind == yaml.SequenceNode && s.list():
			text, err := joined(file, key, node)
			values, errs = append(values, value{s, text, place(file, node), dir}), append(errs, err)
		case node.Kind != yaml.ScalarNode:
			errs = append(errs, at(file, node, "%s is a single value, not a list or a map", key))
		default:
			values = append(values, value{s, node.Value, place(file, node), dir})
		}
	}
	return values, errors.Join(errs...)
}

// joined returns the values of a list as text.
func joined(file, key string, list *yaml.Node) (string, error) {
	var texts []string
	for _, item := range list.Content {
		if item.Kind != yaml.ScalarNode {
			return "", at(file, item, "%s is a list of single values", key)
		}
		texts = append(texts, item.Value)
	}
	return strings.Join(texts, "\n"), nil
}

// fromEnviron reads SEGUE_ variables. A variable that is none of ours is left
// alone, since orchestrators invent such names, unless it is a misspelling.
func fromEnviron(environ []string) (values []value, err error) {
	given := map[string]string{}
	for _, e := range environ {
		if name, text, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, "SEGUE_") {
			given[name] = text
		}
	}
	var errs []error
	for _, s := range settings {
		name := s.variable()
		text, direct := given[name]
		file, indirect := given[name+"_FILE"]
		delete(given, name)
		delete(given, name+"_FILE")
		switch {
		case direct && indirect:
			errs = append(errs, fmt.Errorf("%s and %s_FILE are both set: keep one", name, name))
		case indirect:
			src, err := os.ReadFile(file)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s_FILE: %w", name, err))
			}
			values = append(values, value{s, strings.TrimSpace(string(src)), name + "_FILE", ""})
		case direct:
			values = append(values, value{s, text, name, ""})
		}
	}
	return values, errors.Join(append(errs, misspelled(given))...)
}

// misspelled complains of variables whose names are almost those of settings.
func misspelled(given map[string]string) error {
	const prefix = "SEGUE_"
	var names []string
	for _, s := range settings {
		names = append(names, strings.TrimPrefix(s.variable(), prefix))
	}
	var errs []error
	for _, given := range slices.Sorted(maps.Keys(given)) {
		name := strings.TrimSuffix(strings.TrimPrefix(given, prefix), "_FILE")
		if best, _ := spelling.Nearest(name, names); best != "" {
			errs = append(errs, fmt.Errorf("%s is no setting; did you mean %q?", given, prefix+best))
		}
	}
	return errors.Join(errs...)
}

func fromSets(sets []string) (values []value, err error) {
	var errs []error
	for _, set := range sets {
		key, text, ok := strings.Cut(set, "=")
		s := settingOf(key)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("--set %s: write it as key=value", set))
		case s.key == "":
			errs = append(errs, fmt.Errorf("--set: unknown key %q%s", key, didYouMean(key, settingKeys())))
		case s.secret():
			values = append(values, value{s, text, "--set " + key, ""})
		default:
			values = append(values, value{s, text, "--set " + set, ""})
		}
	}
	return values, errors.Join(errs...)
}

// duration reads a duration as segments write it, 0, and whole milliseconds.
func duration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
	}
	if count, ok := strings.CutSuffix(text, "ms"); ok {
		if n, err := strconv.ParseUint(count, 10, 31); err == nil {
			return time.Duration(n) * time.Millisecond, nil
		}
	}
	return syntax.ParseDuration(text)
}

func settingKeys() []string {
	keys := make([]string, len(settings))
	for i, s := range settings {
		keys[i] = s.key
	}
	return keys
}

// keysBelow returns the keys that a mapping may have whose keys all begin with
// prefix.
func keysBelow(prefix string) (keys []string) {
	for _, key := range settingKeys() {
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			if !slices.Contains(keys, name) {
				keys = append(keys, name)
			}
		}
	}
	return keys
}

func settingOf(key string) setting {
	for _, s := range settings {
		if s.key == key {
			return s
		}
	}
	return setting{}
}

func rebase(path, dir string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// rebaseAfterScheme rebases the path of "pebble:PATH" and "export:PATH".
func rebaseAfterScheme(setting, dir string) string {
	scheme, path := Scheme(setting)
	if scheme != "pebble" && scheme != "export" {
		return setting
	}
	return scheme + ":" + rebase(path, dir)
}
