package config

import (
	"fmt"
	"strconv"
	"strings"
)

// A Size is a number of bytes.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes Size
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}

// parseSize reads a size such as 64MiB.
func parseSize(text string) (Size, error) {
	for _, unit := range sizeUnits {
		count, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(count), 10, 32)
		if err == nil {
			return Size(n) * unit.bytes, nil
		}
	}
	return 0, fmt.Errorf("%q is not a size: write a whole number and KiB, MiB or GiB, such as 64MiB", text)
}
