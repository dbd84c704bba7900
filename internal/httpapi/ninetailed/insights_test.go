package ninetailed_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/httpapi/ninetailed"
	"github.com/segue-dev/segue/internal/signal"
)

const insightsPath = "/v1/organizations/org1/environments/main/events"

func (r *rig) send(t *testing.T, profile string, all ...string) {
	t.Helper()
	body := fmt.Sprintf(`[{"profile":{"id":%q,"traits":{"ignored":1}},"events":[%s]}]`, profile, strings.Join(all, ","))
	res := r.do("POST", insightsPath, body, map[string]string{"Content-Type": "text/plain;charset=UTF-8"})
	require.Equal(t, 204, res.Code, "%s", res.Body)
	require.Empty(t, res.Body.String())
}

// lengthOf returns the longest that track events of a name say.
func lengthOf(sigs []signal.Signal, name, property string) (longest float64) {
	for _, s := range sigs {
		if v, ok := s.Props.Get(property); ok && s.Name == name {
			ms, _ := v.Float()
			longest = max(longest, ms)
		}
	}
	return longest
}

func TestAViewReportedManyTimesIsOneView(t *testing.T) {
	const what = `,"componentType":"Entry","componentId":"hero-all","experienceId":"allHoldout","variantIndex":1,"viewId":"view-1","viewDurationMs":%d`
	begin := event("component", "m1", -5*time.Second, fmt.Sprintf(what, 0))
	middle := event("component", "m2", -3*time.Second, fmt.Sprintf(what, 2000))
	end := event("component", "m3", 0, fmt.Sprintf(what, 5000))
	for name, sent := range map[string][][]string{
		"at once":             {{begin, end}},
		"newest first":        {{end, begin}},
		"in several requests": {{begin}, {end}},
		"twice":               {{begin, end}, {begin}, {end}},
		"out of order":        {{end}, {middle}, {begin}},
		"the end alone":       {{end}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			for _, batch := range sent {
				r.send(t, "v", batch...)
			}
			rec := r.record(t, "v")
			require.Equal(t, 1, rec.Summary.Events["component"].Count)
			require.Equal(t, start.Add(-5*time.Second).UnixMilli(), rec.Summary.Exposures["allHoldout"].At)
			require.Equal(t, 1, rec.Summary.Exposures["allHoldout"].Variant)
			require.InDelta(t, 5000, lengthOf(rec.Signals, "Component View Ended", "viewDurationMs"), 0)
		})
	}
}

func TestClicksAndHoversAreTrackEvents(t *testing.T) {
	r := newRig(t, nil)
	const what = `,"componentType":"Variable","componentId":"Variable-flag","experienceId":"flags","variantIndex":1`
	r.send(t, "v",
		event("component_click", "m1", 0, what),
		event("component_hover", "m2", -time.Second, what+`,"hoverId":"h1","hoverDurationMs":0`),
		event("component_hover", "m3", 0, what+`,"hoverId":"h1","hoverDurationMs":1000`),
		event("component_click", "m1", 0, what), event("unknown", "m4", 0, what))
	rec := r.record(t, "v")
	require.Equal(t, 1, rec.Summary.Events["track:component clicked"].Count)
	require.Equal(t, 1, rec.Summary.Events["track:component hovered"].Count)
	require.InDelta(t, 1000, lengthOf(rec.Signals, "Component Hover Ended", "hoverDurationMs"), 0)
	require.Empty(t, rec.Summary.Exposures, "a click is no view")
	require.Empty(t, rec.Summary.Traits, "what the client believes of the profile is not believed")
}

func TestInsightsThatAreNoneAreRefused(t *testing.T) {
	r := newRig(t, nil)
	for _, body := range []string{"", "{}", "nonsense", `[{"profile":5}]`} {
		res := r.do("POST", insightsPath, body, nil)
		require.Equal(t, 400, res.Code, body)
		require.Equal(t, "ERR_INVALID_DATA", read(t, res).Error.Code)
	}
	require.Equal(t, 204, r.do("POST", insightsPath, "[]", nil).Code)
	require.Equal(t, 204, r.do("POST", insightsPath, `[{"profile":{},"events":[{}]},{"events":null}]`, nil).Code)
}

func FuzzBodies(f *testing.F) {
	f.Add(events(browserPage))
	f.Add(events(event("component", "m", 0, `,"viewId":"x","viewDurationMs":1e300`)))
	f.Add(`[{"profile":{"id":"v"},"events":[` + event("component", "m", 0, `,"viewId":"x","viewDurationMs":52`) + `,{"type":"component_hover","hoverId":1,"hoverDurationMs":"7"}]}]`)
	f.Add(`{"events":[{"type":"page","properties":{"query":{"a.b":"c"},"path":"/"},"context":{"page":{"url":""}}},5,null,[]],"options":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		var all []signal.Message
		if req, err := ninetailed.DecodeRequest([]byte(body)); err == nil {
			all = ninetailed.DecodeEvents(req.Events)
			require.Len(t, all, len(req.Events))
		}
		if messages, err := ninetailed.DecodeInsights([]byte(body)); err == nil {
			all = append(all, messages...)
		}
		for i, m := range all {
			sorted := append(signal.Props{}, m.Props...)
			sorted.Sort()
			require.Equal(t, sorted, append(signal.Props{}, m.Props...), "properties are in order")
			if m.AnonymousID = "v"; m.Check() == nil {
				s := m.Signal(start, m.SentAt, i, 0)
				require.LessOrEqual(t, s.At, start.Add(signal.FutureTolerance).UnixMilli())
			}
		}
	})
}
