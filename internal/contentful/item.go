package contentful

import (
	"encoding/json"
	"fmt"
)

// An Item is anything the API has: an entry, an asset, a content type. Raw is
// all of it, as it came.
type Item struct {
	Sys Sys
	Raw json.RawMessage
}

// Sys is what this package reads of the sys of an item. What an API does not
// tell is zero.
type Sys struct {
	ID               string `json:"id"`
	Type             string `json:"type"` // Entry, Asset, ContentType, DeletedEntry, …
	Version          int    `json:"version"`
	PublishedVersion int    `json:"publishedVersion"`
	ArchivedVersion  int    `json:"archivedVersion"`
	Revision         int    `json:"revision"`
	CreatedAt        string `json:"createdAt"` // RFC 3339, as UpdatedAt and DeletedAt
	UpdatedAt        string `json:"updatedAt"`
	DeletedAt        string `json:"deletedAt"`
	ContentType      Link   `json:"contentType"`
	Environment      Link   `json:"environment"`
	Space            Link   `json:"space"`
}

// A Link names another item.
type Link struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
}

// UnmarshalJSON keeps data, and reads its sys.
func (i *Item) UnmarshalJSON(data []byte) error {
	var head struct {
		Sys Sys `json:"sys"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	i.Sys = head.Sys
	i.Raw = append(json.RawMessage(nil), data...)
	return nil
}

// MarshalJSON returns what came.
func (i Item) MarshalJSON() ([]byte, error) { return i.Raw, nil }

// Decode reads the item into a value of the caller's.
func (i Item) Decode(into any) error {
	if err := json.Unmarshal(i.Raw, into); err != nil {
		return fmt.Errorf("%s %s: %w", i.Sys.Type, i.Sys.ID, err)
	}
	return nil
}
