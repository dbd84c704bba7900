package reply_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/reply"
)

func TestMatches(t *testing.T) {
	for header, want := range map[string]bool{
		`"abc"`: true, `W/"abc"`: true, `"abc-gzip"`: true, `W/"abc-br"`: true, `"x", "abc"`: true, `*`: true, ` W/"x" ,"abc" `: true,
		``: false, `"x"`: false, `"abcd"`: false, `abc`: false, `"ab"`: false, `w/"abc"`: false, `"-gzip"`: false,
	} {
		require.Equal(t, want, reply.Matches(header, `"abc"`), "%q", header)
	}
}
