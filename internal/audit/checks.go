package audit

import "fmt"

// data judges what visitors do: order, time and return.
func (j *judgement) data() {
	j.historyCheck()
	j.sequences()
	j.measured(Check{
		ID: "time-spent", Title: "Time spent",
		Found: joined(j.none(dwelling, "no dwell signal: nobody sends Heartbeat"), j.none(scrolling, "no scroll signal")),
		Means: "Without it a glance and a thorough reading look the same, and dwell and scroll conditions never hold.",
		Fix:   `Serve /segue.js, which sends both, or send the track event "Heartbeat" every 15 seconds while the page is visible, and "Scroll" with percent (docs/javascript.md).`,
	}, dwelling, bands{green: .3, red: .05}, "visitors have sent time spent")
	c := j.measured(Check{
		ID: "return", Title: "Return within a week",
		Means: "Recency, absence and regularity only tell visitors apart who come back; without them a segment must be found within one visit.",
		Fix:   "If people do come back, their ids do not last: see identity below. If they do not, write rules about the current session, and hold segments to what one visit shows.",
	}, returning, bands{green: .1, red: .02}, "visitors whose first week is over came back in it")
	if c.Figure == nil {
		c.Found, c.When = "nobody's first week is over yet", j.begin().Add(week)
	}
}

// none returns a text if a share is nobody's.
func (j *judgement) none(s share, text string) string {
	if j.shares[s].part > 0 {
		return ""
	}
	return text
}

func (j *judgement) historyCheck() {
	days := j.history()
	c := Check{
		ID: "history", Title: "History", Status: Green,
		Found: fmt.Sprintf("%s visitors with %s signals in %.1f days", number(j.visitors), number(j.signals), days),
		Means: "Four weeks show every weekday four times; with less, sizes of segments and base rates are guesses.",
		Fix:   "Wait, or read an export of your analytics in with segue replay.",
	}
	if days < 27 { // the last of 28 may just have begun
		c.Status = Amber
		c.When = j.begin().AddDate(0, 0, 28)
	}
	if days < 1 {
		c.Status = Unknown
	}
	j.add(c)
}

func (j *judgement) sequences() {
	three := j.shares[threeSteps].figure()
	j.measured(Check{
		ID: "sequences", Title: "Ordered sequences",
		Found: three.of("have three or more"),
		Means: "A micro-segment is a pattern in what somebody did in order; who took one step has shown none.",
		Fix:   "Send more of what visitors do (page views, searches, clicks on what they compare, cart events), and check that one visitor keeps one id from page to page.",
	}, twoSteps, bands{green: .4, red: .1}, "visitors took two steps or more")
	j.measured(Check{
		ID: "ties", Title: "Steps at the same instant", Found: j.granularity(),
		Means: "Which of two steps came first is not known then, so what waits for one after the other may miss it, or hold by chance.",
		Fix:   "Send the client's own timestamp with milliseconds, as the SDKs do.",
	}, tied, bands{green: .02, red: .15}, "steps that follow another happened at the same instant as it")
	if j.shares[cutShort].part > 0 {
		j.measured(Check{
			ID: "record-bound", Title: "Records that are full",
			Means: "Their oldest signals are forgotten, and rules that look back further answer truncated.",
			Fix:   "Raise maxSignals, or send less of what no rule uses.",
		}, cutShort, bands{green: .01, red: .1}, "visitors have lost signals to maxSignals")
	}
}

// granularity says if times are coarser than milliseconds.
func (j *judgement) granularity() string {
	if j.steps < 100 {
		return ""
	}
	for i := len(j.coarse) - 1; i >= 0; i-- {
		if share := float64(j.coarse[i]) / float64(j.steps); share > .9 {
			return percent(share) + " of times are whole " + [...]string{"seconds", "minutes", "hours"}[i]
		}
	}
	return ""
}

// arrivals judges what came, how and when.
func (j *judgement) arrivals() {
	j.orderOfArrival()
	j.duplicates()
	j.measured(Check{
		ID: "copies", Title: "The same thing said twice",
		Means: "A tag that fires twice under two ids is two events: counts are too high and funnels shorter than they are.",
		Fix:   "Look for a tag that is installed twice, or for a client and a server that both send the event; send it once, or give both the same messageId.",
	}, copied, bands{green: .005, red: .05}, "signals repeat another within a second, under another id")
	j.rejected()
	j.late()
	j.clocks()
	j.measured(Check{
		ID: "bots", Title: "Bots",
		Found: joined(j.shares[fastSignals].figure().of("signals are theirs"), j.crawlers()),
		Means: "They fill segments that nobody is in, and nothing that is shown to them converts.",
		Fix:   "Keep them out before the signals are sent: consent banner, bot management of the CDN; and leave user agents in the context.",
	}, fast, bands{green: .01, red: .1}, fmt.Sprintf("visitors take more than %d steps a minute or are named bots", j.opts.BotRate))
}

// crawlers tells of visitors of many pages who dwell nowhere, on a site that
// tells when somebody does.
func (j *judgement) crawlers() string {
	more := j.shares[automatic].part - j.shares[fast].part
	if j.shares[dwelling].part == 0 || more == 0 {
		return ""
	}
	return fmt.Sprintf("%s more view %d pages or more and dwell on none", number(more), crawled)
}

func (j *judgement) orderOfArrival() {
	if !j.opts.Counted.ofLog() {
		j.add(Check{
			ID: "arrival-order", Title: "Order of arrival", Status: Unknown,
			Found: "a record is in order of time, whatever the order in which its signals came",
			Means: "Segue puts late signals where they belong; only an answer that was given meanwhile did not know them.",
			Fix:   "Run segue audit on an export in order of arrival to know.",
		})
		return
	}
	found := ""
	if j.shares[backwards].share() > .05 {
		found = "shuffled order"
	}
	j.measured(Check{
		ID: "arrival-order", Title: "Order of arrival", Found: found,
		Means: "Segue puts signals in the order of their times, so history is right; but if they come to a live site in this order, its answers lag behind what visitors do.",
		Fix:   "If only the export is unsorted, there is nothing to mend. Else send signals as they happen, in batches of seconds, from one queue for each visitor.",
	}, backwards, bands{green: .01, red: .1}, "signals came after a later one of the same visitor")
}

func (j *judgement) duplicates() {
	c := Check{
		ID: "duplicates", Title: "Sent more than once",
		Means: "Segue counts a message id once, so a few are harmless: they are retries. Many are a loop, or ids that are not unique.",
		Fix:   "Look for a sender that never sees its acknowledgement; give every event an id of its own.",
	}
	b := bands{green: .02, red: .1}
	if counted := j.opts.Counted; !counted.ofLog() {
		j.counted(c, b, counted.repeated(), "deliveries had come before")
		return
	}
	if n := j.shares[contradicted].part; n > 0 {
		c.Found = number(n) + " of other content under a known id"
	}
	if n := j.shares[unnamedIDs].part; n > 0 {
		c.Found = joined(c.Found, number(n)+" without a messageId, which is then made of the content")
	}
	j.measured(c, repeated, b, "deliveries had come before")
}

// ofLog reports whether it was counted in a recording.
func (c *Counted) ofLog() bool { return c != nil && c.Since.IsZero() }

// repeated returns how many ids had come before; 0 if nobody counted.
func (c *Counted) repeated() int {
	if c == nil {
		return 0
	}
	return c.Repeated
}

// counted adds a check of a share of what a server has counted.
func (j *judgement) counted(c Check, b bands, part int, what string) {
	counted := j.opts.Counted
	if counted == nil || counted.Deliveries == 0 {
		c.Status = Unknown
		c.Found = "a store does not know how its signals came: ask the running server (GET /admin/v1/audit), or audit a log"
		c.Fix = ""
		j.add(c)
		return
	}
	r := ratio{units: counted.Deliveries, part: part, whole: counted.Deliveries}
	c.Figure = &Figure{Share: r.share(), Count: part, Of: r.whole}
	c.Figure.Low, c.Figure.High = wilson(c.Figure.Share, float64(r.whole))
	c.Status = b.judge(c.Figure)
	c.Found = joined(c.Figure.of(what), c.Found)
	if !counted.ofLog() {
		c.Found = joined(c.Found, "since "+counted.Since.UTC().Format("2006-01-02 15:04"))
	}
	j.add(c)
}
