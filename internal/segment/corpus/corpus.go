// Package corpus is the public conformance corpus of the segment language: small
// stories with what a rule must say of them, and why.
//
// The rule it upholds: an expectation is derived from the semantics and never
// from what some code answers. The cases are plain JSON, so that any
// implementation can be held to them; docs/conformance.md says how.
package corpus

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// A Case is one visitor, one segment and one instant.
type Case struct {
	Name       string            `json:"name"` // [a-z0-9-], of its own
	Why        string            `json:"why"`  // what it follows from
	Settings   Settings          `json:"settings,omitzero"`
	Definition json.RawMessage   `json:"definition"` // a segment as in YAML, with the name as key
	Context    map[string]string `json:"context,omitempty"`
	// Live says that the signals arrived live. All others were imported, which
	// no lateness limit applies to.
	Live bool `json:"live,omitempty"`
	// Merged says that the signals are those of several visitors, by
	// anonymousId, who have become one.
	Merged   bool              `json:"merged,omitempty"`
	Signals  []json.RawMessage `json:"signals"`           // messages of the Segment spec in order of arrival, each with receivedAt
	Batches  []int             `json:"batches,omitempty"` // of how many signals each, in order; missing = they come in one
	At       time.Time         `json:"at"`
	Expected Expected          `json:"expected"`

	when json.RawMessage
}

// Settings are those of the project. The zero Settings are UTC, sessions that
// end after 30 minutes, weeks that begin on Monday, and records that keep
// everything.
type Settings struct {
	Timezone   string `json:"timezone,omitempty"`
	SessionGap string `json:"sessionGap,omitempty"` // a duration of the language
	MaxSignals int    `json:"maxSignals,omitempty"`
}

// Expected is what must be answered.
type Expected struct {
	Member     bool       `json:"member"`
	ValidUntil *time.Time `json:"validUntil"` // null = never
	Unknown    bool       `json:"unknown"`    // the rule is unknown, not false
	// Reasons is the truth ("true", "false" or "unknown") of some conditions
	// within when, by JSON pointer; "" is the rule as a whole.
	Reasons   map[string]string `json:"reasons,omitempty"`
	Truncated bool              `json:"truncated,omitempty"`
	Saturated bool              `json:"saturated,omitempty"`
}

// Load reads the cases of all .json files of fsys, in order of file. The error
// names the file and the case that is not one.
func Load(fsys fs.FS) ([]Case, error) {
	files, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errors.New("the corpus has no .json files")
	}
	var all []Case
	seen := map[string]string{}
	for _, file := range files {
		cases, err := load(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, c := range cases {
			if first, ok := seen[c.Name]; ok {
				return nil, fmt.Errorf("%s: %s: the name occurs in %s already", file, c.Name, first)
			}
			seen[c.Name] = file
		}
		all = append(all, cases...)
	}
	return all, nil
}

func load(fsys fs.FS, file string) ([]Case, error) {
	src, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	var cases []Case
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(&cases); err != nil {
		return nil, err
	}
	for i := range cases {
		if err := cases[i].check(); err != nil {
			return nil, fmt.Errorf("case %d (%s): %w", i, cases[i].Name, err)
		}
	}
	return cases, nil
}

// check finds out the rule of c.
func (c *Case) check() error {
	var d struct {
		Segment string          `json:"segment"`
		When    json.RawMessage `json:"when"`
	}
	if err := json.Unmarshal(c.Definition, &d); err != nil {
		return err
	}
	switch {
	case c.Name == "" || d.Segment != c.Name:
		return fmt.Errorf("the key of the segment is %q and must be the name of the case", d.Segment)
	case len(c.Batches) > 0 && sum(c.Batches) != len(c.Signals):
		return errors.New("batches must be of all signals")
	case c.Why == "" || len(d.When) == 0 || c.At.IsZero():
		return errors.New("why, definition.when and at are needed")
	}
	c.when = d.When
	return nil
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

// InBatches returns the signals as they come in.
func (c *Case) InBatches() [][]json.RawMessage {
	sizes := c.Batches
	if len(sizes) == 0 {
		sizes = []int{len(c.Signals)}
	}
	batches := make([][]json.RawMessage, len(sizes))
	rest := c.Signals
	for i, n := range sizes {
		batches[i], rest = rest[:n], rest[n:]
	}
	return batches
}

// An Answer is what an implementation says.
type Answer struct {
	Member               bool
	ValidUntil           time.Time // zero = never
	Unknown              bool
	Truncated, Saturated bool
	Proof                *Node // nil = it does not say
}

// A Node is the truth of a condition and of those it is made of, in order.
type Node struct {
	Truth string
	Of    []Node
}

// Differences returns what an answer gets wrong, as one line each.
func (c *Case) Differences(a Answer) []string {
	var wrong []string
	differ := func(what string, want, got any) {
		if want != got {
			wrong = append(wrong, fmt.Sprintf("%s should be %v and is %v", what, want, got))
		}
	}
	e := c.Expected
	differ("member", e.Member, a.Member)
	differ("unknown", e.Unknown, a.Unknown)
	until := "never"
	if e.ValidUntil != nil {
		until = stamp(*e.ValidUntil)
	}
	differ("validUntil", until, stamp(a.ValidUntil))
	differ("truncated", e.Truncated, a.Truncated)
	differ("saturated", e.Saturated, a.Saturated)
	if a.Proof != nil {
		truths := map[string]string{}
		walk(truths, "", c.when, *a.Proof)
		for _, path := range slices.Sorted(maps.Keys(e.Reasons)) {
			differ("the condition "+path, e.Reasons[path], truths[path])
		}
	}
	return wrong
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// walk notes the truth of a condition at a path, and of its parts.
func walk(truths map[string]string, path string, when json.RawMessage, n Node) {
	truths[path] = n.Truth
	var cond map[string]json.RawMessage
	if json.Unmarshal(when, &cond) != nil {
		return
	}
	for _, group := range []string{"all", "any"} {
		var parts []json.RawMessage
		if json.Unmarshal(cond[group], &parts) != nil {
			continue
		}
		for i := range min(len(parts), len(n.Of)) {
			walk(truths, fmt.Sprintf("%s/%s/%d", path, group, i), parts[i], n.Of[i])
		}
	}
	if part, ok := cond["not"]; ok && len(n.Of) > 0 {
		walk(truths, path+"/not", part, n.Of[0])
	}
}
