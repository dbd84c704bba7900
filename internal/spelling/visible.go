package spelling

import "strings"

// invisible says of characters that show nothing: of no width, or mere
// directions to what shows text.
func invisible(c rune) bool {
	switch {
	case c == '\u00ad', c == '\ufeff', c >= '\u200b' && c <= '\u200f', c >= '\u2060' && c <= '\u2064':
		return true
	default:
		return false
	}
}

// joins reports whether c has a meaning between two letters, as in Persian, or
// between two emoji.
func joins(c rune) bool { return c == '\u200c' || c == '\u200d' }

// Visible returns s without the characters that show nothing: what came along
// when it was copied, or what a preview wove in to tell where it is from. A
// joiner stays where it stands alone between two characters that show.
func Visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	var b strings.Builder
	var run []rune // of invisible characters after something that shows
	for _, c := range s {
		if invisible(c) {
			run = append(run, c)
			continue
		}
		if len(run) == 1 && joins(run[0]) && b.Len() > 0 {
			b.WriteRune(run[0])
		}
		run = run[:0]
		b.WriteRune(c)
	}
	return b.String()
}

// ID returns an id without blanks around it and without any character that
// shows nothing.
func ID(s string) string {
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if invisible(c) {
			return -1
		}
		return c
	}, s))
}
