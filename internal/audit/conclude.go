package audit

import "fmt"

// conclude sums the checks up.
func (j *judgement) conclude(r *Report) {
	r.sumUp(map[Status]string{
		Red: "Not ready: mend what is red first.", Amber: "Ready for simple segments; what is amber limits what can be told apart.",
		Unknown: "Too little data to judge most of it.", Green: "Ready.",
	})
}

// firstSteps is how many fixes are to be done first.
const firstSteps = 3

// sumUp fills in the verdict, the summary that begins with what it means, and
// what to do first.
func (r *Report) sumUp(verdicts map[Status]string) {
	n := map[Status]int{}
	for _, c := range r.Checks {
		n[c.Status]++
	}
	switch {
	case n[Red] > 0:
		r.Verdict = Red
	case n[Unknown] > n[Green]+n[Amber]:
		r.Verdict = Unknown
	case n[Amber] > 0:
		r.Verdict = Amber
	default:
		r.Verdict = Green
	}
	r.Summary = fmt.Sprintf("%s %d red, %d amber, %d unknown, %d green.", verdicts[r.Verdict], n[Red], n[Amber], n[Unknown], n[Green])
	seen := map[string]bool{}
	for _, c := range r.Checks {
		if c.Fix != "" && c.Status != Unknown && !seen[c.ID] && len(r.Next) < firstSteps {
			seen[c.ID] = true
			r.Next = append(r.Next, c.Title+": "+c.Fix)
		}
	}
	if len(r.Next) == 0 && r.Verdict != Green {
		r.Next = []string{"Let data come in, and ask again when the first check says it can be judged."}
	}
}

// nothing is the answer when there is no visitor.
func (j *judgement) nothing(r *Report) *Report {
	r.Verdict = Unknown
	r.Summary = "No visitor yet, so nothing to judge. Begin with these:"
	if j.opts.Counted.ofLog() {
		r.Summary = "No message of the log can be taken in, so there is nothing to judge."
		r.Next = []string{"Check the mapping (docs/signals.md): which column is the visitor, the time and its unit, and the event."}
		j.rejected()
		r.Checks = j.checks
		return r
	}
	r.Next = []string{
		"Pages first: they alone carry recency, returns and sequences. Put <script src=\"http://" + j.opts.Address + "/segue.js\"></script> on every page; it also sends the time spent (docs/javascript.md). Or send one by hand:",
		`curl -s http://` + j.opts.Address + `/v1/page -d '{"anonymousId": "try-1", "name": "Home", "context": {"page": {"path": "/"}}}'`,
		"Then the goal, the event by which a segment is worth its content:",
		`curl -s http://` + j.opts.Address + `/v1/track -d '{"anonymousId": "try-1", "event": "Order Completed", "properties": {"order_id": "o-1", "total": 30}}'`,
		"Then what leads to it, such as Product Viewed and Product Added; and identify when somebody signs in.",
		"If you have a log of what visitors did, ask before you install anything: segue audit FILE --mapping MAPPING.yaml; and take it in with segue replay.",
		"What can be judged when: names, properties and consent at once; order, time spent and bots after some hundred visitors; returns, ids that last and sizes of segments after a week; base rates after four.",
	}
	return r
}
