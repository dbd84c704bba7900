package query_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
)

// drawEntities returns products with values of few kinds, so that filters
// often have some to find and some not.
func drawEntities(t *rapid.T) []*query.Entity {
	var all []*query.Entity
	for i := range rapid.IntRange(0, 12).Draw(t, "entities") {
		fields := map[string]any{}
		maybe := func(field string, value any) {
			if rapid.Bool().Draw(t, field+" is there") {
				fields[field] = map[string]any{"en": value}
			}
		}
		maybe("name", rapid.SampledFrom([]string{"a", "b", "c d"}).Draw(t, "name"))
		maybe("price", rapid.SampledFrom([]float64{-1, 0, 1.5, 2, 1e9}).Draw(t, "price"))
		maybe("new", rapid.Bool().Draw(t, "new"))
		maybe("colors", rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(t, "colors"))
		maybe("since", rapid.SampledFrom([]string{"2024-01-01", "2024-01-01T00:00Z", "2024-01-02T12:00:00+02:00"}).Draw(t, "since"))
		raw, err := json.Marshal(map[string]any{
			"sys": map[string]any{
				"id": fmt.Sprintf("e%02d", i), "type": "Entry", "contentType": map[string]any{"sys": map[string]any{"id": "product"}},
				"updatedAt": rapid.SampledFrom([]string{"2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00Z", "2024-01-03T00:00:00.5Z"}).Draw(t, "updated"),
			},
			"fields": fields,
		})
		require.NoError(t, err)
		e, err := query.Parse(raw)
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// naive says whether an entity passes a filter, from its JSON as such.
func naive(t require.TestingT, e *query.Entity, field, op string, operands []string) bool {
	var wire struct{ Fields map[string]map[string]any }
	require.NoError(t, json.Unmarshal(e.Raw, &wire))
	value, there := wire.Fields[field]["en"]
	values := []any{}
	if l, ok := value.([]any); ok {
		values, there = l, len(l) > 0
	} else if there {
		values = append(values, value)
	}
	same := func(v any, operand string) bool {
		switch v := v.(type) {
		case float64:
			n, _ := strconv.ParseFloat(operand, 64)
			return v == n
		case bool:
			return strconv.FormatBool(v) == operand
		}
		return v == operand
	}
	among := 0 // operands that a value is
	for _, o := range operands {
		if slices.ContainsFunc(values, func(v any) bool { return same(v, o) }) {
			among++
		}
	}
	n, _ := value.(float64)
	than, _ := strconv.ParseFloat(operands[0], 64)
	return map[string]bool{
		"": among > 0, "in": among > 0, "ne": among == 0, "nin": among == 0, "all": among == len(operands),
		"exists": there == (operands[0] == "true"),
		"lt":     there && n < than, "lte": there && n <= than, "gt": there && n > than, "gte": there && n >= than,
	}[op]
}

func TestFiltersAgreeWithNaiveOnes(t *testing.T) {
	space := newWorld(t).space
	operands := map[string][]string{"name": {"a", "b", "c d", "x"}, "colors": {"a", "b", "c", "x"}, "price": {"-1", "0", "1.5", "2", "3"}, "new": {"true", "false"}}
	rapid.Check(t, func(t *rapid.T) {
		entities := drawEntities(t)
		field := rapid.SampledFrom(slices.Sorted(maps.Keys(operands))).Draw(t, "field")
		ops := []string{"", "ne", "in", "nin", "all", "exists"}
		if field == "price" {
			ops = append(ops, "lt", "lte", "gt", "gte")
		}
		op := rapid.SampledFrom(ops).Draw(t, "op")
		with := []string{rapid.SampledFrom(operands[field]).Draw(t, "operand")}
		switch op {
		case "exists":
			with = []string{rapid.SampledFrom([]string{"true", "false"}).Draw(t, "exists")}
		case "in", "nin", "all":
			with = rapid.SliceOfN(rapid.SampledFrom(operands[field]), 1, 3).Draw(t, "operands")
		}
		name := "fields." + field
		if op != "" {
			name += "[" + op + "]"
		}
		q, err := query.New(query.Entries, url.Values{"content_type": {"product"}, name: {strings.Join(with, ",")}}, space)
		require.NoError(t, err)
		for _, e := range entities {
			require.Equal(t, naive(t, e, field, op, with), q.Match(e), "%s=%v of %s", name, with, e.Raw)
		}
	})
}

var orders = []string{"", "sys.id", "-sys.updatedAt", "fields.price", "-fields.price,sys.id", "-fields.new,fields.name", "fields.since"}

// pages follows a query from page to page by cursor, and back again.
func pages(t *rapid.T, space *query.Space, params url.Values, all []*query.Entity) (there, back []string) {
	ask := func(extra string, token string) query.Page {
		p := maps.Clone(params)
		if extra != "" {
			p = url.Values{extra: {token}}
		}
		q, err := query.New(query.Entries, p, space)
		require.NoError(t, err)
		page, err := q.Page(slices.Values(all))
		require.NoError(t, err)
		return page
	}
	page := ask("", "")
	require.Empty(t, page.Prev, "nothing is before the first page")
	for {
		there = append(there, idsOf(page.Items)...)
		if page.Next == "" {
			break
		}
		page = ask("pageNext", page.Next)
	}
	for {
		back = append(idsOf(page.Items), back...)
		if page.Prev == "" {
			return there, back
		}
		page = ask("pagePrev", page.Prev)
	}
}

func TestPagesVisitEverythingOnceInTheSameOrder(t *testing.T) {
	space := newWorld(t).space
	rapid.Check(t, func(t *rapid.T) {
		entities := drawEntities(t)
		params := url.Values{"content_type": {"product"}, "fields.name[ne]": {"a"}, "order": {rapid.SampledFrom(orders).Draw(t, "order")}}
		whole, err := query.New(query.Entries, params, space)
		require.NoError(t, err)
		page, err := whole.Page(slices.Values(entities))
		require.NoError(t, err)
		want := idsOf(page.Items)
		require.Len(t, want, page.Total)

		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		params["limit"] = []string{strconv.Itoa(limit)}
		var byOffset []string
		for skip := 0; skip < page.Total; skip += limit {
			params["skip"] = []string{strconv.Itoa(skip)}
			q, err := query.New(query.Entries, params, space)
			require.NoError(t, err)
			part, err := q.Page(slices.Values(entities))
			require.NoError(t, err)
			require.Equal(t, page.Total, part.Total)
			byOffset = append(byOffset, idsOf(part.Items)...)
		}
		require.ElementsMatch(t, want, byOffset)
		require.True(t, slices.Equal(want, byOffset))

		delete(params, "skip")
		params["cursor"] = []string{"true"}
		there, back := pages(t, space, params, entities)
		require.True(t, slices.Equal(want, there), "%v %v", want, there)
		require.True(t, slices.Equal(want, back) || len(want) <= limit, "%v %v", want, back)
	})
}

func TestACursorNeitherRepeatsNorLeavesOutWhatStays(t *testing.T) {
	space := newWorld(t).space
	rapid.Check(t, func(t *rapid.T) {
		entities := drawEntities(t)
		params := url.Values{"content_type": {"product"}, "order": {rapid.SampledFrom(orders).Draw(t, "order")}, "limit": {"2"}, "cursor": {"true"}}
		seen := map[string]int{}
		gone := map[string]bool{}
		for token := ""; ; {
			if token != "" {
				params = url.Values{"pageNext": {token}}
			}
			q, err := query.New(query.Entries, params, space)
			require.NoError(t, err)
			page, err := q.Page(slices.Values(entities))
			require.NoError(t, err)
			for _, e := range page.Items {
				seen[e.ID]++
			}
			if token = page.Next; token == "" {
				break
			}
			if i := rapid.IntRange(0, len(entities)-1).Draw(t, "deleted"); len(entities) > 1 {
				gone[entities[i].ID] = true
				entities = slices.Delete(slices.Clone(entities), i, i+1)
			}
		}
		for _, e := range entities {
			require.Equal(t, 1, seen[e.ID], e.ID)
		}
		for id := range gone {
			require.LessOrEqual(t, seen[id], 1, id)
		}
	})
}

func TestAPageCarriesItsQuery(t *testing.T) {
	w := newWorld(t)
	q, err := query.New(query.Entries, url.Values{"cursor": {"true"}, "limit": {"1"}, "content_type": {"product"}, "order": {"sys.id"}, "access_token": {"secret"}}, w.space)
	require.NoError(t, err)
	page, err := q.Page(slices.Values(w.entities))
	require.NoError(t, err)

	var links struct{ Next, Prev string }
	require.NoError(t, json.Unmarshal(q.Pages(page, "/spaces/s/environments/e/entries"), &links))
	require.Empty(t, links.Prev)
	path, query1, _ := strings.Cut(links.Next, "?")
	require.Equal(t, "/spaces/s/environments/e/entries", path)
	ids, err := w.ask(t, query.Entries, query1)
	require.NoError(t, err)
	require.Equal(t, []string{"p2"}, ids)
	ids, err = w.ask(t, query.Entries, query1+"&content_type=product&order=sys.id")
	require.NoError(t, err)
	require.Equal(t, []string{"p2"}, ids)
	values, err := url.ParseQuery(query1)
	require.NoError(t, err)
	ids, err = w.ask(t, query.Entries, url.Values{"pageNext": values["pageNext"], "limit": {"5"}}.Encode())
	require.NoError(t, err)
	require.Equal(t, []string{"p2", "p3"}, ids)
	_, err = w.ask(t, query.Entries, query1+"&order=-sys.id")
	_, got := details(t, err)
	require.Equal(t, "order", got.Name)

	last, err := query.New(query.Entries, url.Values{"cursor": {"true"}}, w.space)
	require.NoError(t, err)
	page, err = last.Page(slices.Values(w.of(query.Entries)))
	require.NoError(t, err)
	require.Equal(t, "{}", string(last.Pages(page, "/x")), "pages are there although there are none")
}

func FuzzParametersAreAppliedOrRefused(f *testing.F) {
	w := newWorld(f)
	for _, seed := range []string{
		"content_type=product&fields.price[lt]=3&order=-fields.name&select=fields.name,sys.id", "cursor=true&limit=1", "pageNext=eyJxIjoiIn0",
		"content_type=product&fields.shop[near]=1,2&query=a", "sys.id[in]=p1,p2&locale=*", "metadata.concepts[descendants][in]=shoe&skip=1",
		"content_type=product&fields.brand.sys.contentType.sys.id=brand&fields.brand.fields.title[match]=a", "mimetype_group=image",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, params string) {
		values, err := url.ParseQuery(params)
		if err != nil {
			return
		}
		for _, kind := range []query.Kind{query.Entries, query.Assets, query.Others} {
			q, err := query.New(kind, values, w.space)
			if err != nil {
				_, _ = details(t, err)
				continue
			}
			page, err := q.Page(slices.Values(w.of(kind)))
			if err != nil {
				continue
			}
			require.LessOrEqual(t, len(page.Items), q.Limit)
			for _, e := range page.Items {
				require.True(t, q.Match(e))
				require.True(t, q.IDs == nil || slices.Contains(q.IDs, e.ID))
				require.True(t, json.Valid(q.Append(nil, e, "en")))
				require.True(t, json.Valid(q.Append(nil, e, query.AllLocales)))
			}
		}
	})
}
