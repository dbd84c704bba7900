package admin_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/backtest"
	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/httpapi/admin"
	"github.com/segue-dev/segue/internal/httpapi/reply"
	"github.com/segue-dev/segue/internal/journey"
	"github.com/segue-dev/segue/internal/permutation"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/store/pebblestore"
)

// A rig is the admin API over a store of lists and a backtester that
// remembers what it was asked.
type rig struct {
	admin.Parts
	echo    *echo.Echo
	changes int

	candidates []syntax.Definition
	against    string
	opts       backtest.Options
	answer     func(ctx context.Context) (*backtest.Report, error)
	audited    audit.Options
	auditing   func(ctx context.Context) (*audit.Report, error)

	journeys journey.Options
	travel   func(ctx context.Context) (*journey.Report, error)
}

func newRig(t *testing.T) *rig {
	store, err := pebblestore.OpenMemory(pebblestore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	r := &rig{echo: echo.New()}
	r.answer = func(context.Context) (*backtest.Report, error) { return &backtest.Report{Visitors: 7}, nil }
	r.auditing = func(context.Context) (*audit.Report, error) { return &audit.Report{Visitors: 7}, nil }
	r.travel = func(context.Context) (*journey.Report, error) { return &journey.Report{Visitors: 5}, nil }
	r.Parts = admin.Parts{Backtester: r, Traveller: r, Auditor: r, Lists: store, Changed: func(context.Context) { r.changes++ }, Permutations: permutation.New(permutation.Options{})}
	r.echo.HTTPErrorHandler = reply.Fail(slog.New(slog.DiscardHandler))
	admin.Mount(r.echo, r.Parts)
	return r
}

func (r *rig) Backtest(ctx context.Context, candidates []syntax.Definition, against string, opts backtest.Options) (*backtest.Report, error) {
	r.candidates, r.against, r.opts = candidates, against, opts
	return r.answer(ctx)
}

func (r *rig) Audit(ctx context.Context, opts audit.Options) (*audit.Report, error) {
	r.audited = opts
	return r.auditing(ctx)
}

func (r *rig) Journeys(ctx context.Context, opts journey.Options) (*journey.Report, error) {
	r.journeys = opts
	return r.travel(ctx)
}

func (r *rig) Drift(ctx context.Context, opts audit.Options) (*audit.Report, error) {
	r.audited = opts
	report, err := r.auditing(ctx)
	if err == nil {
		report.Summary = "drift"
	}
	return report, err
}

func (r *rig) do(method, path, body string, header ...string) (int, map[string]any) {
	req := httptest.NewRequest(method, path, bytes.NewBufferString(body))
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res := httptest.NewRecorder()
	r.echo.ServeHTTP(res, req)
	var answer map[string]any
	if json.Unmarshal(res.Body.Bytes(), &answer) != nil {
		answer = map[string]any{"text": res.Body.String()}
	}
	return res.Code, answer
}

const rule = `segment: a\nname: A\nsoWhat: x\nwhen: { never: { of: page } }`

func TestBacktestIsAskedAsTheBodySays(t *testing.T) {
	r := newRig(t)
	code, answer := r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`", "against": "b", "from": "2026-11-01T00:00:00Z",
		"to": "2026-11-20T00:00:00Z", "goal": "Order Completed", "within": "3d"}`)
	require.Equal(t, 200, code, answer)
	require.InDelta(t, 7, answer["visitors"], 0)
	require.Equal(t, "a", r.candidates[0].Key)
	require.Equal(t, "b", r.against)
	require.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), r.opts.From)
	require.Equal(t, time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC), r.opts.To)
	require.Equal(t, 72*time.Hour, r.opts.Goal.Within)
	require.Equal(t, "Order Completed", r.opts.Goal.Match.Events[0].Name)

	code, answer = r.do("POST", "/admin/v1/backtest", `{"rule": {"segment": "a", "name": "A", "soWhat": "x", "when": {"never": {"of": "page"}}}, "goal": {"of": "page"}}`)
	require.Equal(t, 200, code, answer)
	require.Equal(t, 30*24*time.Hour, r.opts.To.Sub(r.opts.From))
	require.Equal(t, syntax.PageEvent, r.opts.Goal.Match.Events[0].Kind)
}

func TestBacktestSaysWhatIsWrong(t *testing.T) {
	for body, want := range map[string]string{
		``:                           `body: EOF; send {"rule": "…YAML…"}`,
		`{"rule": 5}`:                "rule: send the YAML of one or more segments as text",
		`{"rules": "x"}`:             `unknown field "rules"`,
		`{"rule": "segment: a"}`:     "rule:1:1: a segment needs name",
		`{"rule": {"segment": "a"}}`: "rule:1:1: a segment needs name",
		`{"rule": "` + rule + `", "within": "soon"}`:                                             "within soon: write the time",
		`{"rule": "` + rule + `", "goal": "page:"}`:                                              "goal:1:13:",
		`{"rule": "` + rule + `", "goal": 5}`:                                                    "goal: send an event as text",
		`{"rule": "` + rule + `", "from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}`: "swap them",
	} {
		code, answer := newRig(t).do("POST", "/admin/v1/backtest", body)
		require.Equal(t, 400, code, body)
		require.Contains(t, answer["detail"], want, body)
	}
	r := newRig(t)
	r.answer = func(context.Context) (*backtest.Report, error) {
		return nil, fault.New(fault.NotFound, "there is no segment %q to compare with", "b")
	}
	code, _ := r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`"}`)
	require.Equal(t, 404, code)
}

func TestOneBacktestAtATime(t *testing.T) {
	r := newRig(t)
	var code int
	var answer map[string]any
	r.answer = func(ctx context.Context) (*backtest.Report, error) {
		deadline, ok := ctx.Deadline()
		require.True(t, ok && time.Until(deadline) > time.Minute)
		code, answer = r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`"}`)
		return nil, context.DeadlineExceeded
	}
	outer, _ := r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`"}`)
	require.Equal(t, 429, code)
	require.Contains(t, answer["detail"], "another backtest is under way")
	require.Equal(t, 503, outer, "it took too long")
	r.answer = func(context.Context) (*backtest.Report, error) { return &backtest.Report{}, nil }
	code, _ = r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`"}`)
	require.Equal(t, 200, code, "the one before has ended")
}

func TestJourneysAreAskedAsTheBodySays(t *testing.T) {
	r := newRig(t)
	code, answer := r.do("POST", "/admin/v1/journeys", `{"goal": "Order Completed", "within": "3d", "from": "2026-11-01T00:00:00Z",
		"to": "2026-11-20T00:00:00Z", "by": ["page=title"], "ignore": ["search"], "support": "2%", "length": 3, "touch": "variant", "top": 7}`)
	require.Equal(t, 200, code, answer)
	require.InDelta(t, 5, answer["visitors"], 0)
	require.Equal(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), r.journeys.From)
	require.Equal(t, "Order Completed", r.journeys.Goal.Match.Events[0].Name)
	require.Equal(t, 72*time.Hour, r.journeys.Goal.Within)
	require.Equal(t, journey.PatternOptions{Length: 3, Share: 0.02}, r.journeys.Patterns)
	require.Equal(t, "title", r.journeys.Steps.By[0].Property)
	require.Equal(t, "variant", r.journeys.Touches.Of)
	require.Equal(t, 7, r.journeys.Top)

	code, answer = r.do("POST", "/admin/v1/journeys", `{"goal": {"of": "page", "where": {"path": "/thanks"}}}`)
	require.Equal(t, 200, code, answer)
	require.Equal(t, syntax.PageEvent, r.journeys.Goal.Match.Events[0].Kind)
	for body, want := range map[string]string{
		``:                    "body: EOF; send {} or an object",
		`{"gaol": "x"}`:       `unknown field "gaol"`,
		`{"goal": 5}`:         "goal: send an event as text",
		`{"lookback": "now"}`: "lookback now: write a time",
	} {
		code, answer = r.do("POST", "/admin/v1/journeys", body)
		require.Equal(t, 400, code, body)
		require.Contains(t, answer["detail"], want, body)
	}

	r.travel = func(context.Context) (*journey.Report, error) {
		code, answer = r.do("POST", "/admin/v1/backtest", `{"rule": "`+rule+`"}`)
		return nil, context.DeadlineExceeded
	}
	outer, _ := r.do("POST", "/admin/v1/journeys", `{}`)
	require.Equal(t, 429, code, "one at a time")
	require.Equal(t, 503, outer, "it took too long")
}

func TestListsAreUploadedAndDeleted(t *testing.T) {
	r := newRig(t)
	code, answer := r.do("PUT", "/admin/v1/lists/vip", "id\nu1\nu2\nu1\n")
	require.Equal(t, 200, code)
	require.Equal(t, "vip", answer["key"])
	require.InDelta(t, 2, answer["ids"], 0)
	require.Equal(t, 1, r.changes)

	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	_, err := zip.Write([]byte("u3\n"))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	code, _ = r.do("PUT", "/admin/v1/lists/gold", zipped.String(), "Content-Encoding", "gzip")
	require.Equal(t, 200, code)
	l, err := r.Lists.List(t.Context(), "gold")
	require.NoError(t, err)
	require.Equal(t, []string{"u3"}, slices.Collect(l.All()))

	_, answer = r.do("GET", "/admin/v1/lists", "")
	require.Len(t, answer["lists"], 2)
	require.Equal(t, "gold", answer["lists"].([]any)[0].(map[string]any)["key"])
	code, _ = r.do("DELETE", "/admin/v1/lists/gold", "")
	require.Equal(t, 204, code)
	require.Equal(t, 3, r.changes)
	code, _ = r.do("DELETE", "/admin/v1/lists/gold", "")
	require.Equal(t, 404, code)
	require.Equal(t, 3, r.changes)
	code, answer = r.do("PUT", "/admin/v1/lists/VIP", "u1\n")
	require.Equal(t, 400, code)
	require.Contains(t, answer["detail"], "a key has only a-z")
	code, answer = r.do("PUT", "/admin/v1/lists/vip", "u1\nu\x002\n")
	require.Equal(t, 400, code)
	require.Contains(t, answer["detail"], "line 2: not text in UTF-8")
}

func TestPermutationsOfAPageAreToldKeyByKey(t *testing.T) {
	r := newRig(t)
	home := r.Permutations.Page(permutation.Place{Page: "home", Locale: "en-US"})
	home.Answered("k1")
	home.Answered("k1")
	home.Answered("k1")
	home.Answered("k2")
	r.Permutations.Page(permutation.Place{Page: "about", Locale: "en-US"}).Answered("k1")

	status, answer := r.do("GET", "/admin/v1/permutations?page=home", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{
		"windowSeconds": 900., "cap": 64., "pages": []any{map[string]any{
			"page": "home", "locale": "en-US", "answers": 4., "live": 2., "other": 0., "permutations": []any{
				map[string]any{"key": "k1", "answers": 3., "share": .75, "shared": true},
				map[string]any{"key": "k2", "answers": 1., "share": .25, "shared": true},
			},
		}},
	}, answer)

	_, answer = r.do("GET", "/admin/v1/permutations", "")
	require.Len(t, answer["pages"], 2)
	require.NotContains(t, answer["pages"].([]any)[0], "permutations")
	_, answer = r.do("GET", "/admin/v1/permutations?page=nowhere", "")
	require.Empty(t, answer["pages"])
}
