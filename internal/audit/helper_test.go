package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/lint"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// begin is when the first visitor of a log comes, and apart how long after one
// another they do.
var (
	begin = time.Date(2026, time.March, 2, 0, 0, 0, 123e6, time.UTC)
	apart = 4*time.Hour + 7*time.Minute + 13*time.Second + 217*time.Millisecond
)

// A logged is one log of testdata/logs.txt.
type logged struct {
	check, colour string
	goals         []Goal
	lines         []string
	rules         string
}

// logs reads testdata/logs.txt.
func logs(t *testing.T) []logged {
	src, err := os.ReadFile("testdata/logs.txt")
	require.NoError(t, err)
	var all []logged
	for _, section := range strings.Split(string(src), "\n== ")[1:] {
		head, body, _ := strings.Cut(section, "\n")
		words := strings.Fields(head)
		l := logged{check: words[0], colour: words[1]}
		for _, w := range words[2:] {
			goal, err := ParseGoal("goal", strings.TrimPrefix(w, "goal="))
			require.NoError(t, err)
			l.goals = append(l.goals, goal)
		}
		body, l.rules, _ = strings.Cut(body, "\nrules:\n")
		for line := range strings.Lines(body) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				l.lines = append(l.lines, line)
			}
		}
		all = append(all, l)
	}
	return all
}

// ndjson writes lines of a log as messages of the Segment spec.
func ndjson(t require.TestingT, lines []string) string {
	var b strings.Builder
	visitor := 0
	for _, line := range lines {
		count, signals, _ := strings.Cut(line, ":")
		n, err := strconv.Atoi(count)
		require.NoError(t, err, line)
		for range n {
			start := begin.Add(time.Duration(visitor%600) * apart)
			for i, s := range strings.Split(signals, ";") {
				raw, err := json.Marshal(message(t, start, fmt.Sprintf("v%d", visitor), i, strings.Fields(s)))
				require.NoError(t, err)
				b.Write(raw)
				b.WriteByte('\n')
			}
			visitor++
		}
	}
	return b.String()
}

func message(t require.TestingT, start time.Time, visitor string, i int, words []string) map[string]any {
	when := func(offset string) string {
		d, ok := strings.CutSuffix(offset, "d")
		if ok {
			n, err := strconv.Atoi(d)
			require.NoError(t, err)
			return start.AddDate(0, 0, n).Format(time.RFC3339Nano)
		}
		after, err := time.ParseDuration(offset)
		require.NoError(t, err)
		return start.Add(after).Format(time.RFC3339Nano)
	}
	props, context := map[string]any{}, map[string]any{}
	m := map[string]any{
		"type": words[1], "anonymousId": visitor, "messageId": fmt.Sprintf("%s-%d", visitor, i),
		"timestamp": when(words[0]), "properties": props, "context": context,
	}
	if !slices.Contains([]string{"page", "identify", "track"}, words[1]) {
		m["type"], m["event"] = "track", strings.ReplaceAll(words[1], "_", " ")
	}
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "user":
			m["userId"] = strings.ReplaceAll(value, "ME", visitor)
		case "id":
			m["messageId"] = visitor + value
		case "sent", "received":
			m[key+"At"] = when(value)
		case "ua":
			context["userAgent"] = value
		default:
			if path, ok := strings.CutPrefix(key, "context."); ok {
				nest(context, strings.Split(path, "."), value)
			} else {
				props[key] = value
			}
		}
	}
	return m
}

func nest(into map[string]any, path []string, value string) {
	for _, key := range path[:len(path)-1] {
		next := map[string]any{}
		into[key], into = next, next
	}
	into[path[len(path)-1]] = value
}

// gathered returns the Log of a recording.
func gathered(t require.TestingT, src string) *Log {
	log := NewLog(0)
	for e, err := range ingest.Read(strings.NewReader(src), ingest.ReplayOptions{Name: "log"}) {
		require.NoError(t, err)
		log.Add(&e)
	}
	return log
}

// withRules returns options with rules in YAML.
func withRules(t require.TestingT, opts Options, rules string) Options {
	if rules == "" {
		return opts
	}
	defs, err := syntax.Parse("rules", []byte(rules))
	require.NoError(t, err)
	set, err := segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	for i := range defs {
		defs[i].Status = syntax.Active
	}
	opts.Planned, err = segment.Compile(defs, segment.Options{})
	require.NoError(t, err)
	catalog, err := experience.NewCatalog(nil, nil)
	require.NoError(t, err)
	var b content.Builder
	require.NoError(t, b.AddLocale(content.Locale{Code: "en", Default: true}))
	empty, err := b.Build()
	require.NoError(t, err)
	opts.Rules = &lint.Input{Segments: set, Experiences: catalog, Content: empty}
	return opts
}

// audited audits a log.
func audited(t require.TestingT, src string, opts Options) *Report {
	log := gathered(t, src)
	opts.At, opts.Counted = log.Latest(), log.Counted()
	r, err := Run(context.Background(), log.Visitors(), opts)
	require.NoError(t, err)
	return r
}

// find returns the check with an id.
func find(t require.TestingT, r *Report, id string) Check {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.ID == id })
	require.GreaterOrEqual(t, i, 0, "there is no check %s", id)
	return r.Checks[i]
}
