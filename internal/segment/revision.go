package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"reflect"
	"slices"

	"github.com/segue-dev/segue/internal/segment/syntax"
)

// revisionOf returns a short hash of what definitions in the order of a Set
// say, whatever the files they come from, and of what they rest on besides.
// Examples do not count, since they change no answer.
func revisionOf(defs []syntax.Definition, outside []string) string {
	if len(outside) == 0 {
		return "r" + hashOf(defs...)
	}
	slices.Sort(outside)
	h := sha256.New()
	fmt.Fprintf(h, "%s %q", hashOf(defs...), slices.Compact(outside))
	return "r" + hex.EncodeToString(h.Sum(nil))[:12]
}

// VersionOf names what a definition says: its content hash, as Set.Revision is
// of a whole set. A definition is never changed in place; an edited one is
// another version.
func VersionOf(d syntax.Definition) string { return "v" + hashOf(d) }

func hashOf(defs ...syntax.Definition) string {
	h := sha256.New()
	for _, d := range defs {
		d.Examples, d.Allow = nil, nil
		digest(h, reflect.ValueOf(d))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

var posType = reflect.TypeFor[syntax.Pos]()

// digest writes a value to h so that different values of one type are written
// differently. Places are left out.
func digest(h hash.Hash, v reflect.Value) {
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			fmt.Fprint(h, "nil;")
			return
		}
		fmt.Fprintf(h, "%s:", v.Elem().Type())
		digest(h, v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.Type() != posType {
				digest(h, field)
			}
		}
	case reflect.Slice:
		fmt.Fprintf(h, "%d[", v.Len())
		for i := range v.Len() {
			digest(h, v.Index(i))
		}
	default:
		fmt.Fprintf(h, "%q;", fmt.Sprint(v))
	}
}
