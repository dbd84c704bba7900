package syntax

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "rewrite the wanted outputs in testdata")

// A golden is one case of a text file: below "## NAME" the source, below "=>"
// what is wanted.
type golden struct{ name, src, want string }

func readGoldens(t testing.TB, file string) (head string, cases []golden) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	parts := strings.Split("\n"+string(text), "\n## ")
	for _, part := range parts[1:] {
		name, rest, found := strings.Cut(part, "\n")
		require.True(t, found, "%s: a case without a source", file)
		src, want, _ := strings.Cut(rest+"\n", "=>\n")
		cases = append(cases, golden{name, strings.TrimRight(src, "\n") + "\n", strings.TrimSpace(want)})
	}
	return strings.TrimPrefix(parts[0], "\n"), cases
}

// runGoldens compares what run makes of the sources of all files below
// testdata/dir with what is wanted.
func runGoldens(t *testing.T, dir string, run func(src string) string) {
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		head, cases := readGoldens(t, file)
		var b strings.Builder
		b.WriteString(strings.TrimRight(head, "\n") + "\n")
		for _, c := range cases {
			got := strings.TrimSpace(run(c.src))
			fmt.Fprintf(&b, "\n## %s\n%s=>\n%s\n", c.name, c.src, got)
			if !*update {
				t.Run(filepath.Base(file)+"/"+c.name, func(t *testing.T) {
					require.Equal(t, c.want, got)
				})
			}
		}
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(b.String()), 0o644))
		}
	}
}

// A rule that is accepted shows its printed form and its reading.
func TestRules(t *testing.T) {
	runGoldens(t, "rules", func(src string) string {
		c, err := ParseCond("rule", []byte(src))
		return showRule(c, err)
	})
}

func TestJSONRules(t *testing.T) {
	runGoldens(t, "json", func(src string) string {
		c, err := ParseJSON([]byte(strings.TrimSuffix(src, "\n")), "entry 5x")
		return showRule(c, err)
	})
}

func showRule(c Cond, err error) string {
	if err != nil {
		return err.Error()
	}
	return Format(c) + "\n" + Describe(c)
}

// A file that is accepted shows what was read as JSON, but for places.
func TestFiles(t *testing.T) {
	runGoldens(t, "files", func(src string) string {
		defs, err := Parse("in.yaml", []byte(src))
		if err != nil {
			return err.Error()
		}
		var b strings.Builder
		for _, d := range defs {
			b.WriteString(showDefinition(d))
		}
		return b.String()
	})
}

func showDefinition(d Definition) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s %s %q %q priority=%d purpose=%q hours=%v\n", d.Pos, d.Key, d.Status, d.Name, d.SoWhat, d.Priority, d.Purpose, d.Hours)
	fmt.Fprintf(&b, "%s: when %s\n", d.When.Position(), Format(d.When))
	if d.Stay != nil || d.Hold != 0 || d.Timezone != "" {
		fmt.Fprintf(&b, "hold=%v %s\n", d.Hold, DescribeMembers(d))
	}
	for _, e := range d.Examples {
		fmt.Fprintf(&b, "%s: example %q at %v member=%v context=%v\n", e.Pos, e.Name, e.At, e.Member, e.Context)
		for _, s := range e.Signals {
			fmt.Fprintf(&b, "%s:   %v %d %q", s.Pos, s.At, s.Event.Kind, s.Event)
			for _, p := range s.Props {
				fmt.Fprintf(&b, " %s=%#v", p.Key, p.Value)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// acceptedRules returns the sources of all rules in testdata that are accepted.
func acceptedRules(t testing.TB) map[string]Cond {
	t.Helper()
	files, err := filepath.Glob("testdata/rules/*.txt")
	require.NoError(t, err)
	rules := make(map[string]Cond)
	for _, file := range files {
		_, cases := readGoldens(t, file)
		for _, c := range cases {
			if cond, err := ParseCond("rule", []byte(c.src)); err == nil {
				rules[c.src] = cond
			}
		}
	}
	require.NotEmpty(t, rules)
	return rules
}

// The same rule written as JSON is the same tree.
func TestJSONIsTheSameLanguage(t *testing.T) {
	for src, want := range acceptedRules(t) {
		if strings.Contains(src, "2026-") || strings.Contains(src, "12345678901234567890") || strings.Contains(src, "1e20") {
			continue // the generic decoder turns dates into times, rounds long ids and writes large numbers as ids
		}
		var value map[string]any
		require.NoError(t, yaml.Unmarshal([]byte(Format(want)), &value))
		text, err := json.MarshalIndent(value, "", "\t")
		require.NoError(t, err)
		got, err := ParseJSON(text, "rule")
		require.NoError(t, err, "%s", text)
		require.Equal(t, plainFormat(want), plainFormat(got))
	}
}

// plainFormat is Format with the entries of maps in one order: JSON keeps none.
func plainFormat(c Cond) string {
	var value any
	if err := yaml.Unmarshal([]byte(Format(c)), &value); err != nil {
		return err.Error()
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// Every operator has a rule in testdata that shows it at work.
func TestOperatorsAreShown(t *testing.T) {
	shown := make(map[string]bool)
	for _, c := range acceptedRules(t) {
		key, _ := formatParts(c)
		shown[key] = true
	}
	for _, o := range Operators() {
		require.True(t, shown[o.Key], "%s is not shown in testdata/rules", o.Key)
		require.NotEmpty(t, o.Shape)
		require.NotEmpty(t, o.Meaning)
	}
	require.Len(t, shown, len(Operators()), "a rule has an operator that Operators does not list")
}

func goldenSources(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
	require.NoError(t, err)
	var sources []string
	for _, file := range files {
		_, cases := readGoldens(t, file)
		for _, c := range cases {
			sources = append(sources, c.src)
		}
	}
	return sources
}
