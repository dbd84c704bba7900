// Package spelling finds what a misspelt name was probably meant to be, so that
// an error can say so.
package spelling

import (
	"cmp"
	"slices"
	"strings"
)

// Nearest returns the one of known that word was probably meant to be, and how
// many letters differ. Case, underscores, hyphens and spaces do not count. If
// none is near enough, nearest is "".
func Nearest(word string, known []string) (nearest string, differ int) {
	plain := Plain(word)
	differ = 1 + max(1, len(plain)/3)
	for _, k := range known {
		if d := Distance(plain, Plain(k)); d < differ {
			nearest, differ = k, d
		}
	}
	return nearest, differ
}

// Sorted returns names in order of their distance from word, the nearest first.
func Sorted(word string, names []string) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Compare(Distance(word, a), Distance(word, b))
	})
	return names
}

// Plain returns word without what differs between spelling habits: case,
// underscores, hyphens and spaces.
func Plain(word string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(word))
}

// longest is how many letters of a word are looked at.
const longest = 64

// Distance returns how many letters must be inserted, deleted, replaced or
// swapped with their neighbour to turn a into b; of each the first 64 count.
func Distance(a, b string) int {
	s, t := letters(a), letters(b)
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range t {
		rows[0][j+1] = j + 1
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			d := min(rows[i-1][j], rows[i][j-1]) + 1
			if s[i-1] == t[j-1] {
				d = min(d, rows[i-1][j-1])
			} else {
				d = min(d, rows[i-1][j-1]+1)
			}
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}

func letters(word string) []rune {
	all := []rune(word)
	return all[:min(len(all), longest)]
}
