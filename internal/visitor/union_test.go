package visitor_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// foldAs is fold for visitor id.
func foldAs(t *rapid.T, id string, lim visitor.Limits, sigs []signal.Signal) *visitor.Record {
	r := &visitor.Record{ID: id}
	for len(sigs) > 0 {
		n := rapid.IntRange(1, len(sigs)).Draw(t, "delivery")
		r, _ = r.With(lim, sigs[:n]...)
		sigs = sigs[n:]
	}
	return r
}

// says returns what r says, whatever ids it has and whatever room.
func says(r *visitor.Record) string { return dump(r.Unlinked()) + r.Claim() }

// However signals are divided among records, and in whatever order those are
// joined: what comes of it is the record that was given all of them.
func TestUnionIsTheRecordOfAllSignals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		sent := drawSignals(t, 1)
		unlimited := lim.MaxSignals == 0 && lim.Retention == 0
		shares := make([][]signal.Signal, rapid.IntRange(2, 4).Draw(t, "records"))
		for _, s := range sent {
			first := rapid.IntRange(0, len(shares)-1).Draw(t, "share")
			shares[first] = append(shares[first], s)
			second := rapid.IntRange(0, 4*len(shares)).Draw(t, "second share")
			if second < len(shares) && second != first && (len(shares) == 2 || unlimited) {
				shares[second] = append(shares[second], s)
			}
		}
		records := make([]*visitor.Record, len(shares))
		for i, share := range shares {
			records[i] = foldAs(t, string(rune('a'+i)), lim, rapid.Permutation(share).Draw(t, "order"))
		}
		if twiceDropped(shares, records) {
			t.Skip("a stated limit")
		}
		want := foldAs(t, "a", lim, sent)
		if !unlimited {
			want = want.WithoutStreams()
		}
		for len(records) > 1 {
			i := rapid.IntRange(1, len(records)-1).Draw(t, "joined")
			j := rapid.IntRange(0, i-1).Draw(t, "with")
			if rapid.Bool().Draw(t, "swapped") {
				records[j] = records[i].Union(lim, records[j])
			} else {
				records[j] = records[j].Union(lim, records[i])
			}
			records = slices.Delete(records, i, i+1)
		}
		got := records[0]
		if !unlimited {
			got = got.WithoutStreams()
		}
		require.Equal(t, says(want), says(got))
	})
}

// twiceDropped reports whether a signal has left the logs of two records.
func twiceDropped(shares [][]signal.Signal, records []*visitor.Record) bool {
	seen := map[string]bool{}
	for i, share := range shares {
		for _, s := range share {
			if slices.ContainsFunc(records[i].Signals, func(o signal.Signal) bool { return o.ID == s.ID }) {
				continue
			}
			if seen[s.ID] {
				return true
			}
			seen[s.ID] = true
		}
	}
	return false
}

// Sessions are those of devices, so what is left of them is exact as long as no
// device sends to both records.
func TestUnionKeepsTheSessionsOfDevices(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		sent := drawSignals(t, 1)
		slices.SortFunc(sent, signal.Compare)
		var phone, rest []signal.Signal
		for _, s := range sent {
			if s.Device == "phone" {
				phone = append(phone, s)
			} else {
				rest = append(rest, s)
			}
		}
		a, b := foldAs(t, "a", lim, phone), foldAs(t, "b", lim, rest)
		want := foldAs(t, "a", lim, sent)
		require.Equal(t, says(want), says(a.Union(lim, b)))
		require.Equal(t, says(want), says(b.Union(lim, a)))
	})
}

func TestUnionLeavesBothRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lim := genLimits().Draw(t, "limits")
		a, b := foldAs(t, "a", lim, drawSignals(t, 0)), foldAs(t, "b", lim, drawSignals(t, 0))
		before := [][]byte{visitor.AppendRecord(nil, a), visitor.AppendRecord(nil, b)}
		a.Union(lim, b)
		require.Equal(t, before, [][]byte{visitor.AppendRecord(nil, a), visitor.AppendRecord(nil, b)})
	})
}

func TestUnionIsBounded(t *testing.T) {
	sigs := crowd(visitor.MaxEvents + 20)
	lim := visitor.Limits{MaxSignals: 1}
	half := len(sigs) / 2
	a, _ := (&visitor.Record{ID: "a"}).With(lim, sigs[:half]...)
	b, _ := (&visitor.Record{ID: "b"}).With(lim, sigs[half:]...)
	want, _ := (&visitor.Record{ID: "a"}).With(lim, sigs...)
	require.Equal(t, says(want), says(a.Union(lim, b)))
	require.Equal(t, says(want), says(b.Union(lim, a)))
}
