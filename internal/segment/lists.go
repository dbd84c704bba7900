package segment

import (
	"slices"

	"github.com/segue-dev/segue/internal/signal"
)

// few is up to how many entries looking through them is cheaper than hashing.
const few = 12

// A kindList remembers which signals a record has had: for each type and name
// what is known of them, and the latest one.
type kindList []kind

type kind struct {
	of     signal.Type
	text   string
	known  *name
	latest item
}

// of returns what is known of the type and the name of a signal, and the signal
// with its shape.
func (l *kindList) of(s *Set, sig *signal.Signal) (*name, item) {
	for i := range *l {
		k := &(*l)[i]
		if k.of != sig.Type || k.text != sig.Name {
			continue
		}
		if !sameKeys(k.latest.Props, sig.Props) {
			k.latest.shape = k.known.shapes.of(&s.keys, sig)
		}
		k.latest.Signal = sig
		return k.known, k.latest
	}
	known := s.events.of(sig)
	latest := item{sig, known.shapes.of(&s.keys, sig)}
	if len(*l) < few {
		*l = append(*l, kind{sig.Type, sig.Name, known, latest})
	}
	return known, latest
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
