package content_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A space is content as the fixtures hold it.
type space struct {
	Vocabulary content.Vocabulary
	Locales    []content.Locale
	Types      []content.Type
	Entries    []item
	Assets     []item
}

// An item is a content.Item with its state as a word.
type item struct {
	content.Item
	State string
}

// item returns what a Builder takes.
func (i item) item() content.Item {
	for s := content.Published; s <= content.Archived; s++ {
		if s.String() == i.State {
			i.Item.State = s
		}
	}
	return i.Item
}

// build builds the snapshot of a space.
func (s space) build(t testing.TB) *content.Snapshot {
	t.Helper()
	b := content.Builder{Vocabulary: s.Vocabulary}
	for _, l := range s.Locales {
		require.NoError(t, b.AddLocale(l))
	}
	for _, one := range s.Types {
		require.NoError(t, b.AddType(one))
	}
	for _, one := range s.Entries {
		require.NoError(t, b.AddEntry(one.item()))
	}
	for _, one := range s.Assets {
		require.NoError(t, b.AddAsset(one.item()))
	}
	snapshot, err := b.Build()
	require.NoError(t, err)
	return snapshot
}

// bookshop reads the fixture of a small bookshop.
func bookshop(t testing.TB) space {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "space.json"))
	require.NoError(t, err)
	var s space
	require.NoError(t, json.Unmarshal(data, &s))
	return s
}

// baselines chooses nothing but baselines.
func baselines(entry string) content.Choice { return content.Choice{Entry: entry} }

// choices returns a choose function that makes some choices.
func choices(some map[string]content.Choice) func(string) content.Choice {
	return func(entry string) content.Choice {
		if c, ok := some[entry]; ok {
			return c
		}
		return baselines(entry)
	}
}

// golden compares got with a file under testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	require.Equal(t, string(want), string(got))
}

// link returns the JSON of a link to an entry.
func link(id string) json.RawMessage {
	return json.RawMessage(`{"sys":{"type":"Link","linkType":"Entry","id":"` + id + `"}}`)
}
