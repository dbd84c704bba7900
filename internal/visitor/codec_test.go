package visitor_test

import (
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
	"github.com/segue-dev/segue/internal/visitor/visitortest"
)

var update = flag.Bool("update", false, "write the golden files of the current version")

func TestDecodeReturnsWhatWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawSignals(t, 0)
		r := fold(t, genLimits().Draw(t, "limits"), sent)
		prefix := rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "before")
		blob := visitor.AppendRecord(slices.Clone(prefix), r)
		require.Equal(t, prefix, blob[:len(prefix)])
		got, err := visitor.DecodeRecord("v", blob[len(prefix):])
		require.NoError(t, err)
		require.Equal(t, r, got)
		require.Equal(t, blob[len(prefix):], visitor.AppendRecord(nil, got), "equal records have equal bytes")

		sigs, err := visitor.DecodeSignals(visitor.AppendSignals(nil, sent))
		require.NoError(t, err)
		require.Equal(t, len(sent), len(sigs))
		for i := range sent {
			require.Equal(t, sent[i], sigs[i])
		}
	})
}

func TestNumbersKeepEveryBit(t *testing.T) {
	var sent []signal.Signal
	for i, f := range []float64{0, math.Copysign(0, -1), 1, -1, 0.1, 1 << 53, -(1 << 53), 1e300, math.SmallestNonzeroFloat64} {
		sent = append(sent, signal.Signal{ID: fmt.Sprint(i), Props: signal.Props{{Key: "n", Value: signal.NumberOf(f)}}})
	}
	got, err := visitor.DecodeSignals(visitor.AppendSignals(nil, sent))
	require.NoError(t, err)
	for i := range sent {
		want, _ := sent[i].Props[0].Value.Float()
		f, _ := got[i].Props[0].Value.Float()
		require.Equal(t, math.Float64bits(want), math.Float64bits(f))
	}
}

func TestEveryDamageIsAnError(t *testing.T) {
	r, _ := (&visitor.Record{}).With(visitor.Limits{MaxSignals: 20}, visitortest.Signals("d", 32)...)
	blob := visitor.AppendRecord(nil, r)
	for n := range blob {
		_, err := visitor.DecodeRecord("v", blob[:n])
		require.Error(t, err, "cut off after %d bytes", n)
		require.Equal(t, fault.Internal, fault.KindOf(err))
		damaged := slices.Clone(blob)
		damaged[n] ^= 0x10
		_, err = visitor.DecodeRecord("v", damaged)
		require.ErrorContains(t, err, "stored record", "byte %d changed", n)
	}
	_, err := visitor.DecodeRecord("v", append(slices.Clone(blob), 0))
	require.ErrorContains(t, err, "damaged")
	_, err = visitor.DecodeSignals(blob)
	require.ErrorContains(t, err, "version 0x04 and this program reads version 0x81")
}

// goldenRecord has everything a record can have.
func goldenRecord() *visitor.Record {
	sigs := visitortest.Signals("anon-1", 24)
	identify := signal.Signal{
		ID: "identify-1", Type: signal.Identify, At: visitortest.Start + 1, Pos: 2, Device: "anon-1", UserID: "user-1",
		Props: signal.Props{
			{Key: "context.locale", Value: signal.TextOf("de-DE")},
			{Key: "plan", Value: signal.TextOf("pro")},
			{Key: "score", Value: signal.NumberOf(-12.5)},
			{Key: "seats", Value: signal.NumberOf(40)},
			{Key: "trial", Value: signal.BoolOf(false)},
		},
	}
	named := signal.Signal{ID: "0123456789abcdef", Type: signal.Page, Name: "Prices", At: sigs[20].At, Device: "anon-2", Flags: signal.ClampedFuture, Raw: sigs[20].At + 9000}
	seen := signal.Signal{ID: "seen", Type: signal.Component, At: sigs[2].At, Device: "anon-1", Props: signal.Props{
		{Key: "experienceId", Value: signal.TextOf("exp-1")}, {Key: "variantIndex", Value: signal.NumberOf(2)},
	}}
	late := signal.Signal{ID: "late", Name: "Order Completed", At: sigs[12].At, Device: "anon-1", Flags: signal.TooLate | signal.Skewed}
	r, _ := (&visitor.Record{ID: "anon-1"}).With(visitor.Limits{MaxSignals: 16}, append(sigs, identify, named, seen, late)...)
	exp := r.Summary.Exposures["exp-1"]
	exp.Mixed = true
	exp.Participation = visitor.Participation{Rules: "r12", Segment: "high-intent", In: []string{"mobile", "returning"}, Totals: []visitor.Total{
		{Metric: "revenue~1", Sum: 129900, Value: 100000, Per: 3, Before: -500}, {Metric: "trials~2", Sum: 1, Value: 1},
	}}
	return r.WithExposures(map[string]visitor.Exposure{"exp-1": exp}).Linked()
}

// dump writes r for people.
func dump(r *visitor.Record) string {
	var b strings.Builder
	for _, s := range r.Signals {
		fmt.Fprintf(&b, "%d/%d %s %s %q device=%s user=%s flags=%03b raw=%d", s.At, s.Pos, s.ID, s.Type, s.Name, s.Device, s.UserID, s.Flags, s.Raw)
		for _, p := range s.Props {
			fmt.Fprintf(&b, " %s=%s(%d)", p.Key, p.Value, p.Value.Kind())
		}
		b.WriteByte('\n')
	}
	s := r.Summary
	fmt.Fprintf(&b, "seen %d to %d as %q, dropped %d until %d\n", s.FirstSeen, s.LastSeen, s.UserID, s.Dropped, s.Horizon)
	fmt.Fprintf(&b, "others: events %+v names %+v sessions %d\n", s.OtherEvents, s.OtherNames, s.OtherSessions)
	for _, k := range slices.Sorted(maps.Keys(s.Events)) {
		fmt.Fprintf(&b, "event %s: %+v\n", k, s.Events[k])
	}
	for _, k := range slices.Sorted(maps.Keys(s.Traits)) {
		t := s.Traits[k]
		fmt.Fprintf(&b, "trait %s: %s(%d) at %d/%d by %s\n", k, t.Value, t.Value.Kind(), t.At, t.Pos, t.By)
	}
	for _, k := range slices.Sorted(maps.Keys(s.Exposures)) {
		e := s.Exposures[k]
		fmt.Fprintf(&b, "exposure %s: {Variant:%d At:%d Pos:%d By:%s}\n", k, e.Variant, e.At, e.Pos, e.By)
		if e.Mixed || e.Rules != "" {
			fmt.Fprintf(&b, "measured %s: mixed %t, %+v\n", k, e.Mixed, e.Participation)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(s.Streams)) {
		fmt.Fprintf(&b, "stream %s: %+v\n", k, s.Streams[k])
	}
	for _, d := range s.DroppedIDs {
		fmt.Fprintf(&b, "dropped %d %016x\n", d.At, d.Hash)
	}
	if r.Into != "" {
		fmt.Fprintf(&b, "leads to %s (known %t, token %#x), others %q, joining %v, stable id %s\n", r.Into, r.Known, r.Token(), r.Others, r.Joining, r.StableID())
	}
	return b.String()
}

func TestStoredFormStaysReadable(t *testing.T) {
	r := goldenRecord()
	record, signals := "testdata/record-v4", "testdata/signals-v1"
	if *update {
		writeHex(t, record+".hex", visitor.AppendRecord(nil, r))
		writeHex(t, signals+".hex", visitor.AppendSignals(nil, r.Signals))
		require.NoError(t, os.WriteFile(record+".txt", []byte(dump(r)), 0o644))
	}
	require.Equal(t, readHex(t, record+".hex"), visitor.AppendRecord(nil, r))
	require.Equal(t, readHex(t, signals+".hex"), visitor.AppendSignals(nil, r.Signals))

	got, err := visitor.DecodeRecord("anon-1", readHex(t, record+".hex"))
	require.NoError(t, err)
	require.Equal(t, r, got)
	want, err := os.ReadFile(record + ".txt")
	require.NoError(t, err)
	require.Equal(t, string(want), dump(got))
	sigs, err := visitor.DecodeSignals(readHex(t, signals+".hex"))
	require.NoError(t, err)
	require.Equal(t, r.Signals, sigs)
}

// Records of the third version have not been measured.
func TestRecordsOfTheThirdVersion(t *testing.T) {
	got, err := visitor.DecodeRecord("anon-1", readHex(t, "testdata/record-v3.hex"))
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/record-v3.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), dump(got))
}

// Records of the second version are nobody's but their own.
func TestRecordsOfTheSecondVersion(t *testing.T) {
	got, err := visitor.DecodeRecord("anon-1", readHex(t, "testdata/record-v2.hex"))
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/record-v2.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), dump(got))
	require.Zero(t, got.Identity)

	r, _ := (&visitor.Record{ID: "user-1"}).With(visitor.Limits{}, signal.Signal{ID: "m", At: 7, UserID: "user-1"})
	blob := visitor.AppendRecord(nil, r)
	got, err = visitor.DecodeRecord("user-1", visitor.Seal(visitor.RecordVersion2, blob[1:len(blob)-4-identitySize]))
	require.NoError(t, err)
	require.Equal(t, r, got, "that a user was known by the user id alone, the signals say")
}

// identitySize is the number of bytes of the identity of a record with a claim
// but no links: head, text, time, position and text.
const identitySize = 5

// Records of the first version say what was seen only in their signals.
func TestRecordsOfTheFirstVersion(t *testing.T) {
	got, err := visitor.DecodeRecord("anon-1", readHex(t, "testdata/record-v1.hex"))
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/record-v1.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), dump(got))

	r, _ := (&visitor.Record{ID: "anon-1"}).With(visitor.Limits{}, exposure("m2", 2, "exp", 1), exposure("m1", 1, "exp", 3))
	seen := r.Summary.Exposures
	require.Equal(t, map[string]visitor.Exposure{"exp": {Variant: 3, At: 1, By: "m1", Mixed: true}}, seen)
	r.Summary.Exposures = nil
	blob := visitor.AppendRecord(nil, r)
	body := blob[1 : len(blob)-6] // without version, checksum, identity and the number of exposures, both 0
	got, err = visitor.DecodeRecord("anon-1", visitor.Seal(visitor.RecordVersion1, body))
	require.NoError(t, err)
	require.Equal(t, seen, got.Summary.Exposures)
}

func writeHex(t *testing.T, name string, b []byte) {
	t.Helper()
	var lines strings.Builder
	for chunk := range slices.Chunk(b, 40) {
		lines.WriteString(hex.EncodeToString(chunk) + "\n")
	}
	require.NoError(t, os.WriteFile(name, []byte(lines.String()), 0o644))
}

func readHex(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	b, err := hex.DecodeString(strings.ReplaceAll(string(text), "\n", ""))
	require.NoError(t, err)
	return b
}

// FuzzDecode gives the decoders bodies with the right checksum, so that it gets
// past it: whatever they say must not be a panic, and what they accept must
// survive being stored again.
func FuzzDecode(f *testing.F) {
	for _, b := range [][]byte{visitor.AppendRecord(nil, goldenRecord()), visitor.AppendSignals(nil, visitortest.Signals("d", 3)), make([]byte, 20)} {
		f.Add(b[1 : len(b)-4])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if r, err := visitor.DecodeRecord("v", visitor.Seal(visitor.RecordVersion, body)); err == nil {
			b := visitor.AppendRecord(nil, r)
			again, err := visitor.DecodeRecord("v", b)
			require.NoError(t, err)
			require.Equal(t, b, visitor.AppendRecord(nil, again))
		}
		if r, err := (&visitor.Record{ID: "v"}).WithChanges(visitor.Limits{}, visitor.Seal(visitor.ChangeVersion, body)); err == nil {
			b := visitor.AppendRecord(nil, r)
			_, err := visitor.DecodeRecord("v", b)
			require.NoError(t, err)
		}
		if sigs, err := visitor.DecodeSignals(visitor.Seal(visitor.SignalsVersion, body)); err == nil {
			b := visitor.AppendSignals(nil, sigs)
			again, err := visitor.DecodeSignals(b)
			require.NoError(t, err)
			require.Equal(t, b, visitor.AppendSignals(nil, again))
		}
	})
}

func benchmarkSizes(b *testing.B, f func(b *testing.B, r *visitor.Record)) {
	for _, n := range []int{32, 256} {
		b.Run(fmt.Sprintf("signals=%d", n), func(b *testing.B) {
			r, _ := (&visitor.Record{ID: "anon-1"}).With(visitor.Limits{}, visitortest.Signals("anon-1", n)...)
			b.ReportAllocs()
			f(b, r)
			size := len(visitor.AppendRecord(nil, r))
			b.ReportMetric(float64(size), "bytes/record")
			b.ReportMetric(float64(size)/float64(n), "bytes/signal")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, r *visitor.Record) {
		var buf []byte
		for b.Loop() {
			buf = visitor.AppendRecord(buf[:0], r)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, r *visitor.Record) {
		blob := visitor.AppendRecord(nil, r)
		for b.Loop() {
			if _, err := visitor.DecodeRecord("anon-1", blob); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkWith(b *testing.B) {
	benchmarkSizes(b, func(b *testing.B, r *visitor.Record) {
		next := visitortest.Signals("anon-1", len(r.Signals)+1)[len(r.Signals)]
		for b.Loop() {
			r.With(visitor.Limits{MaxSignals: len(r.Signals)}, next)
		}
	})
}
