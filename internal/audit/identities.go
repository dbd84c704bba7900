package audit

import (
	"fmt"
	"time"
)

// identities judges whether a visitor stays one visitor.
func (j *judgement) identities() {
	j.measured(Check{
		ID: "single-signal", Title: "Visitors of one signal",
		Means: "Some leave at once; but where nearly all do, the id is new on every page.",
		Fix:   "Check in the browser that the anonymous id in the cookie stays the same from page to page (SameSite, domain, consent), and that a server does not make one up for each request.",
	}, single, bands{green: .5, red: .8}, "visitors have sent one signal only")
	c := j.measured(Check{
		ID: "one-day", Title: "Ids that last one day",
		Means: "Rules over days and weeks never hold for an id that does not last: browsers delete cookies set by scripts after a day or a week.",
		Fix:   "Set the cookie from your server or by Segue at the edge (docs/edge.md), which browsers keep, and identify visitors who sign in.",
	}, oneDay, bands{green: .85, red: .97}, "visitors first seen a week ago or earlier were seen on one day only")
	if c.Figure == nil {
		c.Found, c.When = "nobody was first seen a week ago", j.begin().Add(week)
	}
	j.churn()
	j.measured(Check{
		ID: "identified", Title: "Visitors with a user id",
		Means: "A user id joins what one person does on several devices, and survives deleted cookies. Without it, segments work within one browser.",
		Fix:   "Send identify with the userId when somebody signs in or follows a link from your mail.",
	}, identified, bands{green: .05, red: -1}, "visitors have a user id")
	j.devices()
	sessions := j.measured(Check{
		ID: "session-id", Title: "Session ids", Found: j.none(withSession, "no session id"),
		Means: "Segue cuts sessions itself, at a pause of 30 minutes; a site's own id only makes its numbers agree with those of your analytics.",
		Fix:   "Send context.sessionId if the two are to agree.",
	}, withSession, bands{green: .5, red: -1}, "visitors have sent a session id")
	if sessions.Status == Unknown && j.shares[withSession].part == 0 {
		sessions.Status, sessions.When = Amber, time.Time{}
	}
	j.consent()
}

// churn judges how many of the ids of a day are new, after the first week.
func (j *judgement) churn() {
	begin := j.day(j.first) + 7
	active, fresh := 0, 0
	for day, c := range j.days {
		if day >= begin {
			active, fresh = active+c.active, fresh+c.fresh
		}
	}
	c := Check{
		ID: "id-churn", Title: "New ids every day",
		Means: "Where nearly everybody is new every day, either all visitors are, or their ids do not last.",
		Fix:   "Compare with what your analytics calls new visitors; if that is far less, ids are lost: see the ids that last one day.",
	}
	if active == 0 {
		c.Status, c.Found, c.When = Unknown, "the first week is not over", j.begin().Add(week)
		j.add(c)
		return
	}
	b := bands{green: .85, red: .97}
	c.Figure = &Figure{Share: float64(fresh) / float64(active), Count: fresh, Of: active}
	c.Figure.Low, c.Figure.High = wilson(c.Figure.Share, float64(active))
	c.Status, c.Found = b.judge(c.Figure), c.Figure.of("ids active on a day after the first week were new on it")
	j.add(c)
}

// manyIDs is how many anonymous ids of a user are more than their devices.
const manyIDs = 5

func (j *judgement) devices() {
	many, most := 0, 0
	for _, n := range j.users.byKey {
		most = max(most, n)
		if n > manyIDs {
			many++
		}
	}
	c := Check{
		ID: "ids-per-user", Title: "Anonymous ids of one user",
		Means: "A person has a few devices. Many more ids are cookies that were lost, or one user id that several people share.",
		Fix:   "See the ids that last one day; and look for a user id such as 0, null or a shop's own account, which must not be sent.",
	}
	if len(j.users.byKey) == 0 {
		c.Status, c.Found, c.Fix = Unknown, "nobody has a user id", ""
		j.add(c)
		return
	}
	n := len(j.users.byKey)
	c.Figure = &Figure{Share: float64(many) / float64(n), Count: many, Of: n}
	c.Figure.Low, c.Figure.High = wilson(c.Figure.Share, float64(n))
	c.Status = bands{green: .05, red: .2}.judge(c.Figure)
	c.Found = joined(c.Figure.of(fmt.Sprintf("users have more than %d anonymous ids", manyIDs)), fmt.Sprintf("the most has %s", number(most)))
	j.add(c)
}

func (j *judgement) consent() {
	c := Check{
		ID: "consent", Title: "Consent",
		Means: "A rule with a purpose holds for nobody who has not consented to it, and nothing can be shown to have been consented to unless the signals say so.",
		Fix:   "Send context.consent.categoryPreferences with every message, as consent managers do for Segment's SDKs (docs/edge.md for cookies).",
	}
	for i, purpose := range j.opts.purposes {
		if f := j.consents[i].figure(); f != nil {
			c.Found = joined(c.Found, f.of("who say so consent to "+purpose))
		} else {
			c.Found = joined(c.Found, "nobody says so of "+purpose)
		}
	}
	red := -1.0 // without a rule that asks for it, the lack is no obstacle
	if len(j.opts.purposes) > 0 {
		red = .3
	}
	j.measured(c, consenting, bands{green: .8, red: red}, "visitors say what they consent to")
}
