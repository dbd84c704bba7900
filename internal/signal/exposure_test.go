package signal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
)

func TestExposures(t *testing.T) {
	text, number := signal.TextOf, signal.NumberOf
	props := func(pairs ...signal.Prop) signal.Props {
		p := signal.Props(pairs)
		p.Sort()
		return p
	}
	seen := signal.Exposure{Experience: "exp", Variant: 2}
	for name, tc := range map[string]struct {
		s    signal.Signal
		want signal.Exposure // zero = none
	}{
		"component":         {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: number(2)})}, seen},
		"index as text":     {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: text("2")})}, seen},
		"control":           {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: number(0)})}, signal.Exposure{Experience: "exp"}},
		"event":             {signal.Signal{Name: "Experience_viewed", Props: props(signal.Prop{Key: "experience_id", Value: text("exp")}, signal.Prop{Key: "variant_index", Value: number(2)})}, seen},
		"other event":       {signal.Signal{Name: "Product Viewed", Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: number(2)})}, signal.Exposure{}},
		"plain view":        {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "componentId", Value: text("hero")}, signal.Prop{Key: "variantIndex", Value: number(0)})}, signal.Exposure{}},
		"no index":          {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")})}, signal.Exposure{}},
		"half an index":     {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: number(0.5)})}, signal.Exposure{}},
		"less than control": {signal.Signal{Type: signal.Component, Props: props(signal.Prop{Key: "experienceId", Value: text("exp")}, signal.Prop{Key: "variantIndex", Value: number(-1)})}, signal.Exposure{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := tc.s.Exposure()
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.want != signal.Exposure{}, ok)
		})
	}
}
