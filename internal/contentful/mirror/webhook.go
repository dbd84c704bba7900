package mirror

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/fault"
)

// An Outcome is what became of a webhook.
type Outcome string

// The outcomes.
const (
	Applied Outcome = "applied" // its change is visible
	Old     Outcome = "old"     // what is held is as new: it is late, or came twice
	Noted   Outcome = "noted"   // the space is looked at now
	Ignored Outcome = "ignored" // it is of another space or environment, or of nothing that is mirrored
	Refused Outcome = "refused" // it cannot be understood
)

// future is how far ahead of our clock a change may be. What claims to be from
// later would stand above all that comes before then.
const future = 2 * time.Minute

// Apply takes in a webhook whose signature was verified: topic is its
// X-Contentful-Topic, such as ContentManagement.Entry.publish, and body what it
// sent. What it tells of an entry or asset is visible when Apply returns
// Applied; whatever else may matter makes the mirror look at the space at once.
// Webhooks may come late, twice and in any order. The error is a fault.Invalid
// for a body that cannot be understood: sending it again would not help.
func (m *Mirror) Apply(topic string, body []byte) (Outcome, error) {
	about, action, ok := strings.Cut(strings.TrimPrefix(topic, "ContentManagement."), ".")
	if !ok {
		return Refused, fault.New(fault.Invalid, "topic %q: not Type.action, such as ContentManagement.Entry.publish", topic)
	}
	var item contentful.Item
	if err := json.Unmarshal(body, &item); err != nil {
		return Refused, fault.Wrap(fault.Invalid, err, "body: not what a webhook sends")
	}
	if id := item.Sys.Space.Sys.ID; id != "" && id != m.o.Space {
		return Ignored, nil
	}
	switch about {
	case "Entry", "Asset":
		return m.receiveItem(space.Kind(about), action, item)
	case "ContentType", "Locale", "Tag", "Taxonomy", "TaxonomyConcept", "TaxonomyConceptScheme":
		return m.lookFor(work{model: true}), nil
	case "EnvironmentAlias", "Environment":
		return m.receiveAlias(about, item), nil
	case "Release", "ReleaseAction", "BulkAction", "ScheduledAction":
		return m.lookFor(work{}), nil
	default:
		return Ignored, nil
	}
}

// lookFor makes the mirror look at the space at once.
func (m *Mirror) lookFor(what work) Outcome {
	m.mu.Lock()
	m.want.model, m.want.whole = m.want.model || what.model, m.want.whole || what.whole
	m.mu.Unlock()
	poke(m.wake)
	return Noted
}

// receiveAlias reads the space anew when the alias that is mirrored leads
// elsewhere.
func (m *Mirror) receiveAlias(about string, item contentful.Item) Outcome {
	if about == "EnvironmentAlias" && item.Sys.ID == m.o.Environment {
		return m.lookFor(work{model: true, whole: true})
	}
	return Ignored
}

// The actions whose bodies say what an entry or asset is now. On the preview
// side those of editing do, too; what is taken back there is still a draft.
var (
	puts        = []string{"publish"}
	putsDraft   = []string{"publish", "create", "save", "auto_save"}
	takes       = []string{"unpublish", "delete"}
	takesDraft  = []string{"delete", "archive"}
	onlyEditing = []string{"create", "save", "auto_save", "archive", "unarchive"}
)

// receiveItem takes in what became of an entry or asset.
func (m *Mirror) receiveItem(kind space.Kind, action string, item contentful.Item) (Outcome, error) {
	put, take := puts, takes
	if m.o.Preview {
		put, take = putsDraft, takesDraft
	} else if slices.Contains(onlyEditing, action) {
		return Ignored, nil
	}
	if item.Sys.ID == "" {
		return Refused, fault.New(fault.Invalid, "body: sys.id: missing")
	}
	c := change{Ref: space.Ref{Kind: kind, ID: item.Sys.ID}}
	switch {
	case slices.Contains(put, action) && !strings.HasPrefix(item.Sys.Type, "Deleted"):
		c.stamp = stamp{contentful.Instant(item.Sys.UpdatedAt).UnixMilli(), item.Sys.Revision}
		c.raw = item.Raw
	case slices.Contains(take, action):
		c = goneBy(c.Ref, item.Sys)
	default:
		return m.lookFor(work{}), nil
	}
	return m.tell(c, item.Sys)
}

// tell makes a change visible that a webhook tells of, if it can be believed,
// and has the space looked at in any case.
func (m *Mirror) tell(c change, sys contentful.Sys) (Outcome, error) {
	defer poke(m.wake)
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	switch {
	case m.replica == nil || !m.mine(sys.Environment.Sys.ID):
		return Noted, nil
	case c.At <= 0 || c.At > now.Add(future).UnixMilli():
		return Noted, nil
	case !c.gone():
		if _, err := space.Compact(c.Ref, c.raw); err != nil {
			return Refused, fault.Wrap(fault.Invalid, err, "body")
		}
	}
	if !m.replica.tell(c, now) {
		return Old, nil
	}
	m.replica.journal.flush()
	if err := m.publish(); err != nil {
		return Refused, err
	}
	return Applied, nil
}

// mine reports whether an environment is surely the one that is mirrored: that
// by name, or the one whose name the items have that the API gives, which may
// be what an alias leads to.
func (m *Mirror) mine(environment string) bool {
	return environment == m.o.Environment || environment != "" && environment == m.replica.environment
}
