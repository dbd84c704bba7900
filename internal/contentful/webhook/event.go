package webhook

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
)

// A Kind is what an event means for a mirror.
type Kind int

// The kinds.
const (
	// Published: Item is the entry or asset as it is delivered from now on, with
	// the values of all locales, as Sync has it.
	Published Kind = iota + 1
	// Withdrawn: the entry or asset is delivered no longer. Item may be a
	// tombstone without fields.
	Withdrawn
	// Edited: what editors see of the entry or asset has changed, and what is
	// delivered has not.
	Edited
	// Restructured: content types, locales or tags have changed: read them again.
	Restructured
	// Switched: an environment alias points elsewhere: all may be different.
	Switched
)

// An Event is what a webhook tells.
type Event struct {
	Kind   Kind
	Action string          // publish, unpublish, delete, archive, save, auto_save, …
	Type   string          // Entry or Asset of the first three kinds; else what changed, such as ContentType
	ID     string          // of what changed
	Item   json.RawMessage // the body, as it came
	// Revision of the item if it tells one: the greater is the newer. Else 0.
	Revision int64
}

// sys is what is read of an item's sys.
type sys struct {
	ID          string `json:"id"`
	Type        string `json:"type"`
	Revision    int64  `json:"revision"`
	Space       link   `json:"space"`
	Environment link   `json:"environment"`
}

type link struct {
	Sys struct {
		ID string `json:"id"`
	} `json:"sys"`
}

// parse reads the body of a webhook. Tombstones come in two shapes, with the
// type DeletedEntry and with Entry: what counts is the topic.
func parse(kind Kind, t topic, body []byte) (Event, sys, error) {
	var item struct {
		Sys sys `json:"sys"`
	}
	if err := json.Unmarshal(body, &item); err != nil {
		return Event{}, sys{}, fault.Wrap(fault.Invalid, err, "body: is not the JSON of an item: leave the payload of the webhook as Contentful makes it")
	}
	s := item.Sys
	if s.ID == "" {
		return Event{}, sys{}, fault.New(fault.Invalid, "body: sys.id is missing: leave the payload of the webhook as Contentful makes it")
	}
	if is := strings.TrimPrefix(s.Type, "Deleted"); is != "" && is != t.entity {
		return Event{}, sys{}, fault.New(fault.Invalid, "body: sys.type is not that of the topic")
	}
	return Event{Kind: kind, Action: t.action, Type: t.entity, ID: s.ID, Item: bytes.Clone(body), Revision: s.Revision}, s, nil
}

// A topic is what a webhook is about, such as Entry and publish.
type topic struct{ entity, action string }

// topicOf reads the header, such as ContentManagement.Entry.publish.
func topicOf(header string) topic {
	entity, action, _ := strings.Cut(strings.TrimPrefix(header, "ContentManagement."), ".")
	return topic{entity, action}
}

// kind returns what the topic means; false for what changes nothing here.
func (t topic) kind() (Kind, bool) {
	switch t.entity {
	case "Entry", "Asset":
		kind, ok := kindOfAction[t.action]
		return kind, ok
	case "ContentType":
		return Restructured, t.action == "publish" || t.action == "unpublish" || t.action == "delete"
	case "Locale", "Tag":
		return Restructured, t.action != ""
	case "EnvironmentAlias":
		return Switched, t.action != ""
	default:
		return 0, false
	}
}

// kindOfAction are the kinds of events of entries and assets.
var kindOfAction = map[string]Kind{
	"publish":   Published,
	"unpublish": Withdrawn,
	"delete":    Withdrawn,
	"create":    Edited,
	"save":      Edited,
	"auto_save": Edited,
	"archive":   Edited, // only what is not delivered can be archived
	"unarchive": Edited,
}

// classes are the names of topics in metrics.
var classes = map[string]string{
	"Entry": "entry", "Asset": "asset", "ContentType": "content-type", "Locale": "locale", "Tag": "tag",
	"EnvironmentAlias": "alias",
}

// class returns the name of the topic in metrics.
func (t topic) class() string {
	if name, ok := classes[t.entity]; ok {
		return name
	}
	return "other"
}
