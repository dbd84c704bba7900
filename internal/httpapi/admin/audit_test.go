package admin_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/audit"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

func TestAuditIsAskedAsTheQuerySays(t *testing.T) {
	r := newRig(t)
	code, answer := r.do("GET", "/admin/v1/audit?goal=Order+Completed&goal=page:Thanks&at=2026-11-20T16:00:00Z&effect=0.1", "")
	require.Equal(t, 200, code, answer)
	require.InDelta(t, 7, answer["visitors"], 0)
	require.Equal(t, []syntax.Event{{Kind: syntax.PageEvent, Name: "Thanks"}}, r.audited.Goals[1].Events)
	require.Equal(t, "Order Completed", r.audited.Goals[0].Name)
	require.Equal(t, time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC), r.audited.At)
	require.InDelta(t, .1, r.audited.Effect, 0)

	code, _ = r.do("GET", "/admin/v1/audit", "")
	require.Equal(t, 200, code)
	require.WithinDuration(t, time.Now(), r.audited.At, time.Minute)
}

func TestDriftIsAskedAsAuditsAre(t *testing.T) {
	r := newRig(t)
	code, answer := r.do("GET", "/admin/v1/drift?at=2026-11-20T16:00:00Z", "")
	require.Equal(t, 200, code, answer)
	require.Equal(t, "drift", answer["summary"])
	require.Equal(t, time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC), r.audited.At)
	code, _ = r.do("GET", "/admin/v1/drift?at=x", "")
	require.Equal(t, 400, code)
}

func TestAuditSaysWhatIsWrong(t *testing.T) {
	for query, want := range map[string]string{
		"goal=page:": "goal:1:", "at=soon": "at soon: write an instant", "effect=-1": "effect -1: write a relative lift", "effect=x": "effect x",
		"effect=NaN": "effect NaN",
	} {
		code, answer := newRig(t).do("GET", "/admin/v1/audit?"+query, "")
		require.Equal(t, 400, code, query)
		require.Contains(t, answer["detail"], want, query)
	}
}

func TestOneAuditAtATime(t *testing.T) {
	r := newRig(t)
	var code int
	r.auditing = func(ctx context.Context) (*audit.Report, error) {
		_, ok := ctx.Deadline()
		require.True(t, ok, "it is bounded in time")
		code, _ = r.do("GET", "/admin/v1/audit", "")
		return nil, context.DeadlineExceeded
	}
	slow, answer := r.do("GET", "/admin/v1/audit", "")
	require.Equal(t, 429, code)
	require.Equal(t, 503, slow)
	require.Contains(t, answer["detail"], "use segue audit")
}
