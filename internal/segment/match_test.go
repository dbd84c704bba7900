package segment

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

func genName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[ _\t]{0,2}[Hh]eart[bB]eat[ _]{0,2}`),
		rapid.StringMatching(`[A-Za-z_ \t\n]{0,70}`),
		rapid.String(),
	)
}

func TestNamesAreComparedAsNormalized(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := genName().Draw(t, "name")
		var buf [64]byte
		if normal, ok := appendNormal(buf[:0], text); ok {
			require.Equal(t, signal.Normalize(text), string(normal))
		}
		x := newEventIndex()
		want := x.name(signal.Track, signal.Normalize(text))
		require.Same(t, want, x.of(&signal.Signal{Name: text}))
	})
}

func TestBothNamesOfAnEventAreMatched(t *testing.T) {
	for _, rule := range []string{"Product Added", "add_to_cart", "ADD TO CART"} {
		set := compileLaw(t, syntax.Never{Match: syntax.Match{Events: []syntax.Event{{Name: rule}}}})
		for _, sent := range []string{"Product Added", "product_added", "add_to_cart", "Add To Cart"} {
			s := signal.Signal{ID: "s", Type: signal.Track, Name: sent}
			matched := len(set.bind(&visitor.Record{Signals: []signal.Signal{s}}).posts[0]) == 1
			require.True(t, matched, "%s in a rule, %s sent", rule, sent)
		}
		page := signal.Signal{ID: "s", Type: signal.Page, Name: "add_to_cart"}
		require.Empty(t, set.bind(&visitor.Record{Signals: []signal.Signal{page}}).posts[0])
	}
}

func TestActivityIsWhatRecordsTakeForIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := signal.Signal{ID: "s", Type: signal.Type(rapid.IntRange(0, 6).Draw(t, "type")), Name: genName().Draw(t, "name")}
		if v := rapid.SampledFrom([]signal.Value{{}, signal.BoolOf(false), signal.TextOf("false"), signal.BoolOf(true), signal.NumberOf(0)}).Draw(t, "visible"); v != (signal.Value{}) {
			s.Props = signal.Props{{Key: "visible", Value: v}}
		}
		set := compileLaw(t, syntax.Never{Match: syntax.Match{Events: []syntax.Event{{Name: "a"}}}})
		b := set.bind(&visitor.Record{Signals: []signal.Signal{s}})
		require.Equal(t, visitor.IsActivity(s), b.active[0])
	})
}
