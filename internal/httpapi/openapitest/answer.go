package openapitest

import (
	"encoding/json"
	"mime"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// CheckAnswer holds a recorded answer to the description: the route, the
// status, the content type and the body must all be described. Answers of
// routes that do not exist are let pass.
func CheckAnswer(t *testing.T, doc *openapi3.T, method, path string, status int, contentType string, body []byte) {
	t.Helper()
	operation := find(doc, method, path)
	if operation == nil {
		require.Contains(t, []int{404, 405}, status, "%s %s is answered but not described", method, path)
		return
	}
	response := operation.Responses.Status(status)
	require.NotNil(t, response, "%s %s: status %d is not described: %s", method, path, status, body)
	media, _, err := mime.ParseMediaType(contentType)
	if len(body) == 0 && len(response.Value.Content) == 0 {
		return
	}
	require.NoError(t, err)
	described := response.Value.Content[media]
	require.NotNil(t, described, "%s %s: %s of a %d is not described", method, path, media, status)
	if !strings.HasSuffix(media, "json") {
		return
	}
	var value any
	require.NoError(t, json.Unmarshal(body, &value))
	require.NoError(t, described.Schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020()), "%s %s: %s", method, path, body)
}

// find returns the operation that answers path, which has its values.
func find(doc *openapi3.T, method, path string) *openapi3.Operation {
	for template, item := range doc.Paths.Map() {
		if matches(template, path) {
			return item.GetOperation(method)
		}
	}
	return nil
}

func matches(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}
