package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

var shop = ingest.Mapping{
	Visitor: "who",
	Time:    ingest.TimeColumn{Column: "when", Unit: "ms"},
	Event: ingest.EventColumn{Column: "what", Map: map[string]string{
		"view": "Product Viewed", "home": "page:Home", "any": "page", "app": "screen:Start", "me": "identify",
	}},
	Properties: map[string]string{"product_id": "item", "note": "note"},
}

func replay(t *testing.T, store *memory, r io.Reader, opts ingest.ReplayOptions) (ingest.ReplayReport, error) {
	t.Helper()
	opts.Name, opts.Now = "log", clock
	report, err := ingest.Replay(t.Context(), ingest.New(store, ingest.Options{Now: clock}), r, opts)
	require.Zero(t, report.Elapsed, "the clock stands still")
	return report, err
}

func TestReplayCSV(t *testing.T) {
	store := &memory{}
	in := "\ufeffwhen,who,what,item,note\n" +
		"1433193132535,a,view,p1,\n" +
		"1433193132536,a,home,,\"two\nlines\"\n" +
		"1433193132537,b,odd one,p2,x\n" +
		"1433193132538,b,me,p2,\n" +
		"1433193132539,b,any,,\n" +
		"1433193132540,b,app,,\n"
	report, err := replay(t, store, strings.NewReader(in), ingest.ReplayOptions{Mapping: &shop})
	require.NoError(t, err)
	require.Equal(t, ingest.ReplayReport{Accepted: 6, Visitors: 2}, report)

	a, b := store.records["a"].Signals, store.records["b"].Signals
	require.Equal(t, []string{"track Product Viewed", "page Home"}, kinds(a))
	require.Equal(t, []string{"track odd one", "identify ", "page ", "screen Start"}, kinds(b))
	require.EqualValues(t, 1433193132535, a[0].At)
	require.Equal(t, "p1", get(a[0].Props, "product_id"))
	require.Len(t, a[0].Props, 1, "an empty cell is left out")
	require.Equal(t, "two\nlines", get(a[1].Props, "note"))
}

func kinds(signals []signal.Signal) (out []string) {
	for _, s := range signals {
		out = append(out, s.Type.String()+" "+s.Name)
	}
	return out
}

func TestReplayNamesBadRowsAndGoesOn(t *testing.T) {
	in := "when,who,what,item,note\n" +
		"soon,a,view,p1,\n" +
		"1433193132536,,view,p1,\n" +
		"1433193132536,a,,p1,\n" +
		"1433193132536,a,view,p1\n" +
		"\n" +
		"1433193132536,a,vi\"ew,p1,\n" +
		",a,view,p1,\n" +
		"1433193132000,a,view,p1,\"a\nb\"\n" +
		"-5,a,view,p1,\n" +
		"1433193132,a,view,p1,\n"
	report, err := replay(t, &memory{}, strings.NewReader(in), ingest.ReplayOptions{Mapping: &shop})
	require.NoError(t, err)
	require.Equal(t, 1, report.Accepted)
	require.Equal(t, 8, report.Rejected)
	require.Equal(t, []ingest.ReplayRejection{
		{"log:2", `when: "soon" is not a time in ms; mend it, or time.unit of the mapping`},
		{"log:3", "who: empty; every row must name its visitor"},
		{"log:4", `event: missing; a track names what happened, such as "Product Viewed"`},
		{"log:5", "row cannot be read: wrong number of fields; mend the row"},
		{"log:7", `row cannot be read: bare " in non-quoted-field; mend the row`},
		{"log:8", "when: empty; every row must say when it happened"},
		{"log:11", `when: "-5" is not a time in ms; mend it, or time.unit of the mapping`},
		{"log:12", `when: "1433193132" is not a time in ms; mend it, or time.unit of the mapping`},
	}, report.Rejections)
}

func TestReplayShowsOnlyTheFirstRejections(t *testing.T) {
	report, err := replay(t, &memory{}, strings.NewReader(strings.Repeat("{}\n", 5000)), ingest.ReplayOptions{})
	require.NoError(t, err)
	require.Equal(t, 5000, report.Rejected)
	require.Len(t, report.Rejections, 20)
	require.Equal(t, "log:20", report.Rejections[19].Place)
}

func TestReplayNDJSON(t *testing.T) {
	store := &memory{}
	line := `{"type":"track","event":"e","anonymousId":"a","timestamp":"2015-06-01T21:12:12Z"}`
	in := "\ufeff" + line + "\r\n\n  \n" +
		`{"type":"page","userId":"u","timestamp":"2015-06-01T21:12:13Z","messageId":"m1"}` + "\n" +
		`{"type":"page","userId":"u"}` + "\n" +
		`{"type":` + "\n" +
		`{"a":"` + strings.Repeat("x", 70_000) + `"}` + "\n" +
		line // without a line break
	var read int64
	report, err := replay(t, store, strings.NewReader(in), ingest.ReplayOptions{
		Progress: func(p ingest.ReplayProgress) { read = p.Bytes },
	})
	require.NoError(t, err)
	require.EqualValues(t, len(in), read)
	require.Equal(t, ingest.ReplayReport{
		Accepted: 2, Duplicates: 1, Rejected: 3, Visitors: 2, Rejections: []ingest.ReplayRejection{
			{"log:5", "timestamp: missing; a recorded message must say when it happened"},
			{"log:6", "body: not valid JSON at byte 8: unexpected end of JSON input"},
			{"log:7", "line has more than 32768 bytes; at most that many are taken"},
		},
	}, report)
}

func TestReplayMappedNDJSON(t *testing.T) {
	store := &memory{}
	m := ingest.Mapping{
		Format: ingest.NDJSON, Visitor: "user.id", Time: ingest.TimeColumn{Column: "ts", Unit: "s"},
		Event: ingest.EventColumn{Column: "kind"}, Properties: map[string]string{"tag": "tags", "n": "n"}, MessageID: []string{"id"},
	}
	in := `{"user":{"id":7},"ts":1433193132.5,"kind":"Liked","tags":["x","","y"],"n":3,"id":"one"}
{"user":{"id":7},"ts":1433193199,"kind":"Liked","id":"one"}
[]
`
	report, err := replay(t, store, strings.NewReader(in), ingest.ReplayOptions{Mapping: &m})
	require.NoError(t, err)
	require.Equal(t, 1, report.Accepted)
	require.Equal(t, 1, report.Conflicting)
	require.Equal(t, "log:3", report.Rejections[0].Place)
	s := store.records["7"].Signals[0]
	require.Equal(t, "one", s.ID)
	require.EqualValues(t, 1433193132500, s.At)
	require.Equal(t, []signal.Prop{{Key: "tag", Value: signal.TextOf("x")}, {Key: "tag", Value: signal.TextOf("y")}}, s.Props.All("tag"))
	require.Equal(t, []signal.Prop{{Key: "n", Value: signal.NumberOf(3)}}, s.Props.All("n"))
}

func TestReplayTimeUnits(t *testing.T) {
	for _, tc := range []struct{ unit, zone, cell, want string }{
		{"ms", "", "1433193132535", "2015-06-01T21:12:12.535Z"},
		{"s", "", "1433193132", "2015-06-01T21:12:12Z"},
		{"rfc3339", "", "2015-06-01T21:12:12+02:00", "2015-06-01T19:12:12Z"},
		{"2006-01-02 15:04:05.000", "", "2015-06-01 21:12:12.535", "2015-06-01T21:12:12.535Z"},
		{"2.1.2006 15:04", "Europe/Berlin", "1.6.2015 21:12", "2015-06-01T19:12:00Z"},
		{"2006-01-02T15:04:05Z07:00", "Europe/Berlin", "2015-06-01T21:12:12Z", "2015-06-01T21:12:12Z"},
	} {
		store, m := &memory{}, shop
		m.Time.Unit, m.Time.Zone = tc.unit, tc.zone
		report, err := replay(t, store, strings.NewReader("when,who,what,item,note\n"+tc.cell+",a,view,p,\n"), ingest.ReplayOptions{Mapping: &m})
		require.NoError(t, err)
		require.Equal(t, 1, report.Accepted, "%v", report.Rejections)
		require.Equal(t, tc.want, time.UnixMilli(store.records["a"].Signals[0].At).UTC().Format(time.RFC3339Nano))
	}
}

func TestMappingCheckReportsAllMistakes(t *testing.T) {
	require.NoError(t, shop.Check())
	err := ingest.Mapping{
		Format: "xml", Event: ingest.EventColumn{Map: map[string]string{"view": ""}}, Properties: map[string]string{"": "a"}, MessageID: []string{""},
	}.Check()
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	for _, want := range []string{
		`format: "xml" is unknown`, "visitor: missing", "time.column: missing", "event.column: missing", "time.unit: missing",
		"event.map.view: empty", `properties: ""`, "messageId: has an empty name",
	} {
		require.ErrorContains(t, err, want)
	}
	for _, tc := range []struct{ unit, zone, want string }{
		{"minutes", "", `time.unit: "minutes" shows no time`},
		{"ms", "UTC", "time.zone: the unit ms needs none"},
		{"2006-01-02", "Mars/Olympus", `time.zone: "Mars/Olympus" is unknown`},
		{"2006-01-02", "Local", `time.zone: "Local" is unknown`},
	} {
		m := shop
		m.Time.Unit, m.Time.Zone = tc.unit, tc.zone
		require.ErrorContains(t, m.Check(), tc.want)
		_, err := replay(t, &memory{}, strings.NewReader("a\n"), ingest.ReplayOptions{Mapping: &m})
		require.ErrorContains(t, err, tc.want)
	}
}

func TestReplayNeedsTheMappedColumns(t *testing.T) {
	for _, header := range []string{"", "when,what,item,note\n"} {
		_, err := replay(t, &memory{}, strings.NewReader(header), ingest.ReplayOptions{Mapping: &shop})
		require.ErrorContains(t, err, "not in the header row")
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}

// lines makes a recording of n rows by a tenth as many visitors.
func lines(n int) string {
	var b strings.Builder
	b.WriteString("when,who,what,item,note\n")
	for i := range n {
		fmt.Fprintf(&b, "%d,v%d,view,p%d,\"a\nb\"\n", 1433193132000+i, i%(n/10), i)
	}
	return b.String()
}

func TestReplayEndMovesAllTimes(t *testing.T) {
	store := &memory{}
	end := now.Add(-time.Minute)
	for range 2 {
		report, err := replay(t, store, strings.NewReader(lines(2500)), ingest.ReplayOptions{Mapping: &shop, End: end})
		require.NoError(t, err)
		require.Equal(t, 2500, report.Accepted+report.Duplicates, "replayed again to another end it is the same recording")
		end = end.Add(time.Second)
	}
	require.EqualValues(t, 2500, store.signals())
	signals := store.records["v249"].Signals
	require.Equal(t, now.Add(-time.Minute).UnixMilli(), signals[len(signals)-1].At)
	require.Equal(t, int64(2499-249), signals[len(signals)-1].At-signals[0].At)
}

func TestReplayTellsProgress(t *testing.T) {
	in := lines(4500)
	var told []ingest.ReplayProgress
	report, err := replay(t, &memory{}, strings.NewReader(in), ingest.ReplayOptions{
		Mapping: &shop, Progress: func(p ingest.ReplayProgress) { told = append(told, p) },
	})
	require.NoError(t, err)
	require.Equal(t, 450, report.Visitors)
	require.Len(t, told, 5)
	for i, p := range told {
		require.Equal(t, min(4500, 1000*(i+1)), p.Accepted, "batches are told in order")
	}
	require.EqualValues(t, len(in), told[4].Bytes)
}

func TestReplayGoesOnFromItsCheckpoint(t *testing.T) {
	for _, format := range []string{ingest.CSV, ingest.NDJSON} {
		t.Run(format, func(t *testing.T) {
			opts := ingest.ReplayOptions{Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
			in := strings.Repeat(`{"type":"page","userId":"u","timestamp":"2015-06-01T21:12:13Z"}`+"\n", 3000) + "{}\n"
			if format == ingest.CSV {
				opts.Mapping = &shop
				in = lines(6000) + "1,2\n"
			}
			store := &memory{}

			// Reading breaks off twice, each time after a part of the recording.
			for _, part := range []int{3, 5} {
				_, err := replay(t, store, brokenAfter(strings.NewReader(in), int64(len(in)*part/6)), opts)
				require.ErrorContains(t, err, "log: cannot be read on")
				require.FileExists(t, opts.Checkpoint)
			}

			var read int64
			opts.Progress = func(p ingest.ReplayProgress) { read = p.Bytes }
			report, err := replay(t, store, strings.NewReader(in), opts)
			require.NoError(t, err)
			require.EqualValues(t, len(in), read)
			require.Greater(t, report.Resumed, int64(len(in)/2))
			require.Less(t, report.Accepted+report.Duplicates, 2500, "what was durable is not read again")
			require.Equal(t, 1, report.Rejected)
			line := strings.Count(in, "\n")
			require.Equal(t, fmt.Sprintf("log:%d", line), report.Rejections[0].Place, "lines are counted from the beginning")
			require.NoFileExists(t, opts.Checkpoint)

			report, err = replay(t, store, strings.NewReader(in), opts)
			require.NoError(t, err)
			require.Zero(t, report.Accepted+int(report.Resumed), "a complete replay begins again, and adds nothing")
		})
	}
}

// brokenAfter returns r as a file that cannot be read beyond offset n.
func brokenAfter(r *strings.Reader, n int64) io.ReadSeeker {
	return struct {
		io.Reader
		io.Seeker
	}{readerFunc(func(b []byte) (int, error) {
		at, _ := r.Seek(0, io.SeekCurrent)
		if at >= n {
			return 0, errors.New("bad sector")
		}
		return r.Read(b[:min(int64(len(b)), n-at)])
	}), r}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestCheckpointOfAnotherRecordingIsIgnored(t *testing.T) {
	opts := ingest.ReplayOptions{Mapping: &shop, Checkpoint: filepath.Join(t.TempDir(), "checkpoint")}
	for _, content := range []string{"", "{", `{"recording":"other","offset":99,"line":3}`} {
		require.NoError(t, os.WriteFile(opts.Checkpoint, []byte(content), 0o600))
		report, err := replay(t, &memory{}, strings.NewReader(lines(10)), opts)
		require.NoError(t, err)
		require.Equal(t, 10, report.Accepted)
		require.Zero(t, report.Resumed)
	}
	opts.Checkpoint = filepath.Join(t.TempDir(), "no", "such", "directory")
	_, err := replay(t, &memory{}, strings.NewReader(lines(10)), opts)
	require.ErrorContains(t, err, "checkpoint: cannot be written")
}

func TestReplayOfAStream(t *testing.T) {
	for _, opts := range []ingest.ReplayOptions{{End: now}, {Checkpoint: "c"}} {
		_, err := replay(t, &memory{}, bytes.NewBufferString(""), opts)
		require.ErrorContains(t, err, "a stream cannot be read twice")
	}
	_, err := replay(t, &memory{}, strings.NewReader(""), ingest.ReplayOptions{End: now, Checkpoint: "c"})
	require.ErrorContains(t, err, "cannot be resumed")
	report, err := replay(t, &memory{}, iotest.OneByteReader(strings.NewReader(lines(50))), ingest.ReplayOptions{Mapping: &shop})
	require.NoError(t, err)
	require.Equal(t, 50, report.Accepted)
}

func TestReplayStopsWhenTheStoreDoes(t *testing.T) {
	report, err := replay(t, &memory{broken: fault.New(fault.Unavailable, "disk full")}, strings.NewReader(lines(9000)), ingest.ReplayOptions{Mapping: &shop})
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.ErrorContains(t, err, "disk full")
	require.Zero(t, report.Accepted)
}

func TestReplayStopsWhenItsContextDoes(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := ingest.New(&memory{}, ingest.Options{})
	endless := readerFunc(func(b []byte) (int, error) { return copy(b, "{}\n"), nil })
	report, err := ingest.Replay(ctx, in, endless, ingest.ReplayOptions{Progress: func(ingest.ReplayProgress) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.Positive(t, report.Rejected)
}

// The known facts of the RetailRocket sample.
func TestReplayRetailRocket(t *testing.T) {
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory of real inputs")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "clickstream", "retailrocket-sample.csv"))
	require.NoError(t, err)
	m := ingest.Mapping{
		Visitor: "visitorid", Time: ingest.TimeColumn{Column: "timestamp", Unit: "ms"},
		Event: ingest.EventColumn{Column: "event", Map: map[string]string{
			"view": "Product Viewed", "addtocart": "Product Added", "transaction": "Order Completed",
		}},
		Properties: map[string]string{"product_id": "itemid", "order_id": "transactionid"},
	}
	for name, columns := range map[string][]string{"whole row": nil, "columns": {"timestamp", "visitorid", "event", "itemid"}} {
		t.Run(name, func(t *testing.T) {
			m.MessageID = columns
			store := &memory{}
			report, err := replay(t, store, bytes.NewReader(raw), ingest.ReplayOptions{Mapping: &m})
			require.NoError(t, err)
			require.Equal(t, ingest.ReplayReport{Accepted: 9382, Duplicates: 3, Visitors: 5000}, report)
			report, err = replay(t, store, bytes.NewReader(raw), ingest.ReplayOptions{Mapping: &m})
			require.NoError(t, err)
			require.Equal(t, ingest.ReplayReport{Duplicates: 9385, Visitors: 5000}, report)

			other := &memory{}
			report, err = replay(t, other, strings.NewReader(shuffledTwice(string(raw))), ingest.ReplayOptions{Mapping: &m})
			require.NoError(t, err)
			require.Equal(t, ingest.ReplayReport{Accepted: 9382, Duplicates: 2*9385 - 9382, Visitors: 5000}, report)
			for id, want := range store.records {
				require.Equal(t, ids(want), ids(other.records[id]))
			}
		})
	}
}

// shuffledTwice returns a CSV file with every row twice, in a random order.
func shuffledTwice(file string) string {
	rows := strings.SplitAfter(strings.TrimSuffix(file, "\n")+"\n", "\n")
	header, rows := rows[0], rows[1:len(rows)-1]
	rows = slices.Concat(rows, rows)
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return header + strings.Join(rows, "")
}

// Whatever a recording holds, replaying it ends, counts every entry once and
// adds nothing the second time.
func FuzzReplay(f *testing.F) {
	f.Add("when,who,what,item,note\n1433193132535,a,view,p1,\"\n\n\"\nx\n", true)
	f.Add("{\"type\":\"page\",\"userId\":\"u\",\"timestamp\":\"2015-06-01T21:12:13Z\"}\n\n{\n", false)
	f.Fuzz(func(t *testing.T, recording string, mapped bool) {
		opts := ingest.ReplayOptions{Name: "log", Now: clock}
		if mapped {
			opts.Mapping = &shop
		}
		store := &memory{}
		in := ingest.New(store, ingest.Options{Now: clock})
		first, err := ingest.Replay(t.Context(), in, strings.NewReader(recording), opts)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		again, err := ingest.Replay(t.Context(), in, strings.NewReader(recording), opts)
		require.NoError(t, err)
		require.Equal(t, first.Accepted, store.signals())
		require.Zero(t, again.Accepted)
		require.Equal(t, first.Accepted+first.Duplicates+first.Conflicting, again.Duplicates+again.Conflicting)
		require.Equal(t, first.Rejections, again.Rejections)
	})
}
