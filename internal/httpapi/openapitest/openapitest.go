// Package openapitest holds wire types to the schemas of openapi.yaml, for the
// tests of every dialect.
package openapitest

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// Load returns the description in src, which must be valid.
func Load(t testing.TB, src []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(src)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	return doc
}

// CheckTypes compares structs with the schemas of their names: the same
// fields, of the same JSON types, and required are those without omitempty.
// spliced names fields that only the schema has.
func CheckTypes(t *testing.T, doc *openapi3.T, types map[string]any, spliced map[string][]string) {
	t.Helper()
	for name, value := range types {
		t.Run(name, func(t *testing.T) {
			ref := doc.Components.Schemas[name]
			require.NotNil(t, ref, "openapi.yaml has no schema of this name")
			fields := fieldsOf(reflect.TypeOf(value))
			var inSchema []string
			for property, schema := range ref.Value.Properties {
				inSchema = append(inSchema, property)
				if field, ok := fields[property]; ok {
					checkField(t, property, field, schema.Value)
					require.Equal(t, !field.optional, slices.Contains(ref.Value.Required, property), "%s: required or omitempty", property)
				}
			}
			inType := slices.Clone(spliced[name])
			for property := range fields {
				inType = append(inType, property)
			}
			slices.Sort(inSchema)
			slices.Sort(inType)
			require.Equal(t, inSchema, inType, "fields of the schema and of the type")
		})
	}
}

// field is a field of a struct on the wire.
type field struct {
	reflect.Type
	optional bool // omitempty
}

func fieldsOf(t reflect.Type) map[string]field {
	fields := map[string]field{}
	for f := range t.Fields() {
		if f.Anonymous && f.Type.Kind() == reflect.Pointer { // may be absent as a whole
			for name, part := range fieldsOf(f.Type.Elem()) {
				fields[name] = field{part.Type, true}
			}
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[name] = field{f.Type, strings.Contains(options, "omitempty")}
	}
	return fields
}

func checkField(t *testing.T, name string, f field, schema *openapi3.Schema) {
	t.Helper()
	if schema.Type == nil || f.Type == reflect.TypeFor[json.RawMessage]() {
		return // any JSON, or one of several forms
	}
	want := jsonType(f.Type)
	require.True(t, schema.Type.Includes(want), "%s: the schema says %v, the type %s", name, schema.Type.Slice(), want)
	if f.Kind() == reflect.Pointer && f.Elem().Kind() != reflect.Struct {
		require.True(t, schema.Type.Includes("null"), "%s may be null", name)
	}
}

func jsonType(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Pointer:
		return jsonType(t.Elem())
	case t == reflect.TypeFor[time.Time](), t.Kind() == reflect.String:
		return "string"
	case t.Kind() == reflect.Bool:
		return "boolean"
	case t.Kind() == reflect.Int, t.Kind() == reflect.Int64:
		return "integer"
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.Slice:
		return "array"
	default:
		return "object"
	}
}
