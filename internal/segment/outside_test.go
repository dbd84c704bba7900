package segment

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// idSet is a List.
type idSet []string

func (s idSet) Has(id string) bool { return slices.Contains(s, id) }
func (s idSet) Version() string    { return hashOfTexts(s) }

// uploads returns lists as Options want them.
func uploads(lists map[string]idSet) func(string) (List, error) {
	return func(key string) (List, error) {
		if l, ok := lists[key]; ok {
			return l, nil
		}
		return nil, nil
	}
}

// topics is what entries are about.
type topics map[string][]string

func (s topics) About(topic string) ([]string, bool) {
	entries, known := s[topic]
	return entries, known
}

func TestListHoldsForAnyIDOfAVisitor(t *testing.T) {
	set := compileRule(t, "list: vip", Options{Lists: uploads(map[string]idSet{"vip": {"v1", "u1"}})})
	for _, c := range []struct {
		visitor, user, other string
		member               bool
	}{{"v1", "", "", true}, {"v2", "", "v3", false}, {"v2", "u1", "", true}, {"", "", "", false}, {"v2", "", "v1", true}} {
		rec := &visitor.Record{ID: c.visitor, Summary: visitor.Summary{UserID: c.user}}
		if c.other != "" {
			rec.Others = []string{c.other}
		}
		res := set.Evaluate(rec, nil, 0)
		require.Equal(t, c.member, len(res.Members) == 1, "%+v", c)
		require.Equal(t, Forever, res.ValidUntil)
	}
	require.Empty(t, set.Missing())
}

func TestListThatWasNotUploadedIsUnknown(t *testing.T) {
	for _, rule := range []string{"list: vip", "not: {list: vip}"} {
		set := compileRule(t, rule, Options{})
		require.Empty(t, set.Evaluate(&visitor.Record{ID: "v"}, nil, 0).Members, rule)
		require.Len(t, set.Missing(), 1)
		require.ErrorContains(t, errors.New(set.Missing()[0].String()), `there is no list "vip", so that the condition is unknown: upload it with segue lists put`)
		e, err := set.Explain(&visitor.Record{}, "x", nil, 0)
		require.NoError(t, err)
		require.Equal(t, "unknown", e.Truth)
	}
}

func TestListThatCannotBeReadIsAnError(t *testing.T) {
	_, err := Compile([]syntax.Definition{{Key: "x", When: syntax.List{Key: "vip"}}}, Options{
		Lists: func(string) (List, error) { return nil, errors.New("the store is closed") },
	})
	require.ErrorContains(t, err, "list vip: the store is closed")
}

func TestRevisionIsAlsoThatOfListsAndTopics(t *testing.T) {
	revision := func(rule string, lists map[string]idSet, about topics) string {
		return compileRule(t, rule, Options{Lists: uploads(lists), Topics: about}).Revision()
	}
	const list, affinity = "list: a", "affinity: {topic: a, halfLife: 1d, gte: 1}"
	require.NotEqual(t, revision(list, map[string]idSet{"a": {"x"}}, nil), revision(list, map[string]idSet{"a": {"y"}}, nil))
	require.Equal(t, revision(list, map[string]idSet{"a": {"x"}}, nil), revision(list, map[string]idSet{"a": {"x"}, "b": {}}, nil))
	require.NotEqual(t, revision(affinity, nil, topics{"a": {"x"}}), revision(affinity, nil, topics{"a": {"y"}}))
	require.Equal(t, revision(affinity, nil, topics{"a": {"x"}}), revision(affinity, nil, topics{"a": {"x"}, "b": {"x"}}))
}

// An affinity is a score over the views of the entries, one by one.
func TestAffinityIsAScoreOfViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		about := topics{"golf": {"e1", "e2"}}
		var events []signal.Signal
		at := lawStart
		for i := range rapid.IntRange(0, 8).Draw(t, "signals") {
			at += rapid.Int64Range(0, 40).Draw(t, "pause") * hour
			s := signal.Signal{ID: string(rune('a' + i)), At: at, Type: rapid.SampledFrom([]signal.Type{signal.Page, signal.Screen, signal.Component, signal.Track}).Draw(t, "type")}
			if s.Type == signal.Track {
				s.Name = rapid.SampledFrom([]string{"Entry Viewed", "entry_viewed", "Entry Shared"}).Draw(t, "name")
			}
			entry := rapid.SampledFrom([]string{"e1", "e2", "e3"}).Draw(t, "entry")
			key := rapid.SampledFrom([]string{"entry", "entryId", "entry_id", "componentId", "id"}).Draw(t, "key")
			s.Props = signal.Props{{Key: key, Value: signal.TextOf(entry)}}
			events = append(events, s)
		}
		const limits = "halfLife: 1d, gte: 1.5"
		rule := "affinity: {topic: golf, " + limits + "}"
		slow := `score: {of: [
			{event: [page, screen, component, Entry Viewed], where: {entry: [e1, e2]}, weight: 1},
			{event: [page, screen, component, Entry Viewed], where: {entryId: [e1, e2]}, weight: 1},
			{event: [page, screen, component, Entry Viewed], where: {entry_id: [e1, e2]}, weight: 1},
			{event: [page, screen, component, Entry Viewed], where: {componentId: [e1, e2]}, weight: 1}], ` + limits + "}"
		now := at + rapid.Int64Range(0, 72).Draw(t, "later")*hour
		answer := func(rule string) Result {
			when, err := syntax.ParseCond("rule", []byte(rule))
			require.NoError(t, err)
			set, err := Compile([]syntax.Definition{{Key: "x", When: when}}, Options{Topics: about})
			require.NoError(t, err)
			return set.Evaluate(&visitor.Record{Signals: events}, nil, now)
		}
		want := answer(slow)
		require.Equal(t, want, answer(rule))
	})
}

func TestAffinityToAnUnknownTopicIsToldAndZero(t *testing.T) {
	set := compileRule(t, "affinity: {topic: gofl, halfLife: 1d, lt: 1}", Options{Topics: topics{"golf": {"e1"}}})
	require.Len(t, set.Evaluate(&visitor.Record{}, nil, 0).Members, 1)
	require.Equal(t, "topic", set.Missing()[0].What)
}
