package content

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheNearestNamesComeFirst(t *testing.T) {
	require.Equal(t, []string{"page", "cage", "pager"}, nearest("page", []string{"story", "cage", "pager", "page"}))
}
