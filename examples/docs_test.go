package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestTheGuideOfSegmentsIsValid compiles every rule that docs/segments.md shows
// and runs its examples. Segments that a rule refers to and that are shown
// elsewhere are made up.
func TestTheGuideOfSegmentsIsValid(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(read(t, "../docs/segments.md"), -1)
	require.NotEmpty(t, blocks)
	for _, b := range blocks {
		if strings.HasPrefix(b[1], "segment:") {
			defs, err := syntax.Parse("docs/segments.md", []byte(b[1]))
			require.NoError(t, err, b[1])
			set, err := segment.Compile(defs, segment.Options{})
			require.NoError(t, err)
			require.Empty(t, set.RunExamples())
			continue
		}
		cond, err := syntax.ParseCond("docs/segments.md", []byte(b[1]))
		require.NoError(t, err, b[1])
		defs := []syntax.Definition{{Key: "shown", When: cond}}
		for c := range defs[0].Leaves() {
			if ref, ok := c.(syntax.Segment); ok {
				defs = append(defs, syntax.Definition{Key: ref.Key, When: syntax.Never{Match: syntax.Match{Events: []syntax.Event{{Name: "x"}}}}})
			}
		}
		_, err = segment.Compile(defs, segment.Options{})
		require.NoError(t, err, b[1])
	}
}

// TestTheGuideOfConfigurationIsValid reads every file that
// docs/configuration.md shows.
func TestTheGuideOfConfigurationIsValid(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(read(t, "../docs/configuration.md"), -1)
	var files []string
	for _, b := range blocks {
		file := filepath.Join(t.TempDir(), "shown.yaml")
		require.NoError(t, os.WriteFile(file, []byte(b[1]), 0o600))
		files = append(files, file)
	}
	require.Len(t, files, 3)
	_, err := config.Load(files[0], nil, nil)
	require.NoError(t, err)
	_, _, err = config.Experiences(files[1])
	require.NoError(t, err)
	_, err = config.Mapping(files[2])
	require.NoError(t, err)
}

var settingRow = regexp.MustCompile("(?m)^\\| `([\\w.]+)` \\| `(SEGUE_\\w+)` \\| `(.*?)` \\|")

// TestTheTableOfSettingsIsComplete compares docs/configuration.md with the
// file of defaults, and tries the environment variables.
func TestTheTableOfSettingsIsComplete(t *testing.T) {
	var tree map[string]any
	require.NoError(t, yaml.Unmarshal(config.Default, &tree))
	defaults := map[string]string{}
	flatten(defaults, "", tree)
	empty := filepath.Join(t.TempDir(), "empty.yaml")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))

	shown := map[string]string{}
	for _, row := range settingRow.FindAllStringSubmatch(read(t, "../docs/configuration.md"), -1) {
		value := strings.ReplaceAll(strings.Trim(row[3], `"`), "`", "")
		shown[row[1]] = value
		_, err := config.Load(empty, []string{row[2] + "=" + value}, nil)
		require.NoError(t, err, row[2])
	}
	require.Equal(t, defaults, shown)
}

// flatten puts the settings of a section into flat, lists with commas between.
func flatten(flat map[string]string, prefix string, section map[string]any) {
	for key, value := range section {
		switch value := value.(type) {
		case map[string]any:
			flatten(flat, prefix+key+".", value)
		case []any:
			var texts []string
			for _, one := range value {
				texts = append(texts, fmt.Sprint(one))
			}
			flat[prefix+key] = strings.Join(texts, ", ")
		default:
			flat[prefix+key] = fmt.Sprint(value)
		}
	}
}
