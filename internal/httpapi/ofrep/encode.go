package ofrep

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/rawjson"
	"github.com/segue-dev/segue/internal/resolve"
)

// appendAnswer appends the answer with all flags, up to where its channel, if it
// has one, ends. sum is of all that: it differs whenever a flag does, the
// context that a channel stands for, or the channel's age.
func (a *api) appendAnswer(b []byte, got *resolve.Answer, channel string) (_ []byte, sum uint64) {
	b = a.flagsetOf(got.Site).appendAll(append(b, `{"flags":[`...), got)
	b = rawjson.AppendQuoted(append(b, `],"metadata":{"ruleVersion":`...), got.Revision.Rules)
	b = rawjson.AppendQuoted(append(b, `,"contentVersion":`...), got.Revision.Content)
	b = append(b, '}')
	if channel != "" {
		b = append(b, `,"eventStreams":[{"type":"sse",`...)
		if a.opts.EventsURL == "" {
			b = append(b, `"endpoint":{"requestUri":"`+eventsPath...)
		} else { // checked to be fit for a query, which JSON lets pass
			b = append(append(b, `"url":"`...), a.opts.EventsURL...)
		}
		b = append(append(b, `?channel=`...), channel...)
	}
	return b, xxhash.Sum64(b)
}

// appendRest appends what follows appendAnswer.
func (a *api) appendRest(b []byte, channel string, sum uint64) []byte {
	if channel == "" {
		return append(b, '}')
	}
	b = append(appendTag(append(b, `&etag=`...), sum), '"')
	if a.opts.EventsURL == "" {
		b = append(b, '}')
	}
	return append(b, `,"inactivityDelaySec":`+inactivityDelay+`}]}`...)
}

// inactivityDelay is for how many seconds providers keep the stream of a tab
// that nobody looks at.
const inactivityDelay = "120"

// appendTag appends a sum as tags have it.
func appendTag(b []byte, sum uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[sum>>shift&0xf])
	}
	return b
}

// quoted returns the tag of a sum as the header has it.
func quoted(sum uint64) string {
	var b [18]byte
	return string(append(appendTag(append(b[:0], '"'), sum), '"'))
}

// appendAll appends all flags for an answer.
func (f *flagset) appendAll(b []byte, a *resolve.Answer) []byte {
	members := a.Segments // in the order of the segments
	for i := range f.segments {
		m := &f.segments[i]
		if len(members) > 0 && members[0] == m.key {
			b, members = append(b, m.in...), members[1:]
		} else {
			b = append(b, m.out...)
		}
		b = append(b, ',')
	}
	for i := range a.Decision.Slots {
		c := f.choice(&a.Decision.Slots[i])
		b = append(append(b, c.slot...), ',')
		b = append(append(b, c.variant...), ',')
	}
	set := a.Decision.Variables // in order of key
	for i := range f.variables {
		v := &f.variables[i]
		if len(set) > 0 && set[0].Key == v.key {
			b, set = append(b, f.value(&set[0], a.Decision.Experiences)...), set[1:]
		} else {
			b = append(b, v.unset...)
		}
		b = append(b, ',')
	}
	return appendCurrent(append(appendKey(b, a), ','), a)
}

// appendKey appends personalization.key, the key of the slots' choices.
func appendKey(b []byte, a *resolve.Answer) []byte {
	return appendString(b, keyFlag, a.Key, reasonIf(replaces(a.Decision.Slots)))
}

// appendCurrent appends personalization.segment, the current micro-segment.
func appendCurrent(b []byte, a *resolve.Answer) []byte {
	current := ""
	if len(a.Segments) > 0 {
		current = a.Segments[0]
	}
	return appendString(b, segmentFlag, current, reasonIf(current != ""))
}

func reasonIf(matched bool) string {
	if matched {
		return targetingMatch
	}
	return byDefault
}

// replaces reports whether any slot shows something else than its baseline.
func replaces(slots []decision.Slot) bool {
	for i := range slots {
		if slots[i].Variant != 0 || slots[i].Hidden {
			return true
		}
	}
	return false
}

// appendString appends a flag whose variant is its value.
func appendString(b []byte, key, value, reason string) []byte {
	b = append(append(append(b, `{"key":"`...), key...), `","value":`...)
	b = rawjson.AppendQuoted(b, value)
	b = rawjson.AppendQuoted(append(b, `,"variant":`...), value)
	return append(append(append(b, `,"reason":"`...), reason...), `"}`...)
}

// appendOne appends the flag with a key; ok is false if there is none.
func (f *flagset) appendOne(b []byte, key string, a *resolve.Answer) (_ []byte, ok bool) {
	switch key {
	case keyFlag:
		return appendKey(b, a), true
	case segmentFlag:
		return appendCurrent(b, a), true
	}
	if name, ok := strings.CutPrefix(key, segmentPrefix); ok {
		return f.appendSegment(b, name, a)
	}
	if name, ok := strings.CutPrefix(key, slotPrefix); ok {
		c, ok := f.choiceAt(name, a)
		return append(b, c.slot...), ok
	}
	if name, ok := strings.CutPrefix(key, variantPrefix); ok {
		c, ok := f.choiceAt(name, a)
		return append(b, c.variant...), ok
	}
	if name, ok := strings.CutPrefix(key, variablePrefix); ok {
		return f.appendVariable(b, name, a)
	}
	return b, false
}

// choiceAt returns the flags of a slot of the answer.
func (f *flagset) choiceAt(baseline string, a *resolve.Answer) (choice, bool) {
	for i := range a.Decision.Slots {
		if s := &a.Decision.Slots[i]; s.Baseline == baseline {
			return f.choice(s), true
		}
	}
	return choice{}, false
}

func (f *flagset) appendSegment(b []byte, key string, a *resolve.Answer) ([]byte, bool) {
	for i := range f.segments {
		m := &f.segments[i]
		switch {
		case m.key != key:
		case slices.Contains(a.Segments, key):
			return append(b, m.in...), true
		default:
			return append(b, m.out...), true
		}
	}
	return b, false
}

func (f *flagset) appendVariable(b []byte, key string, a *resolve.Answer) ([]byte, bool) {
	for i := range a.Decision.Variables {
		if v := &a.Decision.Variables[i]; v.Key == key {
			return append(b, f.value(v, a.Decision.Experiences)...), true
		}
	}
	for i := range f.variables {
		if v := &f.variables[i]; v.key == key {
			return append(b, v.unset...), true
		}
	}
	return b, false
}
