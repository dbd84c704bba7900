package segment

import (
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// few is up to how many entries looking through them is cheaper than hashing.
const few = 12

// A kindList is the kinds of the signals of a record. After the first few a
// kind may be in it several times.
type kindList []kind

// A kind is signals with one type, one name and the same keys of properties.
type kind struct {
	of      signal.Type
	text    string
	props   signal.Props // of the first of them
	known   *name
	shape   *shape
	signals int32 // how many there are
}

// of returns where the kind of a signal is in the list, and counts it there.
func (l *kindList) of(s *Set, sig *signal.Signal) int32 {
	var known *name
	for i := range min(len(*l), few) {
		k := &(*l)[i]
		if k.of != sig.Type || k.text != sig.Name {
			continue
		}
		if sameKeys(k.props, sig.Props) {
			k.signals++
			return int32(i)
		}
		known = k.known
	}
	if known == nil {
		known = s.events.of(sig)
	}
	*l = append(*l, kind{sig.Type, sig.Name, sig.Props, known, known.shapes.of(&s.keys, sig), 1})
	return int32(len(*l) - 1)
}

// say reports whether anything in the signals can tell an attribute.
func (l kindList) say(a *attribute) bool {
	return slices.ContainsFunc(l, func(k kind) bool { return k.shape.says[a.n] })
}

func sameKeys(a, b signal.Props) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Key != b[i].Key {
			return false
		}
	}
	return true
}

// A deviceList numbers the devices of a record.
type deviceList struct {
	names  []string
	byName map[string]int32 // nil as long as there are few
	latest int32
}

// of returns the number of a device, which is new if it has not been seen.
func (l *deviceList) of(device string) int32 {
	if len(l.names) == 0 || l.names[l.latest] != device {
		l.latest = l.find(device)
	}
	return l.latest
}

func (l *deviceList) find(device string) int32 {
	if l.byName == nil && len(l.names) > few {
		l.byName = make(map[string]int32, 2*len(l.names))
		for i, name := range l.names {
			l.byName[name] = int32(i)
		}
	}
	i, known := l.byName[device]
	if l.byName == nil {
		i = int32(slices.Index(l.names, device))
		known = i >= 0
	}
	if known {
		return i
	}
	i = int32(len(l.names))
	l.names = append(l.names, device)
	if l.byName != nil {
		l.byName[device] = i
	}
	return i
}

func (l *deviceList) reset() {
	clear(l.names)
	*l = deviceList{names: l.names[:0]}
}
