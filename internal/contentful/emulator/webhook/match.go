package webhook

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// told are the kinds that webhooks are told of, by the names of their topics.
var told = []store.Kind{
	store.ContentType, store.Entry, store.Asset, store.Release, "ReleaseAction", store.ScheduledAction, "BulkAction",
	store.Alias, store.AppInstallation,
}

// topicOf returns the topic of an event, such as Entry.publish; false if
// webhooks are not told of it.
func topicOf(e store.Event) (string, bool) {
	return string(e.Entity.Kind) + "." + e.Action, slices.Contains(told, e.Entity.Kind)
}

// payloadOf returns what webhooks are told: what is published exactly as Sync
// tells it, what is gone as a tombstone, all else as the management API shows
// it.
func payloadOf(e store.Event) store.Object {
	switch e.Action {
	case "publish":
		return e.Scope.Delivered(e.Entity)
	case "unpublish", "delete":
		o := e.Scope.Deleted(e.Entity, e.At)
		if sys, ok := o["sys"].(store.Object); ok && e.Entity.ContentType != "" {
			sys["contentType"] = store.Link{LinkType: string(store.ContentType), ID: e.Entity.ContentType}.Object()
		}
		return o
	}
	return e.Scope.Managed(e.Entity)
}

// wants reports whether a webhook is to be told of a payload.
func wants(hook store.Object, topic string, payload store.Object) bool {
	topics, _ := hook["topics"].([]any)
	if !slices.ContainsFunc(topics, func(t any) bool { return covers(t, topic) }) {
		return false
	}
	filters, _ := hook["filters"].([]any)
	for _, f := range filters {
		if !passes(f, payload) {
			return false
		}
	}
	return true
}

// covers reports whether a topic of a definition, perhaps with wildcards, covers
// a topic.
func covers(pattern any, topic string) bool {
	s, _ := pattern.(string)
	kind, action, _ := strings.Cut(s, ".")
	wantKind, wantAction, _ := strings.Cut(topic, ".")
	return (kind == "*" || kind == wantKind) && (action == "*" || action == wantAction)
}

// passes reports whether a payload passes a filter.
func passes(filter any, payload store.Object) bool {
	if not := store.At(filter, "not"); not != nil {
		return !passes(not, payload)
	}
	for _, op := range []string{"equals", "in", "regexp"} {
		args, ok := store.At(filter, op).([]any)
		if !ok || len(args) != 2 {
			continue
		}
		value := store.At(payload, strings.Split(store.Text(args[0], "doc"), ".")...)
		switch op {
		case "equals":
			return reflect.DeepEqual(value, args[1])
		case "in":
			list, _ := args[1].([]any)
			return slices.ContainsFunc(list, func(v any) bool { return reflect.DeepEqual(v, value) })
		}
		re, err := regexp.Compile(store.Text(args[1], "pattern"))
		s, isText := value.(string)
		return err == nil && isText && re.MatchString(s)
	}
	return true
}

// placeholder matches a JSON Pointer into the payload, such as
// { /payload/sys/id }.
var placeholder = regexp.MustCompile(`\{\s*(/(?:payload)[^\s}]*)\s*\}`)

// filled returns a template with its placeholders replaced. A text that is one
// placeholder becomes the value itself.
func filled(template any, payload store.Object) any {
	switch t := template.(type) {
	case string:
		if m := placeholder.FindStringSubmatch(t); m != nil && m[0] == strings.TrimSpace(t) {
			return pointed(payload, m[1])
		}
		return filledText(t, payload)
	case []any:
		list := make([]any, 0, len(t))
		for _, v := range t {
			list = append(list, filled(v, payload))
		}
		return list
	case store.Object:
		o := store.Object{}
		for name, v := range t {
			o[name] = filled(v, payload)
		}
		return o
	}
	return template
}

// filledText replaces the placeholders in a text.
func filledText(template string, payload store.Object) string {
	return placeholder.ReplaceAllStringFunc(template, func(s string) string {
		v := pointed(payload, placeholder.FindStringSubmatch(s)[1])
		if s, ok := v.(string); ok {
			return s
		}
		raw, _ := json.Marshal(v) // what was read from JSON encodes
		return string(raw)
	})
}

func pointed(payload store.Object, pointer string) any {
	var v any = store.Object{"payload": payload}
	for key := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch in := v.(type) {
		case store.Object:
			v = in[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}
