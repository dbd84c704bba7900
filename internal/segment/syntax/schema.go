package syntax

import (
	"bytes"
	"encoding/json"
	"maps"
)

// A schema is a part of a JSON Schema.
type schema map[string]any

// Schema returns the JSON Schema, draft 2020-12, of one document of a segment
// file, for editors. The caller owns it.
//
// It refuses nothing that Parse accepts. What it cannot see, and Parse refuses,
// are keys given twice, comparisons that exclude each other, bounds in the
// wrong order, regular expressions and the lines of examples.
func Schema() []byte {
	s := segmentForm.schema()
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Segue segment"
	s["description"] = "A rule about what visitors did lately, and the reason to have it."
	s["$defs"] = definitions()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(s) // maps of text and numbers always encode
	return b.Bytes()
}

// definitions returns what can stand after keys.
func definitions() map[string]schema {
	defs := map[string]schema{"condition": conditionSchema()}
	for _, f := range forms {
		defs[f.name] = f.schema()
		for _, l := range f.limits {
			defs[l.name] = l.schema()
		}
	}
	defs[testForm.name] = orConstants(defs[testForm.name])
	maps.Copy(defs, constantSchemas())
	maps.Copy(defs, compoundSchemas())
	return defs
}

// conditionSchema returns that of a map with one operator.
func conditionSchema() schema {
	properties := make(map[string]schema)
	for _, o := range operators {
		properties[o.Key] = described(o.value, o.Meaning+"\n\n"+o.Key+": "+o.Shape)
	}
	return schema{
		"type": "object", "properties": properties, "additionalProperties": false,
		"minProperties": 1, "maxProperties": 1,
	}
}

func (f form) schema() schema {
	properties := make(map[string]schema)
	var missing []string
	for _, k := range f.keys {
		properties[k.name] = described(k.value, k.meaning)
		if k.required {
			missing = append(missing, k.name)
		}
	}
	s := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if missing != nil {
		s["required"] = missing
	}
	if f.filled {
		s["minProperties"] = 1
	}
	if f.limits != nil {
		s["allOf"] = collect(f.limits, func(l limit) schema { return reference(l.name) })
	}
	return s
}

func (l limit) schema() schema {
	each := collect(l.keys, func(key string) schema { return schema{"required": []string{key}} })
	switch {
	case l.most > 1:
		return schema{"anyOf": each}
	case l.least == 0:
		return schema{"oneOf": append(each, schema{"not": schema{"anyOf": each}})}
	default:
		return schema{"oneOf": each}
	}
}

// compoundSchemas returns the definitions of lists and of maps with free keys.
func compoundSchemas() map[string]schema {
	return map[string]schema{
		"conditions": listOf(reference("condition")),
		"events":     oneOrMore("event"),
		"properties": oneOrMore("property"),
		"scalars":    listOf(reference("scalar")),
		"examples":   listOf(reference("example")),
		"allowances": listOf(reference("allowance")),
		"weights":    listOf(anyOf(reference("weight"), reference("weightOf"))),
		"without":    anyOf(reference("events"), reference("match")),
		"withouts":   anyOf(reference("without"), withoutList()),
		"ago":        pairOf(reference("duration")),
		"range":      pairOf(reference("ordered")),
		"attributes": {"type": "object", "additionalProperties": reference("scalar")},
		"predicate": {
			"type": "object", "minProperties": 1,
			"propertyNames": pathSchema(), "additionalProperties": reference("tests"),
		},
		"steps": {
			"type": "array", "minItems": 1, "maxItems": maxSteps,
			"prefixItems": []schema{reference("firstStep")}, "items": reference("step"),
		},
	}
}

// withoutList returns that of a list in which maps and events are mixed.
func withoutList() schema {
	s := listOf(reference("without"))
	s["contains"] = schema{"type": "object"}
	return s
}

// orConstants returns that of what s, a map, is about, or of one constant or
// several. It is no choice of three: editors would not know which to explain.
func orConstants(s schema) schema {
	s["type"] = []string{"object", "array", "string", "number", "boolean"}
	s["items"] = reference("scalar")
	s["minItems"] = 1
	return s
}

func reference(definition string) schema { return schema{"$ref": "#/$defs/" + definition} }

func described(definition, meaning string) schema {
	s := reference(definition)
	s["description"] = meaning
	return s
}

func anyOf(some ...schema) schema { return schema{"anyOf": some} }

func listOf(item schema) schema { return schema{"type": "array", "items": item, "minItems": 1} }

func pairOf(item schema) schema {
	return schema{"type": "array", "items": item, "minItems": 2, "maxItems": 2}
}

func oneOrMore(definition string) schema {
	return anyOf(reference(definition), listOf(reference(definition)))
}

func collect[T any](items []T, f func(T) schema) []schema {
	all := make([]schema, len(items))
	for i, item := range items {
		all[i] = f(item)
	}
	return all
}
