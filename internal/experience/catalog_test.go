package experience_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/fault"
)

func replacing(id, baseline string, variants ...string) experience.Experience {
	e := experience.Experience{ID: id, Name: "the " + id, Traffic: 1}
	c := experience.Component{Baseline: baseline}
	for _, v := range variants {
		c.Variants = append(c.Variants, experience.Variant{Entry: v, Hidden: v == ""})
	}
	e.Components = []experience.Component{c}
	return e
}

func ids(es []*experience.Experience) []string {
	var ids []string
	for _, e := range es {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestCatalog(t *testing.T) {
	banner := replacing("a", "banner", "banner-a", "")
	banner.Components = append(banner.Components, replacing("a", "hero", "hero-a").Components...)
	c, err := experience.NewCatalog(
		[]experience.Experience{replacing("d", "hero", "hero-d", "hero-a"), banner, replacing("c", "hero", "hero-c"), replacing("b", "hero", "hero-b")},
		map[string][]string{
			"hero":   {"gone", "c", "d", "c"},
			"footer": {"a"}, // a has no component for it
		})
	require.NoError(t, err)

	require.Equal(t, []string{"a", "b", "c", "d"}, ids(c.All()))
	require.Equal(t, []string{"banner", "hero"}, c.Slots())
	require.Equal(t, []string{"c", "d", "a", "b"}, ids(c.At("hero")), "listed ones first, then by id")
	require.Equal(t, []string{"a"}, ids(c.At("banner")))
	require.Empty(t, c.At("footer"))
	require.Equal(t, []string{"hero-a", "hero-b", "hero-c", "hero-d"}, c.Alternatives("hero"))
	require.Equal(t, []string{"banner-a"}, c.Alternatives("banner"), "a hidden variant is no entry")
	require.Equal(t, "hero-c", c.At("hero")[0].Component("hero").Variants[0].Entry)
	require.Nil(t, c.At("hero")[0].Component("banner"))
}

func TestCatalogNamesAllThatIsWrong(t *testing.T) {
	bad := replacing("b", "hero", "hero-b")
	bad.Traffic = 90
	nameless := replacing("", "hero", "hero-c")
	_, err := experience.NewCatalog([]experience.Experience{
		replacing("a", "hero", "hero-a"), replacing("a", "banner", "x"), bad, nameless,
	}, nil)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.ErrorContains(t, err, `experience "a" is there twice`)
	require.ErrorContains(t, err, `experience "b": traffic: 90`)
	require.ErrorContains(t, err, `experience "the ": id: missing`)
}

func TestEmptyCatalog(t *testing.T) {
	c, err := experience.NewCatalog(nil, nil)
	require.NoError(t, err)
	require.Empty(t, c.All())
	require.Empty(t, c.Slots())
}
