package app

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/config"
	"github.com/segue-dev/segue/internal/httpapi/native"
	"github.com/segue-dev/segue/internal/testkit"
)

func TestTagHeadersOfTheConfigurationAreThoseThatCanBeSent(t *testing.T) {
	cfg, err := config.Load(testkit.Root(t, "examples", "storefront", "segue.yaml"), nil, nil)
	require.NoError(t, err)
	require.Equal(t, native.TagHeaders(), slices.Sorted(slices.Values(cachingOf(cfg).TagHeaders)), "by default all")
}
