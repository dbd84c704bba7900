package query

import (
	"encoding/base64"
	"encoding/json"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
)

// A Page is a part of what a query asks for, in order.
type Page struct {
	Items []*Entity
	Total int // of the whole; not told by the API in pages by cursor
	// Next and Prev ask for the pages after and before, by cursor: they are the
	// values of parameters pageNext and pagePrev. "" = there is none.
	Next, Prev string
}

// A cursor is a place between two entities, and the query it is a place in.
type cursor struct {
	Query  string  `json:"q"`           // parameters other than those of the cursor
	Key    sortKey `json:"k"`           // of the entity just before, or after if Before
	Before bool    `json:"b,omitempty"` // the page is the one before
}

// resume reads the parameters of pages by cursor. Those that the token of a page
// carries need not be sent again; sent, they must be the same, except for limit.
func (q *Query) resume(params url.Values) error {
	next, isNext := take(params, "pageNext")
	prev, isPrev := take(params, "pagePrev")
	flag, ok := take(params, "cursor")
	if ok && flag != "true" && flag != "false" {
		return badValue("cursor", flag, "cursor takes true or false")
	}
	q.Cursor = flag == "true" || isNext || isPrev
	switch {
	case isNext && isPrev:
		return badValue("pagePrev", prev, "pageNext and pagePrev exclude each other")
	case isNext:
		return q.from("pageNext", next, false, params)
	case isPrev:
		return q.from("pagePrev", prev, true, params)
	}
	q.params = maps.Clone(params)
	return nil
}

// from goes to where a token says.
func (q *Query) from(name, token string, before bool, params url.Values) error {
	at := &cursor{}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(raw, at) != nil || at.Before != before {
		return badValue(name, token, "the token is not one of this API")
	}
	carried, err := url.ParseQuery(at.Query)
	if err != nil {
		return badValue(name, token, "the token is not one of this API")
	}
	for key, values := range params {
		if key != "limit" && !slices.Equal(values, carried[key]) {
			return badValue(key, values[0], "the token of a page carries the query: "+key+" cannot be another one")
		}
	}
	if params.Has("limit") {
		carried["limit"] = params["limit"]
	}
	clear(params)
	maps.Copy(params, carried)
	q.at, q.params = at, maps.Clone(params)
	return nil
}

// Page returns the page that a query asks for of all that there is. The error is
// an *Error, for a token of a page whose query has since become another one.
func (q *Query) Page(all iter.Seq[*Entity]) (Page, error) {
	found := q.sorted(all)
	page := Page{Total: len(found)}
	from := min(q.Skip, len(found))
	to := min(from+q.Limit, len(found))
	if q.at != nil {
		if len(q.at.Key) != len(q.order)+1 {
			return page, badValue("pageNext", "", "the token is not one of this API")
		}
		from, to = q.window(found)
	}
	for _, k := range found[from:to] {
		page.Items = append(page.Items, k.entity)
	}
	if q.Cursor && from < to {
		if to < len(found) {
			page.Next = q.token(found[to-1].key, false)
		}
		if from > 0 {
			page.Prev = q.token(found[from].key, true)
		}
	}
	return page, nil
}

// A keyed entity is one with what it is ordered by.
type keyed struct {
	entity *Entity
	key    sortKey
}

// sorted returns what is asked for, in order.
func (q *Query) sorted(all iter.Seq[*Entity]) []keyed {
	var found []keyed
	for e := range all {
		if q.Match(e) {
			found = append(found, keyed{e, q.key(e)})
		}
	}
	slices.SortFunc(found, func(a, b keyed) int { return q.compare(a.key, b.key) })
	return found
}

// window returns the page after, or before, the place of a cursor.
func (q *Query) window(found []keyed) (from, to int) {
	at, there := slices.BinarySearchFunc(found, q.at.Key, func(k keyed, key sortKey) int { return q.compare(k.key, key) })
	if q.at.Before {
		return max(0, at-q.Limit), at
	}
	if there {
		at++
	}
	return at, min(at+q.Limit, len(found))
}

// token returns the one for the page after, or before, an entity.
func (q *Query) token(key sortKey, before bool) string {
	raw, _ := json.Marshal(cursor{q.params.Encode(), key, before}) // numbers and strings always encode
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Pages returns what the API answers as pages: the URLs of the next and the
// previous page, of which either may be missing, below a path.
func (q *Query) Pages(page Page, path string) json.RawMessage {
	pages := map[string]string{}
	link := func(param, token string) string {
		return path + "?" + url.Values{"cursor": {"true"}, "limit": {strconv.Itoa(q.Limit)}, param: {token}}.Encode()
	}
	if page.Next != "" {
		pages["next"] = link("pageNext", page.Next)
	}
	if page.Prev != "" {
		pages["prev"] = link("pagePrev", page.Prev)
	}
	raw, _ := json.Marshal(pages) // strings always encode
	return raw
}
