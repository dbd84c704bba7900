package space_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/space"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// translate returns the rule of an audience in our language, or its findings.
func translate(t testing.TB, rules string) (when string, findings []string) {
	t.Helper()
	p := space.LoadPersonalization(spaceOf(t, `[{"id": "a", "type": "nt_audience", "fields": {"nt_rules": `+rules+`}}]`), none)
	for _, f := range p.Findings {
		require.Equal(t, "a", f.Entry)
		require.Equal(t, "nt_rules", f.Field)
		require.Contains(t, f.Message, `the audience "a" is left out`)
		require.True(t, f.LeftOut)
		findings = append(findings, f.Message)
	}
	require.Equal(t, len(findings) > 0, len(p.Refused) > 0)
	if len(findings) > 0 {
		require.Empty(t, p.Audiences)
		return "", findings
	}
	return syntax.Format(p.Audiences[0].When), nil
}

// only is an nt_rules of a single rule.
func only(rule string) string { return `{"any":[{"all":[` + rule + `]}]}` }

// onPage is a page rule with one condition.
func onPage(key, operator, value string) string {
	return only(`{"type":"page","key":"","operator":"greaterThanInclusive","value":"","count":"1","conditions":[
		{"key":` + key + `,"operator":"` + operator + `","value":"` + value + `"}]}`)
}

// keyed is the key of a condition as the editor of the product writes it.
func keyed(id string) string {
	return `{"id":"` + id + `","key":"` + id + `","label":"L","value":"","useOnce":true,"category":{"name":"n","type":"string","label":"L"}}`
}

func about(typ, key, operator, value string) string {
	return only(`{"type":"` + typ + `","key":"` + key + `","operator":"` + operator + `","value":` + value + `,"count":1,"conditions":[]}`)
}

func withCondition(typ, value, id, operator, of string) string {
	return only(`{"type":"` + typ + `","key":"","operator":"equal","value":` + value + `,"count":"1","conditions":[
		{"key":` + keyed(id) + `,"operator":"` + operator + `","value":"` + of + `"}]}`)
}

func TestRulesOfTheProduct(t *testing.T) {
	for name, tc := range map[string]struct{ rules, want string }{
		"viewed any page":     {onPage(keyed("context_page_url"), "equal", "*"), "count: {of: page, gte: 1}"},
		"url contains":        {onPage(keyed("context_page_url"), "contains", "pricing"), "count: {of: page, where: {url: {contains: pricing}}, gte: 1}"},
		"path is":             {onPage(keyed("context_page_path"), "equal", "/pricing"), "count: {of: page, where: {path: /pricing}, gte: 1}"},
		"path is not":         {onPage(keyed("context_page_path"), "notEqual", "/"), "count: {of: page, where: {path: {ne: /}}, gte: 1}"},
		"url begins":          {onPage(keyed("context_page_url"), "startsWith", "https://a"), "count: {of: page, where: {url: {startsWith: https://a}}, gte: 1}"},
		"url ends":            {onPage(keyed("context_page_url"), "endsWith", "html"), "count: {of: page, where: {url: {endsWith: html}}, gte: 1}"},
		"url lacks":           {onPage(keyed("context_page_url"), "notContains", "admin"), "count: {of: page, where: {url: {ncontains: admin}}, gte: 1}"},
		"url matches":         {onPage(keyed("context_page_url"), "matches", "a+"), `count: {of: page, where: {url: {matches: "a+"}}, gte: 1}`},
		"url matches, regex":  {onPage(keyed("context_page_url"), "regex", "a+"), `count: {of: page, where: {url: {matches: "a+"}}, gte: 1}`},
		"other spelling":      {onPage(keyed("context_page_url"), "DOES_NOT_CONTAIN", "admin"), "count: {of: page, where: {url: {ncontains: admin}}, gte: 1}"},
		"last days":           {only(`{"type":"track","operator":"greaterThanInclusive","value":"x","count":"2","when":"3"}`), "count: {of: x, last: 3d, gte: 2}"},
		"last days, a number": {only(`{"type":"track","operator":"greaterThanInclusive","value":"x","within":3}`), "count: {of: x, last: 3d, gte: 1}"},
		"last days, by name":  {only(`{"type":"track","operator":"greaterThanInclusive","value":"x","when":{"days":"30"}}`), "count: {of: x, last: 30d, gte: 1}"},
		"last days, unit":     {only(`{"type":"track","operator":"lessThan","value":"x","when":{"operator":"withinLast","value":2,"unit":"weeks"}}`), "count: {of: x, last: 14d, lt: 1}"},
		"last hours, as text": {only(`{"type":"track","operator":"greaterThanInclusive","value":"x","when":"12 hours"}`), "count: {of: x, last: 12h, gte: 1}"},
		"whenever":            {only(`{"type":"track","operator":"greaterThanInclusive","value":"x","when":"any time"}`), "count: {of: x, gte: 1}"},
		"never in 7 days":     {only(`{"type":"page","operator":"equal","count":"0","when":"7d","conditions":[{"key":` + keyed("context_page_path") + `,"operator":"equal","value":"/a"}]}`), "count: {of: page, where: {path: /a}, last: 7d, eq: 0}"},
		"a condition on when": {only(`{"type":"page","operator":"greaterThanInclusive","count":"1","conditions":[
			{"key":` + keyed("context_page_path") + `,"operator":"equal","value":"/a"},{"key":` + keyed("when") + `,"operator":"lessThanInclusive","value":"5"}]}`), "count: {of: page, where: {path: /a}, last: 5d, gte: 1}"},
		"not new":     {about("isReturningVisitor", "", "notEqual", "false"), "session: {returning: true}"},
		"woven marks": {about("location", "continent\u200b\u200c", "equal\ufeff", "\"EU\\u200b\u200c\u200d\""), "context: {continent: EU}"},
		"all of anys": {
			`{"all":[{"any":[{"type":"identify","key":"a","operator":"equal","value":"b"},{"all":[{"type":"identify","key":"c","operator":"equal","value":"d"},{"type":"identify","key":"e","operator":"equal","value":"f"}]}]},{"type":"location","key":"city","operator":"equal","value":"Oslo"}]}`,
			"all: [{any: [{trait: {a: b}}, {all: [{trait: {c: d}}, {trait: {e: f}}]}]}, {context: {city: Oslo}}]",
		},
		"came from":           {onPage(keyed("context_page_referrer"), "equal", "tiktok.com"), "count: {of: page, where: {referrer: tiktok.com}, gte: 1}"},
		"came from anywhere":  {onPage(keyed("context_page_referrer"), "equal", "*"), `count: {of: page, where: {referrer: {exists: true, ne: ""}}, gte: 1}`},
		"query parameter":     {onPage(`{"id":"context_page_query","key":"context_page_query","value":"social"}`, "equal", "tiktok"), "count: {of: page, where: {query.social: tiktok}, gte: 1}"},
		"campaign":            {onPage(keyed("context_campaign_name"), "contains", "spring"), "count: {of: page, where: {utm_campaign: {contains: spring}}, gte: 1}"},
		"campaign source":     {onPage(keyed("context_campaign_source"), "equal", "mail"), "count: {of: page, where: {utm_source: mail}, gte: 1}"},
		"campaign medium":     {onPage(keyed("context_campaign_medium"), "equal", "cpc"), "count: {of: page, where: {utm_medium: cpc}, gte: 1}"},
		"campaign term":       {onPage(keyed("context_campaign_term"), "equal", "hr"), "count: {of: page, where: {utm_term: hr}, gte: 1}"},
		"campaign content":    {onPage(keyed("context_campaign_content"), "equal", "b"), "count: {of: page, where: {utm_content: b}, gte: 1}"},
		"count as text":       {only(`{"type":"track","key":"","operator":"greaterThanInclusive","value":"registered","count":"3"}`), "count: {of: registered, gte: 3}"},
		"count as a number":   {only(`{"type":"track","operator":"lessThan","value":"registered","count":3}`), "count: {of: registered, lt: 3}"},
		"no count":            {only(`{"type":"track","operator":"greaterThanInclusive","value":"registered"}`), "count: {of: registered, gte: 1}"},
		"never":               {only(`{"type":"track","operator":"equal","value":"registered","count":"0"}`), "count: {of: registered, eq: 0}"},
		"any event":           {about("track", "", "greaterThanInclusive", `"*"`), "count: {of: track, gte: 1}"},
		"an event's own name": {about("track", "", "greaterThanInclusive", `"page"`), "count: {of: track:page, gte: 1}"},
		"trait":               {about("identify", "plan", "equal", `"lite"`), "trait: {plan: lite}"},
		"trait loosely typed": {about("identify", "identified", "equal", `"true"`), `trait: {identified: "true"}`},
		"trait boolean":       {about("identify", "identified", "equal", `true`), "trait: {identified: true}"},
		"trait number":        {about("identify", "seats", "greaterThan", `"10"`), `trait: {seats: {gt: "10"}}`},
		"trait at most":       {about("identify", "seats", "lessThanInclusive", `10`), "trait: {seats: {lte: 10}}"},
		"has trait":           {about("identify", "plan", "equal", `"*"`), `trait: {plan: {exists: true, ne: ""}}`},
		"continent":           {about("location", "continent", "equal", `"EU"`), "context: {continent: EU}"},
		"country":             {about("location", "countryCode", "equal", `"DE"`), "context: {country: DE}"},
		"region":              {about("location", "region", "notEqual", `"Bavaria"`), "context: {region: {ne: Bavaria}}"},
		"city":                {about("location", "city", "contains", `"York"`), "context: {city: {contains: York}}"},
		"postal code":         {about("location", "postalCode", "startsWith", `"10"`), `context: {location.postalCode: {startsWith: "10"}}`},
		"new":                 {about("isReturningVisitor", "", "equal", "false"), "session: {returning: false}"},
		"returning, as text":  {about("isReturningVisitor", "", "equal", `"true"`), "session: {returning: true}"},
		"returned often":      {withCondition("isReturningVisitor", "true", "session_count", "greaterThan", "3"), "session: {number: {gt: 3}, returning: true}"},
		"all visitors":        {withCondition("isReturningVisitor", "true", "session_count", "greaterThanInclusive", "1"), "session: {number: {gte: 1}, returning: true}"},
		"device":              {withCondition("device", `""`, "type", "equal", "mobile"), "context: {device: mobile}"},
		"unknown device":      {withCondition("device", `""`, "type", "equal", "unknown"), "any: [{context: {device: unknown}}, {context: {device: {exists: false}}}]"},
		"or of ands": {
			`{"any":[{"all":[{"type":"location","key":"continent","operator":"equal","value":"EU"},{"type":"identify","key":"a","operator":"equal","value":"b"}]},
				{"all":[{"type":"identify","key":"c","operator":"equal","value":"d"}]}]}`,
			"any: [{all: [{context: {continent: EU}}, {trait: {a: b}}]}, {trait: {c: d}}]",
		},
		"our own language": {`{"segue": {"not": {"count": {"of": "Order Completed", "last": "30m"}}}}`, "not: {count: {of: Order Completed, last: 30m, gte: 1}}"},
	} {
		t.Run(name, func(t *testing.T) {
			when, findings := translate(t, tc.rules)
			require.Empty(t, findings)
			require.Equal(t, tc.want, when)
		})
	}
}

func TestRulesThatAreNotUnderstood(t *testing.T) {
	for name, tc := range map[string]struct{ rules, want string }{
		"nothing":              {`{}`, "has no rule"},
		"no object":            {`"everybody"`, "has no rule"},
		"no groups":            {`{"any":[]}`, "any: is empty"},
		"empty group":          {`{"any":[{"all":[]}]}`, "any[0].all: is empty"},
		"both kinds of group":  {`{"all":[],"any":[]}`, `must have either "any" or "all"`},
		"other top":            {`{"none":[]}`, `unknown field "none"`},
		"both forms":           {`{"any":[],"segue":{}}`, `unknown field "segue"`},
		"a third level":        {only(`{"any":[{"all":[{"type":"weather"}]}]}`), `any[0].all[0].any[0].all[0].type: unknown rule "weather"`},
		"a window unknown":     {only(`{"type":"track","operator":"equal","value":"x","when":{"days":3,"from":1}}`), `any[0].all[0].when.from: is not known of a window`},
		"a window of months":   {only(`{"type":"track","operator":"equal","value":"x","when":{"value":3,"unit":"months"}}`), `any[0].all[0].when: 3 is no length of time in months`},
		"a window before":      {only(`{"type":"track","operator":"equal","value":"x","when":{"operator":"before","value":3}}`), `any[0].all[0].when.operator: unknown operator "before"`},
		"an empty window":      {only(`{"type":"track","operator":"equal","value":"x","when":0}`), `any[0].all[0].when: 0 is no length`},
		"two windows":          {only(`{"type":"track","operator":"equal","value":"x","when":3,"within":4}`), `any[0].all[0].within: says when, which when does already`},
		"a trait when":         {only(`{"type":"identify","key":"a","operator":"equal","value":"b","when":3}`), `any[0].all[0].when: 3 has no meaning`},
		"a device when":        {only(`{"type":"device","operator":"equal","conditions":[{"key":` + keyed("type") + `,"operator":"equal","value":"mobile"},{"key":` + keyed("when") + `,"value":3}]}`), `any[0].all[0].conditions[1]: when has no meaning`},
		"unknown member":       {only(`{"type":"track","operator":"equal","value":"x","during":3}`), `any[0].all[0]: unknown field "during"`},
		"unknown type":         {only(`{"type":"weather"}`), `any[0].all[0].type: unknown rule "weather"`},
		"unknown operator":     {about("identify", "a", "near", `"b"`), `any[0].all[0].operator: unknown operator "near": known are equal,`},
		"unknown condition":    {onPage(keyed("context_page_title"), "equal", "x"), `any[0].all[0].conditions[0].key.id: unknown key "context_page_title"`},
		"nameless parameter":   {onPage(keyed("context_page_query"), "equal", "x"), "does not name one"},
		"no regular expr.":     {onPage(keyed("context_page_url"), "matches", "(?=a)"), "write an RE2 regular expression"},
		"any value, negated":   {about("identify", "a", "notEqual", `"*"`), `"*" means any value`},
		"greater than text":    {about("identify", "a", "greaterThan", `"b"`), `"b" is not a number`},
		"no value":             {about("identify", "a", "equal", `null`), "any[0].all[0].value: is missing"},
		"nameless trait":       {about("identify", "", "equal", `"b"`), "key: must be the name of a trait"},
		"often a trait":        {only(`{"type":"identify","key":"a","operator":"equal","value":"b","count":"2"}`), "count: 2 has no meaning"},
		"nameless event":       {about("track", "", "greaterThanInclusive", `""`), "value: must be the name of an event"},
		"event with condition": {withCondition("track", `"x"`, "context_page_url", "equal", "y"), `conditions[0]: conditions such as "context_page_url" are not known for rules of type track`},
		"event by text":        {about("track", "", "contains", `"x"`), `any[0].all[0].operator: "contains" does not compare numbers`},
		"half an event":        {only(`{"type":"track","operator":"equal","value":"x","count":0.5}`), "count: 0.5 is not a number of times"},
		"less than no event":   {only(`{"type":"track","operator":"equal","value":"x","count":"-1"}`), "count: -1 is not a number of times"},
		"page with value":      {about("page", "", "greaterThanInclusive", `"x"`), "value: x has no meaning"},
		"unknown place":        {about("location", "planet", "equal", `"x"`), `key: unknown place "planet"`},
		"returning, perhaps":   {about("isReturningVisitor", "", "equal", `"often"`), "value: often is neither true nor false"},
		"not returning":        {about("isReturningVisitor", "", "contains", `true`), `operator: "contains" has no meaning for a rule of type isReturningVisitor`},
		"session length":       {withCondition("isReturningVisitor", "true", "session_length", "equal", "1"), `unknown key "session_length"`},
		"sessions of text":     {withCondition("isReturningVisitor", "true", "session_count", "equal", "many"), "many is not a number of times"},
		"no device":            {about("device", "", "equal", `""`), "conditions: must say which device"},
		"device brand":         {withCondition("device", `""`, "brand", "equal", "x"), `unknown key "brand"`},
		"our language, wrong":  {`{"segue": {"cuont": {"of": "page"}}}`, `segue/cuont: `},
		"our language, deep":   {`{"segue": {"all": [{"count": {"of": "page", "lsat": "3d"}}]}}`, `segue/all/0/count/lsat: `},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := translate(t, tc.rules)
			require.NotEmpty(t, findings)
			require.Contains(t, findings[0], tc.want)
			require.NotContains(t, strings.Join(findings, ""), "\n")
		})
	}
}

// Every spelling means the same as the first.
func TestSpellingsOfOperators(t *testing.T) {
	for first, others := range map[string][]string{
		"equal":                {"equals", "is", "Equal", "EQUAL", "=="},
		"notEqual":             {"notEquals", "doesNotEqual", "isNot", "not_equal", "NOT-EQUALS", "!="},
		"contains":             {"contain", "includes"},
		"notContains":          {"notContain", "doesNotContain", "does not contain"},
		"startsWith":           {"startWith", "beginsWith", "starts with"},
		"endsWith":             {"endWith", "ends_with"},
		"matches":              {"match", "regex", "regexp", "matchesRegex"},
		"greaterThan":          {"gt", ">", "greater_than"},
		"greaterThanInclusive": {"greaterThanOrEqual", "greaterThanOrEquals", "atLeast", "gte", ">="},
		"lessThan":             {"lt", "<"},
		"lessThanInclusive":    {"lessThanOrEqual", "lessThanOrEqualTo", "atMost", "lte", "<="},
	} {
		want, findings := translate(t, about("identify", "n", first, `"3"`))
		require.Empty(t, findings, first)
		for _, other := range others {
			got, findings := translate(t, about("identify", "n", other, `"3"`))
			require.Empty(t, findings, other)
			require.Equal(t, want, got, other)
		}
	}
}

func TestAllThatIsNotUnderstoodIsSaidAtOnce(t *testing.T) {
	_, findings := translate(t, `{"any":[{"all":[{"type":"weather"},{"type":"identify","key":"a","operator":"near","value":"b"}]},{"all":[]}]}`)
	require.Len(t, findings, 3)
}

func TestAnAudienceWithoutRules(t *testing.T) {
	p := space.LoadPersonalization(spaceOf(t, `[{"id": "a", "type": "nt_audience", "fields": {"nt_name": "A"}}]`), none)
	require.Empty(t, p.Audiences)
	require.Contains(t, findingsOf(p, "a")[0].Message, "has no rule")
}

// Whatever stands in a rule, it is either translated or refused with a finding.
func FuzzRules(f *testing.F) {
	f.Add(europe)
	f.Add(onPage(keyed("context_page_url"), "equal", "*"))
	f.Add(withCondition("isReturningVisitor", "true", "session_count", "greaterThan", "1"))
	f.Add(withCondition("device", `""`, "type", "equal", "unknown"))
	f.Add(`{"segue": {"count": {"of": "page"}}}`)
	f.Fuzz(func(t *testing.T, rules string) {
		if !json.Valid([]byte(rules)) {
			t.Skip("only JSON can be stored in the field")
		}
		when, findings := translate(t, rules)
		require.NotEqual(t, when == "", len(findings) == 0)
	})
}
