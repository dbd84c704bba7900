package signal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/signal"
)

var received = time.Date(2026, 11, 23, 14, 5, 0, 0, time.UTC)

func TestCorrectEdges(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for name, tc := range map[string]struct {
		stated, sentAt time.Duration // before receipt
		noSentAt       bool
		lateness       time.Duration
		want           time.Duration // before receipt
		flags          signal.Flags
	}{
		"sent at once":                {stated: time.Second, sentAt: 0, want: time.Second},
		"skew of 5 s is the journey":  {stated: 7 * time.Second, sentAt: 5 * time.Second, want: 7 * time.Second},
		"skew over 5 s is the clock":  {stated: 7001 * time.Millisecond, sentAt: 5001 * time.Millisecond, want: 2 * time.Second, flags: signal.Skewed},
		"clock ahead":                 {stated: -time.Hour, sentAt: -time.Hour - time.Second, want: time.Second, flags: signal.Skewed},
		"2 s ahead is left":           {stated: -2 * time.Second, noSentAt: true, want: -2 * time.Second},
		"over 2 s ahead is clamped":   {stated: -2001 * time.Millisecond, noSentAt: true, want: 0, flags: signal.ClampedFuture},
		"moved and clamped":           {stated: -time.Minute, sentAt: 6 * time.Second, want: 0, flags: signal.Skewed | signal.ClampedFuture},
		"retried after 20 days":       {stated: 20 * 24 * time.Hour, sentAt: 0, lateness: 30 * 24 * time.Hour, want: 20 * 24 * time.Hour},
		"exactly as late as may be":   {stated: week, noSentAt: true, lateness: week, want: week},
		"later":                       {stated: week + time.Millisecond, noSentAt: true, lateness: week, want: week + time.Millisecond, flags: signal.TooLate},
		"an import knows no late":     {stated: 100 * week, noSentAt: true, want: 100 * week},
		"late only by a slow clock":   {stated: 2 * week, sentAt: 2 * week, lateness: week, want: 0, flags: signal.Skewed},
		"late once the clock is true": {stated: week, sentAt: -time.Hour, lateness: week, want: week + time.Hour, flags: signal.Skewed | signal.TooLate},
	} {
		t.Run(name, func(t *testing.T) {
			sentAt := received.Add(-tc.sentAt)
			if tc.noSentAt {
				sentAt = time.Time{}
			}
			at, flags := signal.Correct(received.Add(-tc.stated), sentAt, received, tc.lateness)
			require.Equal(t, received.Add(-tc.want), time.UnixMilli(at).UTC())
			require.Equal(t, tc.flags, flags)
		})
	}
}

func TestCorrectWithoutStatedTimeIsReceipt(t *testing.T) {
	at, flags := signal.Correct(time.Time{}, received.Add(-time.Hour), received, time.Nanosecond)
	require.Equal(t, received.UnixMilli(), at)
	require.Zero(t, flags)
}

// A delivery is an hour, a clock error and a journey, all drawn.
func genDelivery(t *rapid.T) (stated, sentAt time.Time, lateness time.Duration) {
	ms := func(name string, lo, hi int64) time.Duration {
		return time.Duration(rapid.Int64Range(lo, hi).Draw(t, name)) * time.Millisecond
	}
	const day = 86_400_000
	sentAt = received.Add(ms("skew", -day, day))
	return sentAt.Add(-ms("age", -day, 20*day)), sentAt, ms("lateness", 0, 10*day)
}

func TestCorrectLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stated, sentAt, lateness := genDelivery(t)
		at, flags := signal.Correct(stated, sentAt, received, lateness)

		limit := received.Add(signal.FutureTolerance).UnixMilli()
		require.LessOrEqual(t, at, limit, "nothing lies further ahead than the tolerance")
		if flags&signal.ClampedFuture != 0 {
			require.Equal(t, received.UnixMilli(), at, "what is clamped counts as of its receipt")
		}
		if flags == 0 {
			require.Equal(t, stated.UnixMilli(), at, "without a flag the time is as stated")
		}
		late := lateness > 0 && at < received.Add(-lateness).UnixMilli()
		require.Equal(t, late, flags&signal.TooLate != 0)

		// A client's clock that is off by any amount over the tolerance makes
		// no difference: the age at sending is what counts.
		off := time.Duration(rapid.Int64Range(6_000, 1e10).Draw(t, "off")) * time.Millisecond
		right, _ := signal.Correct(received.Add(stated.Sub(sentAt)), received, received, lateness)
		ahead, _ := signal.Correct(stated.Add(received.Sub(sentAt)+off), received.Add(off), received, lateness)
		require.Equal(t, right, ahead)

		// Correcting twice changes nothing.
		again, _ := signal.Correct(time.UnixMilli(at), received, received, lateness)
		require.Equal(t, at, again)
	})
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-23T14:05:00Z":                "2026-11-23T14:05:00Z",
		"2026-11-23T14:05:00.123Z":            "2026-11-23T14:05:00.123Z",
		"2026-11-23T14:05:00.123456789+02:00": "2026-11-23T12:05:00.123456789Z",
		"2026-11-23T14:05:00+0200":            "2026-11-23T12:05:00Z",
		"2026-11-23T14:05:00.5":               "2026-11-23T14:05:00.5Z",
		"2026-11-23 14:05:00.5":               "2026-11-23T14:05:00.5Z",
		"2026-11-23 14:05:00 +02:00":          "",
		"2026-11-23":                          "2026-11-23T00:00:00Z",
		"1970-01-01T00:00:00Z":                "1970-01-01T00:00:00Z",
		"9999-12-31T23:59:59Z":                "9999-12-31T23:59:59Z",
		"1969-12-31T23:59:59Z":                "",
		"0001-01-01T00:00:00Z":                "",
		"2026-02-30T00:00:00Z":                "",
		"23.11.2026":                          "",
		"yesterday":                           "",
		"":                                    "",
	} {
		got, ok := signal.ParseTime(text)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, got.UTC().Format(time.RFC3339Nano), text)
		}
	}
}
