package cli_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

func TestSchemaIsThatOfTheLanguage(t *testing.T) {
	printed := done(t, "schema")
	require.Equal(t, string(syntax.Schema()), printed)
	require.True(t, json.Valid([]byte(printed)))
}
