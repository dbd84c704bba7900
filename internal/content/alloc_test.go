//go:build !race

package content_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

func TestComposeAllocatesLittle(t *testing.T) {
	shop := bookshop(t).build(t)
	chosen := choices(map[string]content.Choice{"heroDefault": {Entry: "heroSailors", Experience: "exp", Variant: 1}})
	n := testing.AllocsPerRun(100, func() {
		if _, err := shop.Compose("home", "en", chosen); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, n, 8.0, "the page, its bytes and its lists")
}
