package signal

import (
	"bytes"
	"strings"
)

const contextPrefix = "context."

// keptContext names the members of a message's context that become properties
// of the signal; what they hold is kept whole. Of the device only its type is
// kept. All else is left behind, the address of the visitor above all.
var keptContext = map[string]bool{
	"page": true, "campaign": true, "location": true, "locale": true, "timezone": true, "os": true,
	"browser": true, "screen": true, "referrer": true, "app": true, "consent": true,
	"groupId": true, "sessionId": true, "device": true,
}

// commonKeys holds the paths that most messages have, so that they share one
// copy of each.
var commonKeys = func() map[string]string {
	keys := map[string]string{}
	for key := range strings.FieldsSeq(`
		path url title referrer search name category product_id sku price quantity currency value total revenue
		order_id cart_id brand variant query visible active interval view percent componentId experienceId
		variantIndex componentType viewId
		context.page.path context.page.url context.page.title context.page.referrer context.page.search
		context.campaign.name context.campaign.source context.campaign.medium context.campaign.term
		context.campaign.content context.locale context.timezone context.device.type context.os.name
		context.os.version context.browser.name context.screen.width context.screen.height context.screen.density
		context.location.country context.location.countryCode context.location.city context.location.region
		context.sessionId context.groupId context.referrer`) {
		keys[key] = key
	}
	return keys
}()

// A flattener gathers properties from valid JSON.
type flattener struct {
	props Props
	path  []byte // of the value at hand
	deep  bool   // something was nested deeper than MaxDepth
}

// at adds what raw holds below the path key, which is depth levels deep in the
// message.
func (f *flattener) at(key, raw []byte, depth int) {
	n := len(f.path)
	if n > 0 {
		f.path = append(f.path, '.')
	}
	f.path = append(f.path, key...)
	f.add(raw, depth)
	f.path = f.path[:n]
}

func (f *flattener) add(raw []byte, depth int) {
	switch raw[0] {
	case '{', '[':
		if depth >= MaxDepth {
			f.deep = true
			return
		}
		f.nested(raw, depth+1)
	case 'n': // null is absent
	default:
		f.put(scalar(raw))
	}
}

func (f *flattener) nested(raw []byte, depth int) {
	if raw[0] == '[' {
		for value := range elements(raw) {
			f.add(value, depth)
		}
		return
	}
	for key, value := range members(raw) {
		f.at(key, value, depth)
	}
}

func (f *flattener) put(v Value) {
	key, ok := commonKeys[string(f.path)]
	if !ok {
		key = string(f.path)
	}
	// RudderStack's word for what a browser gives as the empty referrer.
	if v.str == "$direct" && strings.HasSuffix(key, "referrer") {
		v = TextOf("")
	}
	f.props = append(f.props, Prop{Key: key, Value: v})
}

// properties adds a message's properties or traits. One that is itself called
// "context" goes below "properties.", so that it is not taken for the
// message's context.
func (f *flattener) properties(raw []byte) {
	for key, value := range members(raw) {
		if string(key) == "context" || bytes.HasPrefix(key, []byte(contextPrefix)) {
			key = append([]byte("properties."), key...)
		}
		f.at(key, value, 2)
	}
}

// context adds the kept members of a message's context, and those of the
// batch's context that the message's own lacks.
func (f *flattener) context(own, batch []byte) {
	var seen map[string]bool
	if batch != nil {
		seen = map[string]bool{}
	}
	for key, value := range members(own) {
		if batch != nil {
			seen[string(key)] = true
		}
		f.keep(key, value)
	}
	for key, value := range members(batch) {
		if !seen[string(key)] {
			f.keep(key, value)
		}
	}
}

func (f *flattener) keep(key, value []byte) {
	if !keptContext[string(key)] {
		return
	}
	f.path = append(f.path[:0], "context"...)
	if string(key) == "device" && value[0] == '{' {
		f.path = append(f.path, ".device"...)
		key, value = []byte("type"), member(value, "type")
	}
	if value != nil {
		f.at(key, value, 2)
	}
	f.path = f.path[:0]
}

// member returns the last value at key of the JSON object src, nil if there is
// none.
func member(src []byte, key string) []byte {
	var found []byte
	for k, value := range members(src) {
		if string(k) == key {
			found = value
		}
	}
	return found
}
