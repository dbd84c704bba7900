package segment

import "testing"

func TestSequence(t *testing.T) {
	checkAll(t, map[string]story{
		"in order": {"sequence: {steps: [{of: a}, {of: b}]}", "0s b\n1s a\n2s b", []moment{{"1s", "false", "forever"}, {"2s", "true", "forever"}}},
		"an earlier start is not forgotten": {
			"sequence: {steps: [{of: a}, {of: b, within: 10s}]}", "0s a\n5s a\n12s b", []moment{{"12s", "true", "forever"}},
		},
		"within and after, inclusive": {
			"sequence: {steps: [{of: a}, {of: b, after: 5s, within: 10s}]}", "0s a\n10s b", []moment{{"10s", "true", ""}},
		},
		"a minimum gap needs an older start": {
			"sequence: {steps: [{of: a}, {of: b, after: 10s}]}", "0s a\n9s a\n10s b", []moment{{"10s", "true", ""}},
		},
		"span, inclusive": {"sequence: {steps: [{of: a}, {of: b}, {of: c}], span: 10s}", "0s a\n1s b\n10s c\n11s c", []moment{{"10s", "true", ""}}},
		"span, exceeded":  {"sequence: {steps: [{of: a}, {of: b}, {of: c}], span: 10s}", "0s a\n1s b\n10001ms c", []moment{{"11s", "false", ""}}},
		"one signal serves one step": {
			"sequence: {steps: [{of: a}, {of: a}]}", "0s a", []moment{{"0s", "false", ""}},
		},
		"signals of one millisecond are in the order sent": {
			"sequence: {steps: [{of: a}, {of: b}]}", "0s b\n0s a", []moment{{"0s", "false", ""}},
		},
		"strictTime asks for a later millisecond": {
			"sequence: {steps: [{of: a}, {of: b, strictTime: true}]}", "0s a\n0s b\n1ms b", []moment{{"0s", "false", ""}, {"1ms", "true", ""}},
		},
		"without": {
			"sequence: {steps: [{of: a}, {of: b, without: x}]}", "0s a\n1s x\n2s b\n3s a\n4s b", []moment{{"2s", "false", ""}, {"4s", "true", ""}},
		},
		"without a step's own event": {
			"sequence: {steps: [{of: a}, {of: b, without: a}]}", "0s a\n1s a\n2s b", []moment{{"2s", "true", ""}},
		},
		"directly: other pages break it, clicks do not": {
			"sequence: {steps: [{of: 'page:a'}, {of: 'page:b', directly: page}]}",
			"0s page:a\n1s clicked\n2s page:b",
			[]moment{{"2s", "true", ""}},
		},
		"directly: broken": {
			"sequence: {steps: [{of: 'page:a'}, {of: 'page:b', directly: page}]}",
			"0s page:a\n1s page:c\n2s page:b",
			[]moment{{"2s", "false", ""}},
		},
		"same": {
			"sequence: {steps: [{of: a}, {of: b, same: id_}]}", "0s a id_=1\n1s a id_=2\n2s b id_=3\n3s b\n4s b id_=1.0", []moment{{"3s", "false", ""}, {"4s", "true", ""}},
		},
		"first takes the first only": {
			"sequence: {steps: [{of: a, first: true}, {of: b, within: 10s}]}", "0s a\n20s a\n21s b", []moment{{"21s", "false", ""}},
		},
		"several of a step, with the same property": {
			"sequence: {steps: [{of: c}, {of: a, times: 2, same: id_}, {of: b}]}", "-1s c id_=2\n0s a id_=1\n1s a id_=2\n2s b\n3s a id_=2\n4s b", []moment{{"2s", "false", ""}, {"4s", "true", ""}},
		},
		"completed: only the last step lies in the window": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {last: 1h}}", "0s a\n2h b", []moment{{"2h", "true", "3h"}, {"3h", "false", "forever"}},
		},
		"the latest completion counts": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {last: 1h}}", "0s a\n1s b\n30m b", []moment{{"30m", "true", "1h30m"}},
		},
		"all within: the latest start counts": {
			"sequence: {steps: [{of: a}, {of: b}], allWithin: {last: 1h}}", "0s a\n10m a\n20m b\n30m b", []moment{{"30m", "true", "1h10m"}, {"1h10m", "false", "forever"}},
		},
		"all within: the start counts, not how new the step between is": {
			"sequence: {steps: [{of: a}, {of: b, same: p}, {of: c}], allWithin: {last: 4s}}", "0s a p=1\n4s a p=2\n5s b p=2\n6s b p=1\n7s c", []moment{
				{"7s", "true", "8s"},
			},
		},
		"in one session": {
			"sequence: {steps: [{of: a}, {of: b}], in: session}", "0s a\n1h b\n1h1m a device=d2\n1h2m b device=d2", []moment{{"1h", "false", ""}, {"1h2m", "true", "forever"}},
		},
		"in one page view": {
			"sequence: {steps: [{of: a}, {of: b}], in: page}", "0s a\n1s b\n2s page\n3s a\n4s page\n5s b\n6s a\n7s b", []moment{{"5s", "false", ""}, {"7s", "true", ""}},
		},
		"in one day": {
			"sequence: {steps: [{of: a}, {of: b}], in: day}", "11h59m a\n12h b\n13h a\n14h b", []moment{{"12h", "false", ""}, {"14h", "true", ""}},
		},
		"in the current session": {
			"sequence: {steps: [{of: a}, {of: b}], allWithin: {session: current}}", "0s a\n1h b", []moment{{"1h", "false", "forever"}},
		},
		"completed in the current session": {
			"sequence: {steps: [{of: a}, {of: b}], completed: {session: current}}", "0s a\n1h b\n2h c", []moment{{"1h", "true", "forever"}, {"2h", "false", "forever"}},
		},
		"times counts without overlap, each match as early as it ends": {
			"sequence: {steps: [{of: a}, {of: b}], times: {eq: 2}}", "0s a\n1s a\n2s b\n3s b\n4s a\n5s b", []moment{{"3s", "false", ""}, {"5s", "true", "forever"}},
		},
		"times in a window": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 2}, completed: {last: 1h}}", "0s a\n1m b\n2m a\n3m b", []moment{{"3m", "true", "1h1m"}, {"1h1m", "false", "forever"}},
		},
		"times wholly in a window": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 1}, allWithin: {last: 1h}}", "0s a\n1m b\n50m a\n1h1m b", []moment{
				{"1h", "false", "forever"}, {"1h1m", "true", "1h50m"}, {"1h50m", "false", "forever"},
			},
		},
		"times in any session": {
			"sequence: {steps: [{of: a}, {of: b}], times: {gte: 2}, allWithin: {session: any}}", "0s a\n1m b\n1h a\n1h1m b\n1h2m a\n1h3m b", []moment{
				{"1h1m", "false", ""}, {"1h3m", "true", "forever"},
			},
		},
	})
}
