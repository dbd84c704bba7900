package segment

import (
	"cmp"
	"strings"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
)

// A version is a version number in the sense of semver.org. Values may leave
// out the last numbers and have a v in front: "v2.1" is 2.1.0.
type version struct {
	core [3]string // without leading zeros
	pre  []string
}

func newVersionTest(op syntax.TestOp, text string, pos syntax.Pos) (test, error) {
	want, ok := parseVersion(text)
	if !ok {
		return test{}, invalid(pos, "%s: %q is not a version: write one such as 2.1.0", op, text)
	}
	compare := map[syntax.TestOp]func(int) bool{
		syntax.SemverEq:  func(c int) bool { return c == 0 },
		syntax.SemverGt:  func(c int) bool { return c > 0 },
		syntax.SemverGte: func(c int) bool { return c >= 0 },
		syntax.SemverLt:  func(c int) bool { return c < 0 },
		syntax.SemverLte: func(c int) bool { return c <= 0 },
	}[op]
	return test{one: func(v signal.Value) bool {
		got, ok := parseVersion(v.String())
		return ok && compare(got.compare(want))
	}}, nil
}

func parseVersion(s string) (v version, ok bool) {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "v"), "+")
	core, pre, hasPre := strings.Cut(s, "-")
	numbers := strings.Split(core, ".")
	if len(numbers) > len(v.core) {
		return version{}, false
	}
	for i := range v.core {
		number := "0"
		if i < len(numbers) {
			number = numbers[i]
		}
		if !isDigits(number) {
			return version{}, false
		}
		v.core[i] = strings.TrimLeft(number, "0")
	}
	if hasPre {
		v.pre = strings.Split(pre, ".")
	}
	return v, true
}

func (v version) compare(w version) int {
	for i := range v.core {
		if c := compareDigits(v.core[i], w.core[i]); c != 0 {
			return c
		}
	}
	if len(v.pre) == 0 || len(w.pre) == 0 { // a release comes after its previews
		return cmp.Compare(len(w.pre), len(v.pre))
	}
	for i := range min(len(v.pre), len(w.pre)) {
		if c := comparePreview(v.pre[i], w.pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(w.pre))
}

// comparePreview orders numbers by size, before all other text.
func comparePreview(a, b string) int {
	switch {
	case isDigits(a) && isDigits(b):
		return compareDigits(strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0"))
	case isDigits(a):
		return -1
	case isDigits(b):
		return 1
	default:
		return strings.Compare(a, b)
	}
}

func compareDigits(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
