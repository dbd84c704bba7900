package content_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

// about returns a snapshot of entries with metadata, by id, and of concepts.
func about(t *testing.T, entries map[string]string, concepts ...content.Concept) *content.Snapshot {
	t.Helper()
	var b content.Builder
	require.NoError(t, b.AddLocale(content.Locale{Code: "en", Default: true}))
	for id, metadata := range entries {
		require.NoError(t, b.AddEntry(content.Item{ID: id, Type: "page", Metadata: json.RawMessage(metadata)}))
	}
	for _, c := range concepts {
		require.NoError(t, b.AddConcept(c))
	}
	s, err := b.Build()
	require.NoError(t, err)
	return s
}

const (
	tagged      = `{"tags":[{"sys":{"type":"Link","linkType":"Tag","id":"sale"}}],"concepts":[]}`
	trailShoes  = `{"tags":[],"concepts":[{"sys":{"type":"Link","linkType":"TaxonomyConcept","id":"trail-shoes"}}]}`
	runningTops = `{"concepts":[{"sys":{"id":"tops"}},{"sys":{"id":"running"}}]}`
)

func TestTopicsRollUpThroughBroader(t *testing.T) {
	s := about(t, map[string]string{"e1": trailShoes, "e2": runningTops, "e3": tagged, "e4": `{}`},
		content.Concept{ID: "trail-shoes", Broader: []string{"shoes", "running"}},
		content.Concept{ID: "shoes", Broader: []string{"gear"}},
		content.Concept{ID: "running"},
		content.Concept{ID: "unused", Broader: []string{"unused-too"}},
	)
	for topic, want := range map[string][]string{
		"trail-shoes": {"e1"}, "shoes": {"e1"}, "gear": {"e1"}, "running": {"e1", "e2"}, "tops": {"e2"}, "sale": {"e3"},
		"unused": nil, "unused-too": nil,
	} {
		entries, known := s.About(topic)
		require.True(t, known, topic)
		require.Equal(t, want, entries, topic)
	}
	_, known := s.About("Sale")
	require.False(t, known)
	require.Equal(t, []string{"gear", "running", "sale", "shoes", "tops", "trail-shoes", "unused", "unused-too"}, s.Topics())
}

func TestTopicsMayGoInCircles(t *testing.T) {
	s := about(t, map[string]string{"e1": trailShoes},
		content.Concept{ID: "trail-shoes", Broader: []string{"shoes"}}, content.Concept{ID: "shoes", Broader: []string{"trail-shoes"}})
	entries, _ := s.About("shoes")
	require.Equal(t, []string{"e1"}, entries)
}

func TestConceptsAreNamedOnce(t *testing.T) {
	var b content.Builder
	require.NoError(t, b.AddConcept(content.Concept{ID: "a"}))
	require.ErrorContains(t, b.AddConcept(content.Concept{ID: "a"}), `there are two concepts "a": remove one`)
	require.ErrorContains(t, b.AddConcept(content.Concept{}), "sys.id: missing")
}

func TestConceptsAreOfTheRevision(t *testing.T) {
	one := about(t, nil, content.Concept{ID: "a", Broader: []string{"b"}})
	other := about(t, nil, content.Concept{ID: "a"})
	require.NotEqual(t, one.Revision(), other.Revision())
}
