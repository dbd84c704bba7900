package mirror

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/segue-dev/segue/internal/contentful"
	"github.com/segue-dev/segue/internal/contentful/space"
)

// A source is where a mirror reads a space from.
type source interface {
	// all yields everything there is, and returns the token of what follows.
	all(ctx context.Context, take func(contentful.Item)) (token string, err error)
	// since yields what changed after a token, perhaps more. The error is
	// errStale if the token is no longer good.
	since(ctx context.Context, token string, take func(contentful.Item)) (next string, err error)
}

// errStale says that a copy cannot be brought up to date, only made anew.
var errStale = errors.New("the copy cannot be brought up to date")

// A synced source is what is published.
type synced struct{ cda *contentful.CDA }

// firstLimit is the size of page that is tried first: the most a sync allows.
const firstLimit = 100

// all begins again with half the items a page when one is above 7 MB, since a
// sync keeps to the limit it began with. What was taken already comes again.
func (s synced) all(ctx context.Context, take func(contentful.Item)) (string, error) {
	for limit := firstLimit; ; limit /= 2 {
		page, err := s.cda.Sync.Initial(ctx, limit)
		token, err := s.follow(ctx, take, page, err)
		if !contentful.TooBig(err) || limit == 1 {
			return token, err
		}
	}
}

func (s synced) since(ctx context.Context, token string, take func(contentful.Item)) (string, error) {
	page, err := s.cda.Sync.Next(ctx, token)
	next, err := s.follow(ctx, take, page, err)
	if errors.Is(err, contentful.BadRequest) || errors.Is(err, contentful.InvalidQuery) || errors.Is(err, contentful.ValidationFailed) {
		return "", fmt.Errorf("%w: the sync token is no longer good: %w", errStale, err)
	}
	return next, err
}

// follow yields the items of a page and of all that follow it.
func (s synced) follow(ctx context.Context, take func(contentful.Item), page *contentful.SyncPage, err error) (string, error) {
	for ; err == nil; page, err = s.cda.Sync.Next(ctx, page.Token) {
		for _, item := range page.Items {
			take(item)
		}
		if !page.More {
			return page.Token, nil
		}
	}
	return "", err
}

// A polled source is what editors see. Its token is the instant of the latest
// change that is known; deletions are not among changes.
type polled struct{ cpa *contentful.CDA }

// overlap is how far before the latest known change is asked for more: not all
// changes become visible in the order of their instants.
const overlap = 5 * time.Second

func (p polled) all(ctx context.Context, take func(contentful.Item)) (string, error) {
	var newest time.Time
	for _, kind := range kinds {
		if err := latest(resourceOf(p.cpa, kind).Cursor(ctx, whole(kind)), &newest, take); err != nil {
			return "", err
		}
	}
	return newest.UTC().Format(time.RFC3339Nano), nil
}

func (p polled) since(ctx context.Context, token string, take func(contentful.Item)) (string, error) {
	newest := contentful.Instant(token)
	from := newest.Add(-overlap).UTC().Format("2006-01-02T15:04:05.000Z")
	for _, kind := range kinds {
		query := whole(kind)
		query.Set("order", "sys.updatedAt,sys.id")
		query.Set("sys.updatedAt[gte]", from)
		if err := latest(resourceOf(p.cpa, kind).All(ctx, query), &newest, take); err != nil {
			return "", err
		}
	}
	return newest.UTC().Format(time.RFC3339Nano), nil
}

var kinds = []space.Kind{space.Entry, space.Asset}

// whole asks for the values of all locales, and for nothing that is linked.
func whole(kind space.Kind) url.Values {
	query := url.Values{"locale": {"*"}}
	if kind == space.Entry {
		query.Set("include", "0")
	}
	return query
}

// latest yields items and notes when the latest of them changed.
func latest(items iter.Seq2[contentful.Item, error], newest *time.Time, take func(contentful.Item)) error {
	for item, err := range items {
		if err != nil {
			return err
		}
		if at := contentful.Instant(item.Sys.UpdatedAt); at.After(*newest) {
			*newest = at
		}
		take(item)
	}
	return nil
}

// modelOf reads types, locales, tags and concepts. A space whose organization
// has no taxonomy has no concepts.
func modelOf(ctx context.Context, api *contentful.CDA) (m space.Model, err error) {
	for _, part := range []struct {
		items iter.Seq2[contentful.Item, error]
		into  *[]json.RawMessage
	}{
		{api.ContentTypes.All(ctx, url.Values{"order": {"sys.id"}}), &m.Types},
		{api.Locales.All(ctx, nil), &m.Locales},
		{api.Tags.All(ctx, nil), &m.Tags},
		{api.Concepts.Cursor(ctx, nil), &m.Concepts},
	} {
		for item, err := range part.items {
			if part.into == &m.Concepts && absent(err) {
				break
			}
			if err != nil {
				return space.Model{}, err
			}
			*part.into = append(*part.into, item.Raw)
		}
	}
	return m, nil
}

// absent reports whether an error says that there is no such thing for us.
func absent(err error) bool {
	e, ok := errors.AsType[*contentful.Error](err)
	return ok && (e.Status == http.StatusNotFound || e.Status == http.StatusForbidden)
}

// lookUp returns what the API has of an entry or asset, in all locales; ok is
// false if it has nothing.
func lookUp(ctx context.Context, api *contentful.CDA, ref space.Ref) (c change, ok bool, err error) {
	query := whole(ref.Kind)
	query.Set("sys.id", ref.ID)
	page, err := resourceOf(api, ref.Kind).List(ctx, query)
	if err != nil {
		return change{}, false, err
	}
	for _, item := range page.Items {
		if c, ok := changeOf(item); ok && c.Ref == ref {
			return c, true, nil
		}
	}
	return change{}, false, nil
}

func resourceOf(api *contentful.CDA, kind space.Kind) contentful.Resource {
	if kind == space.Asset {
		return api.Assets
	}
	return api.Entries
}

// newestOf returns how many entries, or assets, there are, and the one that
// changed last; ok is false if there is none.
func newestOf(ctx context.Context, api *contentful.CDA, kind space.Kind) (total int, newest change, ok bool, err error) {
	query := whole(kind)
	query.Set("order", "-sys.updatedAt")
	query.Set("limit", "1")
	page, err := resourceOf(api, kind).List(ctx, query)
	if err != nil {
		return 0, change{}, false, err
	}
	for _, item := range page.Items {
		newest, ok = changeOf(item)
	}
	return page.Total, newest, ok, nil
}
