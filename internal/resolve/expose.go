package resolve

import (
	"context"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

// expose takes in that the visitor has seen what a chose for a page, where an
// answer counts as that. What they are known to have seen is not stored again.
func (r *Resolver) expose(ctx context.Context, q *question, a *Answer, req Request) error {
	if !q.site.ExposeOnResolve || a.PageID == "" || req.Dry || req.Preview || !req.At.IsZero() {
		return nil
	}
	var messages []signal.Message
	seen := map[string]bool{}
	add := func(experience string, variant int) {
		first, known := q.seen[experience]
		if experience == "" || seen[experience] || known && first.Variant == variant {
			return
		}
		seen[experience] = true
		messages = append(messages, exposure(req, a.At, experience, variant))
	}
	for i := range a.Decision.Slots {
		add(a.Decision.Slots[i].Experience, a.Decision.Slots[i].Variant)
	}
	for i := range a.Decision.Variables {
		add(a.Decision.Variables[i].Experience, a.Decision.Variables[i].Variant)
	}
	if len(messages) == 0 {
		return nil
	}
	_, err := r.ingest.Accept(ctx, ingest.Batch{Messages: messages, Source: "resolve"})
	return err
}

// exposure is that the visitor of req saw a variant. Its message id is the same
// whenever that is said, so that it is stored once.
func exposure(req Request, at time.Time, experience string, variant int) signal.Message {
	index := strconv.Itoa(variant)
	return signal.Message{
		Type: signal.Component.String(), MessageID: "resolve/" + experience + "/" + index,
		AnonymousID: req.AnonymousID, UserID: req.UserID, Timestamp: at,
		Props: signal.Props{
			{Key: "experienceId", Value: signal.TextOf(experience)},
			{Key: "variantIndex", Value: signal.NumberOf(float64(variant))},
		},
	}
}
