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
	field  func(*Config) any              // *string, *int or *time.Duration
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
	{"keys", func(c *Config) any { return &c.Keys }, rebase},
	{"maxSignals", func(c *Config) any { return &c.MaxSignals }, nil},
	{"retention", func(c *Config) any { return &c.Retention }, nil},
	{"sessionGap", func(c *Config) any { return &c.SessionGap }, nil},
	{"timezone", func(c *Config) any { return &c.Timezone }, nil},
	{"weekStart", func(c *Config) any { return &c.WeekStart }, nil},
	{"logLevel", func(c *Config) any { return &c.LogLevel }, nil},
	{"logFormat", func(c *Config) any { return &c.LogFormat }, nil},
	{"grace", func(c *Config) any { return &c.Grace }, nil},
}

// variable returns the name of s in the environment.
func (s setting) variable() string {
	var b strings.Builder
	b.WriteString("SEGUE_")
	for _, r := range s.key {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// A value is what one source gives to a setting.
type value struct {
	setting
	text  string
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
	case *int:
		if *field, err = strconv.Atoi(text); err != nil {
			err = fmt.Errorf("%q is not a whole number", text)
		}
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
	root := docs[0]
	if err := checkMapping(file, root, settingKeys()); err != nil {
		return nil, err
	}
	var values []value
	for i := 0; i < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		if node.Kind != yaml.ScalarNode {
			return values, at(file, node, "%s is a single value, not a list or a map", key.Value)
		}
		text := node.Value
		if node.Tag == "!!null" {
			text = ""
		}
		values = append(values, value{settingOf(key.Value), text, place(file, node), dir})
	}
	return values, nil
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
			errs = append(errs, fmt.Errorf("--set %s: unknown key %q%s", set, key, didYouMean(key, settingKeys())))
		default:
			values = append(values, value{s, text, "--set " + set, ""})
		}
	}
	return values, errors.Join(errs...)
}

// duration reads a duration as segments write it, and 0.
func duration(text string) (time.Duration, error) {
	if text == "0" {
		return 0, nil
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
