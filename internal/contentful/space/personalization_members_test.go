package space_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/decision"
	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// A journal makes a visitor's record, a minute between signals.
type journal struct {
	at      time.Time
	signals []signal.Signal
}

func newJournal() *journal { return &journal{at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func (j *journal) add(t signal.Type, name string, props ...signal.Prop) *journal {
	j.at = j.at.Add(time.Minute)
	j.signals = append(j.signals, signal.Signal{
		ID: fmt.Sprintf("m%d", len(j.signals)), Type: t, Name: name, At: j.at.UnixMilli(), Device: "d", Props: props,
	})
	signal.Props(props).Sort()
	return j
}

func (j *journal) page(path string, props ...signal.Prop) *journal {
	return j.add(signal.Page, "", append(props, text("url", "https://shop.example"+path), text("path", path))...)
}

// later begins another session.
func (j *journal) later() *journal {
	j.at = j.at.Add(time.Hour)
	return j
}

func text(key, value string) signal.Prop {
	return signal.Prop{Key: key, Value: signal.TextOf(value)}
}

// audiences returns the keys of the audiences of p that a visitor is in.
func audiences(t testing.TB, p space.Personalization, j *journal, ctx segment.Context) (keys []string) {
	t.Helper()
	set, err := segment.Compile(p.Audiences, segment.Options{})
	require.NoError(t, err)
	rec := &visitor.Record{ID: "v"}
	rec, _ = rec.With(visitor.Limits{}, j.signals...)
	for _, i := range set.Evaluate(rec, ctx, j.at.UnixMilli()).Members {
		keys = append(keys, set.Key(i))
	}
	return keys
}

// The translated rules let in whom the product lets in.
func TestRulesMean(t *testing.T) {
	identified := signal.Prop{Key: "identified", Value: signal.BoolOf(true)}
	for name, tc := range map[string]struct {
		rules   string
		in, out *journal
	}{
		"any page": {
			onPage(keyed("context_page_url"), "equal", "*"),
			newJournal().add(signal.Page, ""), newJournal().add(signal.Track, "registered"),
		},
		"equal url": {
			onPage(keyed("context_page_url"), "equal", "https://shop.example/pricing"),
			newJournal().page("/pricing").page("/"), newJournal().page("/pricing?a=1"),
		},
		"url in the context": {
			onPage(keyed("context_page_url"), "contains", "pricing"),
			newJournal().add(signal.Page, "", text("context.page.url", "https://shop.example/pricing")), newJournal().page("/"),
		},
		"referrer": {
			onPage(keyed("context_page_referrer"), "equal", "*"),
			newJournal().page("/", text("referrer", "https://tiktok.com/")), newJournal().page("/", text("referrer", "")),
		},
		"query parameter as sent by the product": {
			onPage(`{"id":"context_page_query","value":"social"}`, "equal", "tiktok"),
			newJournal().page("/", text("context.page.query.social", "tiktok")), newJournal().page("/", text("context.page.query.other", "tiktok")),
		},
		"query parameter in the url": {
			onPage(`{"id":"context_page_query","value":"social"}`, "equal", "tiktok"),
			newJournal().page("/?social=tiktok"), newJournal().page("/?social=other"),
		},
		"campaign in the context": {
			onPage(keyed("context_campaign_name"), "contains", "spring"),
			newJournal().page("/", text("context.campaign.name", "spring sale")), newJournal().page("/", text("context.campaign.source", "spring")),
		},
		"campaign in the url": {
			onPage(keyed("context_campaign_source"), "equal", "mail"),
			newJournal().page("/?utm_source=mail"), newJournal().page("/"),
		},
		"event three times": {
			only(`{"type":"track","operator":"greaterThanInclusive","value":"registered","count":"3"}`),
			newJournal().add(signal.Track, "registered").add(signal.Track, "registered").add(signal.Track, "registered"),
			newJournal().add(signal.Track, "registered").add(signal.Track, "registered").add(signal.Page, "registered"),
		},
		"any event": {
			about("track", "", "greaterThanInclusive", `"*"`),
			newJournal().add(signal.Track, "registered"), newJournal().page("/").add(signal.Identify, "", identified),
		},
		"boolean trait": {
			about("identify", "identified", "equal", `"true"`),
			newJournal().add(signal.Identify, "", identified), newJournal().add(signal.Identify, "", text("identified", "no")),
		},
		"any value of a trait": {
			about("identify", "identified", "equal", `"*"`),
			newJournal().add(signal.Identify, "", identified), newJournal().add(signal.Identify, "", text("plan", "pro")),
		},
		"new": {
			about("isReturningVisitor", "", "equal", "false"),
			newJournal().page("/").page("/"), newJournal().page("/").later().page("/"),
		},
		"returning": {
			withCondition("isReturningVisitor", "true", "session_count", "greaterThan", "1"),
			newJournal().page("/").later().page("/"), newJournal().page("/").page("/"),
		},
		"all visitors, whom new ones are not among": {
			withCondition("isReturningVisitor", "true", "session_count", "greaterThanInclusive", "1"),
			newJournal().page("/").later().page("/"), newJournal().page("/"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := space.LoadPersonalization(spaceOf(t, `[{"id": "a", "type": "nt_audience", "fields": {"nt_rules": `+tc.rules+`}}]`), none)
			require.Equal(t, []string{"a"}, audiences(t, p, tc.in, nil))
			require.Empty(t, audiences(t, p, tc.out, nil))
		})
	}
}

func TestRulesMeanOfTheRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		rules   string
		in, out segment.Context
	}{
		"continent": {
			about("location", "continent", "equal", `"EU"`),
			segment.Context{"country": signal.TextOf("DE")},
			segment.Context{"country": signal.TextOf("US")},
		},
		"country": {
			about("location", "countryCode", "equal", `"DE"`),
			segment.Context{"location.countryCode": signal.TextOf("DE")},
			nil,
		},
		"postal code": {
			about("location", "postalCode", "startsWith", `"10"`),
			segment.Context{"location.postalCode": signal.TextOf("10115")},
			segment.Context{"location.postalCode": signal.TextOf("80331")},
		},
		"device": {
			withCondition("device", `""`, "type", "equal", "mobile"),
			segment.Context{"device": signal.TextOf("mobile")},
			segment.Context{"device": signal.TextOf("desktop")},
		},
		"device that nothing tells": {
			withCondition("device", `""`, "type", "equal", "unknown"),
			nil,
			segment.Context{"device": signal.TextOf("desktop")},
		},
		"device told to be unknown": {
			withCondition("device", `""`, "type", "equal", "unknown"),
			segment.Context{"device": signal.TextOf("unknown")},
			segment.Context{"device": signal.TextOf("tablet")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := space.LoadPersonalization(spaceOf(t, `[{"id": "a", "type": "nt_audience", "fields": {"nt_rules": `+tc.rules+`}}]`), none)
			require.Equal(t, []string{"a"}, audiences(t, p, newJournal().page("/"), tc.in))
			require.Empty(t, audiences(t, p, newJournal().page("/"), tc.out))
		})
	}
}

// Of the product's demonstration space it is known whom the product itself put
// into which audiences, and into how many experiences.
func TestDemonstrationVisitors(t *testing.T) {
	data := os.Getenv("SEGUE_TEST_DATA")
	if data == "" {
		t.Skip("set SEGUE_TEST_DATA to the directory of the public data sets")
	}
	snap, err := space.LoadExportFile(filepath.Join(data, "exports", "optimization-demo.json"))
	require.NoError(t, err)
	p := space.LoadPersonalization(snap, none)
	cat, err := experience.NewCatalog(p.Experiences, p.Order)
	require.NoError(t, err)
	publishable := func(id string) bool { return snap.Publishable(id, "") }
	plan := decision.NewPlan(cat, cat.Slots(), publishable, func(string) int { return 0 })
	names := map[string]string{}
	for _, a := range p.Audiences {
		names[a.Key] = a.Name
	}

	known := newJournal().page("/")
	for range 9 {
		known.later().page("/")
	}
	known.add(signal.Identify, "", signal.Prop{Key: "identified", Value: signal.BoolOf(true)}).add(signal.Track, "custom")
	for name, tc := range map[string]struct {
		journal     *journal
		audiences   []string
		experiences int
	}{
		"first session": {newJournal().page("/"), []string{"Europe Visitors", "Desktop Users", "New Visitors"}, 4},
		"tenth session, identified": {known, []string{
			"Europe Visitors", "Desktop Users", "Return Visitors", "Identified Users", "Users with a Custom Event", "All Visitors",
		}, 13},
	} {
		t.Run(name, func(t *testing.T) {
			keys := audiences(t, p, tc.journal, segment.Context{"device": signal.TextOf("desktop"), "country": signal.TextOf("DE")})
			member := map[string]bool{}
			var in []string
			for _, key := range keys {
				member[key] = true
				in = append(in, names[key])
			}
			require.ElementsMatch(t, tc.audiences, in)
			var d decision.Decision
			plan.Decide(decision.Visitor{StableID: "v", Member: func(key string) bool { return member[key] }}, &d)
			require.Len(t, d.Experiences, tc.experiences)
		})
	}
}
