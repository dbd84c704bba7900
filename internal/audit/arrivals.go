package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/signal"
)

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// rejected judges what was not taken, or would not be.
func (j *judgement) rejected() {
	c := Check{
		ID: "rejected", Title: "Missing: not taken",
		Means: "What is rejected is not there for any rule; a visitor without an id, or an event without a time, can never be found again.",
		Fix:   "Mend the senders; a running server keeps what it rejected, with the reason (deadLetters).",
	}
	total := 0
	if j.opts.Counted != nil {
		var codes []string
		for _, code := range slices.SortedFunc(maps.Keys(j.opts.Counted.Rejected), j.mostFirst) {
			n := j.opts.Counted.Rejected[code]
			total += n
			codes = append(codes, fmt.Sprintf("%s: %s", code, number(n)))
		}
		c.Found = strings.Join(codes, ", ")
	}
	j.counted(c, bands{green: .001, red: .02}, total, "messages are not taken")
}

func (j *judgement) mostFirst(a, b signal.Code) int {
	n := j.opts.Counted.Rejected
	return cmp.Or(cmp.Compare(n[b], n[a]), cmp.Compare(a, b))
}

func (j *judgement) late() {
	c := Check{
		ID: "late", Title: "Late",
		Means: "What comes more than seven days after it happened is kept for reports and changes no membership.",
		Fix:   "Send as it happens; queues of apps that wait for Wi-Fi, and nightly exports, are the usual cause. History goes in by segue replay or /v1/import, where nothing is too late.",
	}
	if f := j.shares[delayed].figure(); f != nil {
		c.Found = f.of("came more than an hour late")
	}
	if j.shares[tooLate].whole == 0 {
		c.Found = "the log does not say when its messages were received (receivedAt)"
	}
	j.measured(c, tooLate, bands{green: .005, red: .05}, "signals came too late to count")
}

func (j *judgement) clocks() {
	j.measured(Check{
		ID: "clock-dates", Title: "Impossible times",
		Means: "A signal from the future is put at its receipt, and one from before 2000 at the beginning: neither is where it belongs in a sequence.",
		Fix:   "Let the client send its own clock as timestamp and sentAt, so that the difference can be corrected; check units (milliseconds, not seconds) and time zones.",
	}, misdated, bands{green: .001, red: .02}, "signals are dated in the future or before 2000")
	c := Check{
		ID: "clock-skew", Title: "Clock skew",
		Means: "The clocks of these clients are wrong by more than five seconds; the difference between sentAt and receipt corrects them, unless a proxy holds batches back.",
		Fix:   "If it is most of them, a server or proxy delays or rewrites sentAt: let it pass sentAt on as the client wrote it.",
	}
	if j.shares[skewed].whole == 0 {
		c.Found = "nothing says when messages were sent and received (sentAt, receivedAt)"
	}
	j.measured(c, skewed, bands{green: .1, red: .5}, "signals that say when they were sent had to be moved")
	if j.shares[undated].whole > 0 {
		j.measured(Check{
			ID: "undated", Title: "Missing: the time",
			Means: "They count as happening when they were received, in the order of the batch: what lay between them is lost.",
			Fix:   "Send timestamp with every message, as the SDKs do.",
		}, undated, bands{green: .01, red: .2}, "signals do not say when they happened")
	}
}
