package content

import (
	"cmp"
	"slices"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/rawjson"
)

// A Locale is a language content is written in.
type Locale struct {
	Code     string
	Fallback string // code of the locale whose values fill its gaps; "" = none
	Default  bool   // served when no locale is asked for
}

// locales are the locales of a snapshot, in order of code; everywhere else
// they are known by their position here.
type locales struct {
	codes    []string
	index    map[string]int
	chains   [][]int  // each locale, then its fallbacks, each once
	members  [][]byte // `,"locale":"…"` of each
	standard int      // the default locale
}

// find returns the position of a locale; "" is the default one.
func (l *locales) find(code string) (int, bool) {
	if code == "" {
		return l.standard, true
	}
	at, ok := l.index[code]
	return at, ok
}

// newLocales orders the locales and follows their fallbacks. The findings name
// fallbacks that do not exist or lead in a circle; the chain then ends there.
func newLocales(all []Locale) (*locales, []Finding, error) {
	all = slices.SortedFunc(slices.Values(all), func(a, b Locale) int { return cmp.Compare(a.Code, b.Code) })
	l := &locales{index: make(map[string]int), standard: -1}
	for i, one := range all {
		l.codes = append(l.codes, one.Code)
		l.index[one.Code] = i
		l.members = append(l.members, rawjson.AppendQuoted([]byte(`,"locale":`), one.Code))
		if one.Default || len(all) == 1 {
			if l.standard >= 0 {
				return nil, nil, fault.New(fault.Invalid, "locales: both %q and %q are the default: mark one", l.codes[l.standard], one.Code)
			}
			l.standard = i
		}
	}
	if l.standard < 0 {
		return nil, nil, fault.New(fault.Invalid, "locales: none is the default: mark one of them (%s)", list(l.codes))
	}
	findings := l.chain(all)
	return l, findings, nil
}

// chain fills l.chains.
func (l *locales) chain(all []Locale) (findings []Finding) {
	for i, one := range all {
		chain := []int{i}
		for next := one.Fallback; next != ""; {
			at, ok := l.index[next]
			if !ok {
				findings = append(findings, Finding{Message: "locale " + one.Code + ": falls back to " + next + ", which is not a locale of the content"})
				break
			}
			if slices.Contains(chain, at) {
				findings = append(findings, Finding{Message: "locale " + one.Code + ": its fallbacks lead in a circle; it is cut at " + next})
				break
			}
			chain = append(chain, at)
			next = all[at].Fallback
		}
		l.chains = append(l.chains, chain)
	}
	return findings
}
