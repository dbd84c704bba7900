package query

import (
	"encoding/json"
	"strings"
	"unicode"

	"github.com/segue-dev/segue/internal/rawjson"
)

// words returns the words of a text, in lower case.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// matches reports whether each word wanted begins a word of the texts.
func matches(texts []string, wanted []string) bool {
	var there []string
	for _, t := range texts {
		there = append(there, words(t)...)
	}
	for _, want := range wanted {
		if !hasPrefix(there, want) {
			return false
		}
	}
	return true
}

func hasPrefix(there []string, want string) bool {
	for _, word := range there {
		if strings.HasPrefix(word, want) {
			return true
		}
	}
	return false
}

// textsOf appends the texts of a value: itself, those in a list, or those of a
// rich text document.
func textsOf(texts []string, value json.RawMessage) []string {
	if len(value) == 0 {
		return texts
	}
	switch value[0] {
	case '"':
		return append(texts, rawjson.Unquote(value))
	case '[':
		elements(value, func(v json.RawMessage) bool {
			if v[0] == '"' {
				texts = append(texts, rawjson.Unquote(v))
			}
			return true
		})
	case '{':
		return richTexts(texts, value)
	}
	return texts
}

// richTexts appends the texts of a node of rich text and of those below it.
func richTexts(texts []string, node json.RawMessage) []string {
	if value := member(node, "value"); value != nil && rawjson.Unquote(member(node, "nodeType")) == "text" {
		return append(texts, rawjson.Unquote(value))
	}
	elements(member(node, "content"), func(v json.RawMessage) bool {
		texts = richTexts(texts, v)
		return true
	})
	return texts
}

// searchable are the types of fields that are searched by parameter query.
var searchable = map[string]bool{"Symbol": true, "Text": true, "RichText": true, "Array": true}

// allTexts returns the texts of an entity in a locale.
func (s *Space) allTexts(e *Entity, locale string) []string {
	var texts []string
	if e.Type != "Entry" && e.Type != "Asset" {
		return textsOf(textsOf(texts, member(e.Raw, "name")), member(e.Raw, "description"))
	}
	t := s.typeOf(e)
	if t == nil {
		return nil
	}
	for _, f := range t.Fields {
		value := s.Value(e, f.ID, locale)
		if f.Type == "File" {
			value = member(value, "fileName")
		} else if !searchable[f.Type] {
			continue
		}
		texts = textsOf(texts, value)
	}
	return texts
}
