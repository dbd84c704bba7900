package space

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/segue-dev/segue/internal/content"
	"github.com/segue-dev/segue/internal/fault"
)

// vocabulary is what the personalization product keeps in content for itself.
var vocabulary = content.Vocabulary{
	InternalPrefix:   "nt_",
	MergeTag:         "nt_mergetag",
	MergeTagID:       "nt_mergetag_id",
	MergeTagFallback: "nt_fallback",
}

// An export is a space export as contentful-export writes it, with a
// management token or with a delivery token. Keys that are not here say
// nothing about what pages show.
type export struct {
	ContentTypes []json.RawMessage `json:"contentTypes"`
	Entries      []json.RawMessage `json:"entries"`
	Assets       []json.RawMessage `json:"assets"`
	Locales      []json.RawMessage `json:"locales"`
	Tags         []json.RawMessage `json:"tags"`
	// Concepts are those of the taxonomy as the delivery API lists them. They
	// belong to the organization, so contentful-export leaves them out; a file
	// may have them added.
	Concepts []json.RawMessage `json:"concepts"`
}

// LoadExportFile loads the export in a file; see LoadExport.
func LoadExportFile(path string) (*content.Snapshot, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "content export")
	}
	defer f.Close()
	s, err := LoadExport(f)
	if err != nil {
		return nil, fmt.Errorf("content export %s: %w", path, err)
	}
	return s, nil
}

// LoadExport loads a space export, made with a management token or with a
// delivery token. Links that lead nowhere or in circles are findings of the
// snapshot; what the file gets wrong as a file is a fault.Invalid that names
// the place of each mistake, of the first ten if there are more.
//
// An export without locales has the one that its fields use. An export without
// content types is shown with its fields in order of name.
func LoadExport(r io.Reader) (*content.Snapshot, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "read the export")
	}
	var e export
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, syntaxFault(data, err)
	}
	if len(e.Locales)+len(e.Entries) == 0 {
		return nil, fault.New(fault.Invalid, "not a space export: it has no locales and no entries")
	}
	l := &loader{builder: content.Builder{Vocabulary: vocabulary}}
	each(l, "contentTypes", e.ContentTypes, l.contentType)
	each(l, "locales", e.Locales, l.locale)
	each(l, "entries", e.Entries, l.entry)
	each(l, "assets", e.Assets, l.asset)
	each(l, "tags", e.Tags, l.tag)
	each(l, "concepts", e.Concepts, l.concept)
	l.inferLocale(len(e.Locales))
	if err := l.fault("the export"); err != nil {
		return nil, err
	}
	return l.builder.Build()
}

// A loader fills a builder and gathers what is wrong.
type loader struct {
	builder content.Builder
	used    map[string]bool // locales that fields have values in
	faults  []error
}

// maxFaults is how many mistakes one answer names.
const maxFaults = 10

// fault returns all that is wrong with what was read, or nil.
func (l *loader) fault(what string) error {
	if len(l.faults) == 0 {
		return nil
	}
	named := l.faults[:min(len(l.faults), maxFaults)]
	if more := len(l.faults) - len(named); more > 0 {
		named = append(slices.Clone(named), fmt.Errorf("and %d more", more))
	}
	return fault.Wrap(fault.Invalid, errors.Join(named...), "%s is not usable", what)
}

// each adds the items of a list of the export, naming the place of those that
// cannot be added.
func each[T identified](l *loader, list string, items []json.RawMessage, add func(T) error) {
	for i, raw := range items {
		var item T
		err := json.Unmarshal(raw, &item)
		if err != nil {
			err = shapeFault(err)
		} else {
			err = add(item)
		}
		if err == nil {
			continue
		}
		place := fmt.Sprintf("%s[%d]", list, i)
		if id := item.identity(); id != "" {
			place += " (id " + id + ")"
		}
		l.faults = append(l.faults, fmt.Errorf("%s: %w", place, err))
	}
}

// inferLocale adds the locale that the fields use to an export without any.
func (l *loader) inferLocale(listed int) {
	if listed > 0 {
		return
	}
	codes := slices.Sorted(maps.Keys(l.used))
	if len(codes) != 1 {
		l.faults = append(l.faults, fmt.Errorf("locales: missing, and the fields use %d locales %q: add the list, with one of them as default", len(codes), codes))
		return
	}
	if err := l.builder.AddLocale(content.Locale{Code: codes[0], Default: true}); err != nil {
		l.faults = append(l.faults, err)
	}
}
