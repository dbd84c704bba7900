package signal_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/signal"
)

func decode(t *testing.T, body string) signal.Message {
	t.Helper()
	m, err := signal.DecodeMessage([]byte(body))
	require.NoError(t, err)
	return m
}

// props decodes a track with the properties given as JSON.
func props(t *testing.T, properties string) signal.Props {
	t.Helper()
	m := decode(t, `{"type":"track","event":"e","userId":"u","properties":`+properties+`}`)
	require.NoError(t, m.Check())
	return m.Props
}

func TestWhatIsNoMessageIsAnError(t *testing.T) {
	for body, want := range map[string]string{
		"":                             "body: not valid JSON",
		"{":                            "body: not valid JSON at byte 1",
		`{"type": track}`:              "body: not valid JSON at byte",
		"[]":                           "body: not a JSON object",
		"null":                         "body: not a JSON object",
		`{"type":"track"} {}`:          "body: not valid JSON at byte 18",
		`{"a":"` + fill(32<<10) + `"}`: "at most 32768 are taken",
	} {
		_, err := signal.DecodeMessage([]byte(body))
		require.ErrorContains(t, err, want)
		_, _, _, err = signal.DecodeBatch([]byte(body))
		require.Error(t, err)
	}
	_, err := signal.DecodeMessage([]byte(`{"a":"` + fill(32<<10) + `"}`))
	require.Equal(t, fault.TooLarge, fault.KindOf(err))
	_, err = signal.DecodeMessage([]byte(`{`))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
}

func TestWhatIsNoBatchIsAnError(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                               "batch: missing",
		`{"batch":{}}`:                     "batch: missing",
		`{"batch":[],"sentAt":"soon"}`:     `sentAt: "soon" is not a time`,
		`{"batch":[],"writeKey":["a"]}`:    `writeKey: ["a"] is not an id`,
		`{"batch":[` + many(10_001) + `]}`: "more than 10000 messages",
	} {
		_, _, _, err := signal.DecodeBatch([]byte(body))
		require.ErrorContains(t, err, want)
	}
}

func TestBatch(t *testing.T) {
	messages, sentAt, writeKey, err := signal.DecodeBatch([]byte(` {"batch":[` + many(10_000) + `],
		"sentAt":"2026-11-23T14:05:00Z","writeKey":"pk","context":null,"more":{"batch":[]}} `))
	require.NoError(t, err)
	require.Len(t, messages, 10_000)
	require.Equal(t, received, sentAt.UTC())
	require.Equal(t, "pk", writeKey)
}

func fill(n int) string { return strings.Repeat("x", n) }

func many(n int) string { return strings.TrimSuffix(strings.Repeat("0,", n), ",") }

func TestRouteNamesTheType(t *testing.T) {
	m, err := signal.DecodeTyped("identify", []byte(`{"userId":"u","type":"track","traits":{"plan":"pro"}}`))
	require.NoError(t, err)
	require.NoError(t, m.Check())
	require.Equal(t, "identify", m.Type)
	require.Len(t, m.Props, 1)
}

func TestAPagesNameMayStandInItsProperties(t *testing.T) {
	for body, want := range map[string]string{
		`{"type":"page","userId":"u","properties":{"name":"Kettles"}}`:                         "Kettles",
		`{"type":"screen","userId":"u","name":"","properties":{"name":"Basket"}}`:              "Basket",
		`{"type":"page","userId":"u","name":"Home","properties":{"name":"Kettles"}}`:           "Home",
		`{"type":"page","userId":"u","properties":{"name":{"de":"Kessel"}}}`:                   "",
		`{"type":"page","userId":"u","properties":{"name":"` + fill(201) + `"}}`:               "",
		`{"type":"page","userId":"u","properties":{"name":"a\nb"}}`:                            "",
		`{"type":"page","userId":"u","properties":null}`:                                       "",
		`{"type":"track","event":"e","userId":"u","properties":{"name":"Kettle","event":"x"}}`: "",
	} {
		m := decode(t, body)
		require.NoError(t, m.Check(), body)
		require.Equal(t, want, m.Name, body)
	}
}

func TestFlattening(t *testing.T) {
	for in, want := range map[string]string{
		`{}`:                       ``,
		`null`:                     ``,
		`{"b":1,"a":"x","c":true}`: `a="x" b=1 c=true`,
		`{"a":null,"b":{"c":null},"d":[],"e":{}}`: ``,
		`{"a":""}`:                             `a=""`,
		`{"a":{"b":{"c":1},"d":2}}`:            `a.b.c=1 a.d=2`,
		`{"a":[3,1,2]}`:                        `a=3 a=1 a=2`,
		`{"p":[{"id":"x","n":1},{"id":"y"}]}`:  `p.id="x" p.id="y" p.n=1`,
		`{"a":[[1],[2,[3]]]}`:                  `a=1 a=2 a=3`,
		`{"a":1,"a":2}`:                        `a=1 a=2`,
		`{"a.b":1}`:                            `a.b=1`,
		`{"n":9007199254740992}`:               `n=9007199254740992`,
		`{"n":9007199254740993}`:               `n="9007199254740993"`,
		`{"n":-12345678901234567890}`:          `n="-12345678901234567890"`,
		`{"n":1e400}`:                          `n="1e400"`,
		`{"n":0.10}`:                           `n=0.1`,
		`{"n":-0}`:                             `n=0`,
		`{"n":1E3}`:                            `n=1000`,
		`{"s":"é\u00e9\n\"\\"}`:                `s="éé\n\"\\"`,
		`{"s":"\ud83d\ude00 \ud83d"}`:          `s="😀 �"`,
		`{"context":{"page":1},"context.x":2}`: `properties.context.page=1 properties.context.x=2`,
		"{ \"a\" :\t[ 1 ,\n{ \"b\" : 2 } ] }":  `a=1 a.b=2`,
		`{"a":"]}\",{[","b":1}`:                `a="]}\",{[" b=1`,
	} {
		t.Run(in, func(t *testing.T) { require.Equal(t, want, show(props(t, in))) })
	}
}

func show(props signal.Props) string {
	var out []string
	for _, p := range props {
		format := "%s=%v"
		if p.Value.Kind() == signal.Text {
			format = "%s=%q"
		}
		out = append(out, fmt.Sprintf(format, p.Key, p.Value))
	}
	return strings.Join(out, " ")
}

func TestNothingPrivateIsKept(t *testing.T) {
	m := decode(t, `{"type":"page","userId":"u","integrations":{"X":{"y":1}},"context":{
		"ip":"203.0.113.7","library":{"name":"l"},"userAgent":"UA/1","traits":{"email":"a@example.com"},
		"device":{"id":"d","advertisingId":"a","type":"mobile"},"network":{"carrier":"c"},"locale":"de"}}`)
	require.Equal(t, `context.device.type="mobile" context.locale="de"`, show(m.Props))
	require.Equal(t, "UA/1", m.UserAgent)
}

func TestBounds(t *testing.T) {
	track := func(properties string) string {
		return `{"type":"track","event":"e","userId":"u","properties":` + properties + `}`
	}
	pairs := func(n int) string {
		var out []string
		for i := range n {
			out = append(out, fmt.Sprintf(`"k%d":%d`, i, i))
		}
		return "{" + strings.Join(out, ",") + "}"
	}
	nested := func(levels int) string {
		return strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
	}
	for name, tc := range map[string]struct{ at, over, field string }{
		"properties": {track(pairs(256)), track(pairs(257)), "properties"},
		"depth":      {track(nested(31)), track(nested(32)), "properties"},
		"text":       {track(`{"a":"` + fill(8<<10) + `"}`), track(`{"a":"` + fill(8<<10+1) + `"}`), "properties.a"},
		"path":       {track(`{"` + fill(200) + `":1}`), track(`{"` + fill(201) + `":1}`), "properties." + fill(200-len("properties."))},
		"event":      {`{"type":"track","userId":"u","event":"` + fill(200) + `"}`, `{"type":"track","userId":"u","event":"` + fill(201) + `"}`, "event"},
		"message id": {`{"type":"page","userId":"u","messageId":"` + fill(100) + `"}`, `{"type":"page","userId":"u","messageId":"` + fill(101) + `"}`, "messageId"},
		"user id":    {`{"type":"page","userId":"` + fill(200) + `"}`, `{"type":"page","userId":"` + fill(201) + `"}`, "userId"},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, decode(t, tc.at).Check())
			err := decode(t, tc.over).Check()
			d, ok := errors.AsType[*signal.Defect](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, signal.TooBig, d.Code)
			require.Equal(t, tc.field, d.Field)
			require.Equal(t, fault.TooLarge, fault.KindOf(err))
		})
	}
}

func TestInvalidUTF8IsRejected(t *testing.T) {
	for _, body := range []string{
		"{\"type\":\"page\",\"userId\":\"a\xff\"}",
		"{\"type\":\"page\",\"userId\":\"u\",\"properties\":{\"a\":\"\xc3\"}}",
	} {
		require.ErrorContains(t, decode(t, body).Check(), "not valid UTF-8")
	}
	m := signal.Message{Type: "page", UserID: "u", Props: signal.Props{{Key: "a", Value: signal.TextOf("\xff")}}}
	require.ErrorContains(t, m.Check(), "not valid UTF-8")
}

func TestBatchContextStandsInByMember(t *testing.T) {
	messages, _, _, err := signal.DecodeBatch([]byte(`{
		"context":{"page":{"path":"/b","title":"B"},"locale":"de","userAgent":"UA/b"},
		"batch":[{"type":"page","userId":"u","context":{"page":{"path":"/own"}}},{"type":"page","userId":"u","context":{"userAgent":"UA/own"}}]}`))
	require.NoError(t, err)
	require.Equal(t, `context.locale="de" context.page.path="/own"`, show(messages[0].Props))
	require.Equal(t, "UA/b", messages[0].UserAgent)
	require.Equal(t, `context.locale="de" context.page.path="/b" context.page.title="B"`, show(messages[1].Props))
	require.Equal(t, "UA/own", messages[1].UserAgent)
}

func TestDecodeContextOfRequest(t *testing.T) {
	got, err := signal.DecodeContext([]byte(`{"device":"mobile","page":{"path":"/"},"ip":"203.0.113.7","own":[1,2]}`))
	require.NoError(t, err)
	require.Equal(t, `device="mobile" ip="203.0.113.7" own=1 own=2 page.path="/"`, show(got))
	for _, none := range []string{"", " ", "null", "{}"} {
		got, err = signal.DecodeContext([]byte(none))
		require.NoError(t, err)
		require.Empty(t, got)
	}
	for _, bad := range []string{"[]", "{", "7", `{"a":"` + fill(9000) + `"}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
		_, err = signal.DecodeContext([]byte(bad))
		require.Error(t, err, "%.20s", bad)
	}
}

// genJSON draws any JSON value.
func genJSON(depth int) *rapid.Generator[any] {
	scalars := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.Int32(), func(n int32) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil))
	if depth == 0 {
		return scalars
	}
	return rapid.OneOf(scalars,
		rapid.Map(rapid.SliceOfN(genJSON(depth-1), 0, 4), func(a []any) any { return a }),
		rapid.Map(rapid.MapOfN(rapid.StringMatching(`[a-z"\\é]{1,3}`), genJSON(depth-1), 0, 4), func(m map[string]any) any { return m }))
}

// Flattening agrees with the standard library's reading of the same JSON, and
// the props are sorted.
func TestFlattenAgreesWithStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		object := rapid.MapOfN(rapid.StringMatching(`[a-z"\\é]{1,3}`), genJSON(3), 0, 5).Draw(t, "object")
		var raw []byte
		if rapid.Bool().Draw(t, "indented") {
			raw, _ = json.MarshalIndent(object, " ", "\t")
		} else {
			raw, _ = json.Marshal(object)
		}
		got, err := signal.DecodeContext(raw)
		if err != nil {
			t.Skip("over a bound")
		}
		var back map[string]any
		require.NoError(t, json.Unmarshal(raw, &back))
		var want []string
		flat(back, "", &want)
		var texts []string
		for _, p := range got {
			texts = append(texts, p.Key+"="+p.Value.String())
		}
		require.True(t, slices.IsSortedFunc(got, func(a, b signal.Prop) int { return strings.Compare(a.Key, b.Key) }))
		slices.Sort(want)
		slices.Sort(texts)
		require.Equal(t, want, texts)
	})
}

func flat(v any, path string, out *[]string) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, e := range v {
			flat(e, path, out)
		}
	case map[string]any:
		for k, e := range v {
			flat(e, strings.TrimPrefix(path+"."+k, "."), out)
		}
	case float64:
		*out = append(*out, path+"="+signal.NumberOf(v).String())
	default:
		*out = append(*out, fmt.Sprintf("%s=%v", path, v))
	}
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add([]byte(`{"type":"track","event":"e","userId":1,"properties":{"a":[{"b":null},"\u0000"]},"context":{"device":{"type":[1]}}}`))
	f.Add([]byte(`{"type":"identify","userId":"u","traits":"x","context":{"traits":{"a":1}},"timestamp":1e12}`))
	f.Add([]byte("{\"\":{\"\":[]},\"type\":\"pa\\u0067e\",\"userId\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := signal.DecodeMessage(raw)
		require.Equal(t, err == nil, isObject(raw) && len(raw) <= signal.MaxMessage)
		if err == nil {
			requireJudged(t, m)
		}
		_, _ = signal.DecodeContext(raw)
	})
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add([]byte(`{"batch":[{"type":"page","anonymousId":"a"},7,{}],"sentAt":"2026-11-23T14:05:00Z","context":{"locale":"de"},"writeKey":null}`))
	f.Add([]byte(`{"batch":[{"type":"page","userId":"u","context":[]}],"context":7}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		messages, _, _, err := signal.DecodeBatch(raw)
		if err != nil {
			require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, fault.KindOf(err))
		}
		for _, m := range messages {
			requireJudged(t, m)
		}
	})
}

func isObject(raw []byte) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal(raw, &object) == nil && object != nil
}

// requireJudged fails unless m is rejected for a defect, or within all bounds.
func requireJudged(t *testing.T, m signal.Message) {
	t.Helper()
	if err := m.Check(); err != nil {
		d, ok := errors.AsType[*signal.Defect](err)
		require.True(t, ok)
		require.NotEmpty(t, d.Code)
		return
	}
	s := m.Signal(received, time.Time{}, 0, 0)
	require.NotEmpty(t, m.Visitor())
	require.NotEmpty(t, s.ID)
	require.LessOrEqual(t, len(s.ID), signal.MaxMessageID)
	require.LessOrEqual(t, len(s.Device), signal.MaxVisitorID)
	require.LessOrEqual(t, len(s.Name), signal.MaxName)
	require.LessOrEqual(t, len(m.Props), signal.MaxProps)
	require.LessOrEqual(t, s.At, received.Add(signal.FutureTolerance).UnixMilli())
	for i, p := range s.Props {
		require.LessOrEqual(t, len(p.Key), signal.MaxName)
		require.LessOrEqual(t, len(p.Value.String()), max(signal.MaxText, 400))
		require.True(t, i == 0 || s.Props[i-1].Key <= p.Key)
		require.NotEqual(t, "context.ip", p.Key)
	}
}

func BenchmarkDecode(b *testing.B) {
	message := `{"type":"track","messageId":"ajs-next-1795446299500-c","anonymousId":"anon-2","event":"Product Viewed",
		"properties":{"product_id":"p-31","price":54.9,"currency":"EUR","category":"shoes"},"timestamp":"2026-11-23T14:04:59.500Z",
		"context":{"page":{"path":"/p/31","referrer":"","search":"","title":"Trail shoe","url":"https://shop.example/p/31"},
		"userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0","locale":"de-DE","library":{"name":"l","version":"1"}}}`
	b.Run("message", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(message)))
		for b.Loop() {
			_, _ = signal.DecodeMessage([]byte(message))
		}
	})
	batch := []byte(`{"batch":[` + strings.TrimSuffix(strings.Repeat(message+",", 100), ",") + `]}`)
	b.Run("batch=100", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(batch)))
		for b.Loop() {
			_, _, _, _ = signal.DecodeBatch(batch)
		}
	})
}
