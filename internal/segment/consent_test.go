package segment

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func TestASegmentWithAPurposeKnowsNothingOfWhoDeniesIt(t *testing.T) {
	defs, err := syntax.Parse("rules.yaml", []byte(`
segment: ads
name: A
soWhat: x
purpose: personalization
when: { count: { of: x } }
---
segment: via
name: B
soWhat: x
when: { not: { segment: ads } }
`))
	require.NoError(t, err)
	set, err := Compile(defs, Options{})
	require.NoError(t, err)
	said := func(at int64, consent string) signal.Signal {
		s := signal.Signal{ID: consent, Type: signal.Track, Name: "x", At: at}
		if consent != "" {
			s.Props = signal.Props{{Key: "context.consent.categoryPreferences.personalization", Value: signal.BoolOf(consent == "yes")}}
		}
		return s
	}
	request := func(v bool) Context { return Context{"consent.categoryPreferences.personalization": signal.BoolOf(v)} }
	for name, tc := range map[string]struct {
		signals []signal.Signal
		ctx     Context
		want    []string
	}{
		"nobody asked":           {[]signal.Signal{said(1, "")}, nil, []string{"ads"}},
		"consented":              {[]signal.Signal{said(1, "yes")}, nil, []string{"ads"}},
		"denied":                 {[]signal.Signal{said(1, "no")}, nil, nil},
		"denied, then silent":    {[]signal.Signal{said(1, "no"), said(2, "")}, nil, nil},
		"denied, then consented": {[]signal.Signal{said(1, "no"), said(2, "yes")}, nil, []string{"ads"}},
		"the request denies":     {[]signal.Signal{said(1, "yes")}, request(false), nil},
		"the request consents":   {[]signal.Signal{said(1, "no")}, request(true), []string{"ads"}},
		"false is not unknown":   {nil, request(false), []string{"via"}},
	} {
		t.Run(name, func(t *testing.T) {
			rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, tc.signals...)
			var got []string
			for _, i := range set.Evaluate(rec, tc.ctx, 10).Members {
				got = append(got, set.Key(i))
			}
			require.Equal(t, tc.want, got)
		})
	}
	rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{}, said(1, "no"))
	e, err := set.Explain(rec, "ads", nil, 10)
	require.NoError(t, err)
	require.Equal(t, "unknown", e.Truth)
	require.Contains(t, e.Reason, `"personalization"`)
	require.Equal(t, "true", e.Proof.Truth, "the rule itself")
}
