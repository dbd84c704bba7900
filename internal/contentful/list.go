package contentful

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"strconv"
	"strings"
)

const (
	pageLimit = 1000 // the most that one page may hold
	leastPage = 1
)

// A Resource is one kind of what a space has, such as its entries.
type Resource struct {
	c    *client
	path string
}

// A Collection is one page of a list.
type Collection struct {
	Total    int // of the whole list; 0 in pages by cursor
	Skip     int
	Limit    int
	Items    []Item
	Includes struct { // what items link to, if asked for
		Entry, Asset []Item
	}
	Pages struct {
		Next string // path of the next page by cursor; "" = none
	}
}

// List returns one page: query is as the API has it, such as content_type=page
// and limit=10.
func (r Resource) List(ctx context.Context, query url.Values) (*Collection, error) {
	var page Collection
	if err := r.c.get(ctx, r.path, query, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// Count returns how many there are that query asks for.
func (r Resource) Count(ctx context.Context, query url.Values) (int, error) {
	query = cloned(query)
	query.Set("limit", "1")
	page, err := r.List(ctx, query)
	if err != nil {
		return 0, err
	}
	return page.Total, nil
}

// All yields everything that query asks for, page by page by offset. Pages that
// would be above the API's limit of 7 MB are asked for in halves. It ends with
// the first error. Give the query an order that edits do not change, such as
// sys.createdAt,sys.id, or what is edited meanwhile may come twice or not at
// all.
func (r Resource) All(ctx context.Context, query url.Values) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		query := cloned(query)
		limit := limitOf(query)
		for skip := 0; ; {
			query.Set("skip", strconv.Itoa(skip))
			query.Set("limit", strconv.Itoa(limit))
			page, err := r.List(ctx, query)
			if tooBig(err) && limit > leastPage {
				limit /= 2
				continue
			}
			if err != nil {
				yield(Item{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			skip += len(page.Items)
			if len(page.Items) == 0 || skip >= page.Total {
				return
			}
		}
	}
}

// Cursor is All by cursor: edits meanwhile neither repeat nor leave out what
// they do not touch. Pages above 7 MB are asked for in halves.
func (r Resource) Cursor(ctx context.Context, query url.Values) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		query := cloned(query)
		query.Set("cursor", "true")
		limit := limitOf(query)
		for {
			query.Set("limit", strconv.Itoa(limit))
			page, err := r.List(ctx, query)
			if tooBig(err) && limit > leastPage {
				limit /= 2
				continue
			}
			if err != nil {
				yield(Item{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			next, ok := cursorOf(page.Pages.Next)
			if !ok {
				return
			}
			query.Set("pageNext", next)
		}
	}
}

// cursorOf returns the cursor in the address of a next page.
func cursorOf(next string) (string, bool) {
	_, query, _ := strings.Cut(next, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", false
	}
	return values.Get("pageNext"), values.Has("pageNext")
}

// Get returns the item with an id. The error is NotFound if there is none.
func (r Resource) Get(ctx context.Context, id string) (Item, error) {
	var item Item
	err := r.c.get(ctx, r.path+"/"+url.PathEscape(id), nil, &item)
	return item, err
}

// limitOf returns the size of page that a query asks for.
func limitOf(query url.Values) int {
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < leastPage || limit > pageLimit {
		return pageLimit
	}
	return limit
}

// cloned returns a copy of a query that may be nil.
func cloned(query url.Values) url.Values {
	if query == nil {
		return url.Values{}
	}
	return maps.Clone(query)
}
