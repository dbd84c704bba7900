package segment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/visitor"
)

func TestSessionsSumUpHowOftenAVisitorHasCome(t *testing.T) {
	set := compileRule(t, `{ count: { of: page } }`, Options{})
	ms := func(offset string) int64 { return at(t, offset) }
	for name, tc := range map[string]struct {
		signals string
		want    Sessions
	}{
		"nobody yet": {``, Sessions{}},
		"one signal": {`0s page`, Sessions{Count: 1, Current: Session{1, ms("0s"), ms("0s")}}},
		"the latest is the current": {
			"-2h page\n-110m page\n0s page\n1m Step\n3m page",
			Sessions{Count: 2, Current: Session{2, ms("0s"), ms("3m")}, Mean: (600 + 180) / 2},
		},
		"a hidden tab prolongs nothing": {
			"0s page\n1m page\n2m Heartbeat visible=false",
			Sessions{Count: 1, Current: Session{1, ms("0s"), ms("1m")}, Mean: 60},
		},
		"of several devices that of the latest activity": {
			"0s page device=a\n1m page device=b\n2m page device=a",
			Sessions{Count: 2, Current: Session{1, ms("0s"), ms("2m")}, Mean: 60},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, set.Bind(record(t, tc.signals)).Sessions())
		})
	}
}

func TestSessionsThatHaveLeftTheLogStillCount(t *testing.T) {
	set := compileRule(t, `{ count: { of: page } }`, Options{})
	sigs := parseSignals(t, "-3d page\n-2d page\n-1d page\n0s page\n1m page")
	rec, _ := (&visitor.Record{ID: "v"}).With(visitor.Limits{MaxSignals: 1, SessionGap: 30 * time.Minute}, sigs...)
	got := set.Bind(rec).Sessions()
	require.Equal(t, Sessions{Count: 4, Current: Session{4, at(t, "1m"), at(t, "1m")}}, got)
}
