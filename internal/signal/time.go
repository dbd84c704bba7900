package signal

import (
	"strings"
	"time"
)

const (
	// SkewTolerance is how far a client's clock may differ from ours before
	// its times are moved: less than this is the journey, not the clock.
	SkewTolerance = 5 * time.Second

	// FutureTolerance is how far after its receipt a signal may be dated.
	FutureTolerance = 2 * time.Second
)

// Correct returns the effective time of a signal, in milliseconds since the
// Unix epoch, and what was done to find it (SEMANTICS 1.1). stated is when it
// happened and sentAt when it was sent, both by the client's clock and both
// zero if unknown; receivedAt is by ours. Older than lateness is too late; a
// lateness of 0 knows no late.
func Correct(stated, sentAt, receivedAt time.Time, lateness time.Duration) (at int64, flags Flags) {
	if stated.IsZero() {
		return receivedAt.UnixMilli(), 0
	}
	at, received := stated.UnixMilli(), receivedAt.UnixMilli()
	if !sentAt.IsZero() {
		skew := received - sentAt.UnixMilli()
		if max(skew, -skew) > SkewTolerance.Milliseconds() {
			at += skew
			flags |= Skewed
		}
	}
	if at > received+FutureTolerance.Milliseconds() {
		return received, flags | ClampedFuture
	}
	if lateness > 0 && at < received-lateness.Milliseconds() {
		flags |= TooLate
	}
	return at, flags
}

// Times before the first or from the last are taken for mistakes: a clock that
// was never set, or a number in another unit.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
)

// The forms in which senders write a time besides RFC 3339; without a zone it
// is UTC.
var timeLayouts = []string{
	"2006-01-02T15:04:05Z0700",
	"2006-01-02T15:04:05",
	"2006-01-02",
}

// ParseTime reads a time as ISO 8601 text: RFC 3339 with any fraction of a
// second, a space in place of the T, the zone without a colon or left out
// (then it is UTC), or the date alone. ok is false for anything else and
// outside the years 1970 to 9999.
func ParseTime(s string) (t time.Time, ok bool) {
	if len(s) > 10 && s[10] == ' ' {
		s = s[:10] + "T" + strings.TrimSpace(s[11:])
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	for i := 0; err != nil && i < len(timeLayouts); i++ {
		t, err = time.Parse(timeLayouts[i], s)
	}
	return t, err == nil && InRange(t)
}

// InRange reports whether t lies in the years 1970 to 9999, as every time of a
// signal must.
func InRange(t time.Time) bool { return !t.Before(earliest) && t.Before(latest) }

// leastMillis tells milliseconds from seconds: as milliseconds it lies in
// 1973, as seconds in the year 5138.
const leastMillis = 1e11

// decodeTime reads a JSON time: text as ParseTime, or a number of milliseconds
// since the Unix epoch. Null and "" are no time: the zero one.
func decodeTime(field string, raw []byte) (time.Time, *Defect) {
	if empty(raw) {
		return time.Time{}, nil
	}
	v := scalarOrNone(raw)
	switch {
	case v.Kind() == Number && v.num >= leastMillis && v.num < float64(latest.UnixMilli()):
		return time.UnixMilli(int64(v.num)).UTC(), nil
	case v.Kind() == Number:
		return time.Time{}, NewDefect(BadTime, field, "%.40s is not in milliseconds since 1970; multiply seconds by 1000", raw)
	}
	t, ok := ParseTime(v.str)
	if v.Kind() != Text || !ok {
		return time.Time{}, NewDefect(BadTime, field, "%.40s is not a time; write it like 2026-11-23T14:05:00.000Z", raw)
	}
	return t, nil
}
