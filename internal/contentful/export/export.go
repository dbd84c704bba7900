// Package export writes a space to a file as contentful-export does: one JSON
// object with a list for each kind of item, as the API gave them.
//
// The rule it upholds: items go to the file when they come, so that a space of any
// size takes no more memory than one page of it.
package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strconv"

	"github.com/segue-dev/segue/internal/contentful"
)

// A List is one kind of what a space has.
type List struct {
	Key   string // in the file
	Items iter.Seq2[contentful.Item, error]
}

// Options say what is left out.
type Options struct {
	Drafts   bool // keep entries and assets that were never published
	Archived bool // keep those put aside
}

// stable is an order that edits do not change.
var stable = url.Values{"order": {"sys.createdAt,sys.id"}}

// Managed returns what the management API has of an environment: values as
// editors see them, unpublished changes included. Webhooks are those of the
// space.
func Managed(ctx context.Context, cma *contentful.CMA, o Options) []List {
	return []List{
		{"contentTypes", cma.ContentTypes.All(ctx, stable)},
		{"tags", cma.Tags.All(ctx, nil)},
		{"editorInterfaces", editorInterfaces(ctx, cma)},
		{"entries", o.filtered(cma.Entries.All(ctx, stable))},
		{"assets", o.filtered(cma.Assets.All(ctx, stable))},
		{"locales", cma.Locales.All(ctx, nil)},
		{"webhooks", cma.Webhooks.All(ctx, nil)},
	}
}

// Published returns what the delivery API has of an environment: values as they
// are published, in all locales, and the concepts of the taxonomy.
func Published(ctx context.Context, cda *contentful.CDA) []List {
	all := url.Values{"order": stable["order"], "include": {"0"}, "locale": {"*"}}
	assets := url.Values{"order": stable["order"], "locale": {"*"}}
	return []List{
		{"contentTypes", published(cda.ContentTypes.All(ctx, nil))},
		{"tags", cda.Tags.All(ctx, nil)},
		{"entries", cda.Entries.All(ctx, all)},
		{"assets", cda.Assets.All(ctx, assets)},
		{"locales", cda.Locales.All(ctx, nil)},
		{"concepts", ifAny(cda.Concepts.Cursor(ctx, nil))},
	}
}

// filtered leaves out what is not asked for.
func (o Options) filtered(items iter.Seq2[contentful.Item, error]) iter.Seq2[contentful.Item, error] {
	return func(yield func(contentful.Item, error) bool) {
		for item, err := range items {
			draft := item.Sys.PublishedVersion == 0 && item.Sys.ArchivedVersion == 0
			archived := item.Sys.ArchivedVersion != 0
			if err == nil && (draft && !o.Drafts || archived && !o.Archived) {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// editorInterfaces yields that of each content type that was ever published.
func editorInterfaces(ctx context.Context, cma *contentful.CMA) iter.Seq2[contentful.Item, error] {
	return func(yield func(contentful.Item, error) bool) {
		for contentType, err := range cma.ContentTypes.All(ctx, stable) {
			if err != nil {
				yield(contentful.Item{}, err)
				return
			}
			item, err := cma.EditorInterfaces.Get(ctx, contentType.Sys.ID)
			if errors.Is(err, contentful.NotFound) {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// published says of content types that they are, which contentful-import asks for
// and the delivery API, that has no others, leaves out.
func published(types iter.Seq2[contentful.Item, error]) iter.Seq2[contentful.Item, error] {
	return func(yield func(contentful.Item, error) bool) {
		for item, err := range types {
			if err == nil && item.Sys.PublishedVersion == 0 {
				item.Raw, err = withPublishedVersion(item.Raw, max(item.Sys.Revision, 1))
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// withPublishedVersion adds a version to the sys of an item.
func withPublishedVersion(raw json.RawMessage, version int) (json.RawMessage, error) {
	var item, sys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &item); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(item["sys"], &sys); err != nil {
		return nil, err
	}
	sys["publishedVersion"] = json.RawMessage(strconv.Itoa(version))
	encoded, err := json.Marshal(sys)
	if err != nil {
		return nil, err
	}
	item["sys"] = encoded
	return json.Marshal(item)
}

// ifAny is items, and nothing where the space or the token has no part in them.
func ifAny(items iter.Seq2[contentful.Item, error]) iter.Seq2[contentful.Item, error] {
	return func(yield func(contentful.Item, error) bool) {
		for item, err := range items {
			if errors.Is(err, contentful.NotFound) || errors.Is(err, contentful.AccessDenied) {
				return
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// Write writes lists to w and returns how many items there are of each. step is
// called after each item.
func Write(w io.Writer, lists []List, step func()) (map[string]int, error) {
	out := bufio.NewWriter(w)
	counts := map[string]int{}
	begin := "{"
	for _, list := range lists {
		fmt.Fprintf(out, "%s\n  %q: [", begin, list.Key)
		begin = ","
		for item, err := range list.Items {
			if err != nil {
				return counts, fmt.Errorf("%s: %w", list.Key, err)
			}
			if err := writeItem(out, item, counts[list.Key] == 0); err != nil {
				return counts, fmt.Errorf("write the export: %w", err)
			}
			counts[list.Key]++
			step()
		}
		fmt.Fprint(out, "\n  ]")
	}
	fmt.Fprint(out, "\n}\n")
	if err := out.Flush(); err != nil {
		return counts, fmt.Errorf("write the export: %w", err)
	}
	return counts, nil
}

// writeItem writes an item on lines of its own.
func writeItem(w *bufio.Writer, item contentful.Item, first bool) error {
	separator := ",\n    "
	if first {
		separator = "\n    "
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, item.Raw, "    ", "  "); err != nil {
		return err
	}
	_, _ = w.WriteString(separator) // Write tells of an earlier error too
	_, err := w.Write(indented.Bytes())
	return err
}
