package contentful

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/fault"
)

// A CDA reads what is published, or as a CPA what editors see.
type CDA struct {
	Entries, Assets, ContentTypes, Locales, Tags Resource
	Concepts                                     Resource // of the taxonomy: by Cursor only
	Sync                                         Sync     // not of the preview API
}

// NewCDA returns a client of the delivery API. The error is a fault.Invalid for
// options that cannot work.
func NewCDA(token string, o Options) (*CDA, error) { return newDelivery("cda", token, o) }

// NewCPA returns a client of the preview API, which has drafts too.
func NewCPA(token string, o Options) (*CDA, error) { return newDelivery("cpa", token, o) }

func newDelivery(api, token string, o Options) (*CDA, error) {
	c, err := newClient(api, deliveryType, token, o)
	if err != nil {
		return nil, err
	}
	in := func(path string) Resource { return Resource{c, c.inEnvironment(path)} }
	return &CDA{
		Entries: in("/entries"), Assets: in("/assets"), ContentTypes: in("/content_types"),
		Locales: in("/locales"), Tags: in("/tags"), Concepts: in("/taxonomy/concepts"), Sync: Sync{c},
	}, nil
}

// A Sync reads what is published, and then what has changed since.
type Sync struct{ c *client }

// A SyncPage is one page of a sync. Its items are entries and assets with the
// values of all locales, and DeletedEntry and DeletedAsset.
type SyncPage struct {
	Items []Item
	// Token asks for what follows: the next page if there is More, else, later,
	// what has changed.
	Token string
	More  bool
}

// syncLimit is the most items that a page of a sync may have.
const syncLimit = 100

// Initial begins a sync of everything, with up to limit items a page (1 to 100,
// 0 = 100). Pages that would be above 7 MB are an error that TooBig tells: begin
// again with a smaller limit, which the token carries.
func (s Sync) Initial(ctx context.Context, limit int) (*SyncPage, error) {
	if limit <= 0 || limit > syncLimit {
		limit = syncLimit
	}
	return s.page(ctx, url.Values{"initial": {"true"}, "limit": {strconv.Itoa(limit)}})
}

// Next goes on from a token. The error is BadRequest or InvalidQuery for a token
// that is no longer good: begin again.
func (s Sync) Next(ctx context.Context, token string) (*SyncPage, error) {
	return s.page(ctx, url.Values{"sync_token": {token}})
}

// TooBig reports whether an answer would have been above the API's limit of 7 MB.
func TooBig(err error) bool { return tooBig(err) }

func (s Sync) page(ctx context.Context, query url.Values) (*SyncPage, error) {
	var wire struct {
		Items       []Item
		NextPageURL string `json:"nextPageUrl"`
		NextSyncURL string `json:"nextSyncUrl"`
	}
	path := s.c.inEnvironment("/sync")
	if err := s.c.get(ctx, path, query, &wire); err != nil {
		return nil, err
	}
	page := &SyncPage{Items: wire.Items, More: wire.NextPageURL != ""}
	next := wire.NextSyncURL
	if page.More {
		next = wire.NextPageURL
	}
	// The path of the address may lack the environment; its token is what counts.
	_, params, _ := strings.Cut(next, "?")
	if values, err := url.ParseQuery(params); err == nil {
		page.Token = values.Get("sync_token")
	}
	if page.Token == "" {
		return nil, fault.New(fault.Unavailable, "GET %s%s: the answer has neither nextPageUrl nor nextSyncUrl", s.c.base, path)
	}
	return page, nil
}

// Instant returns the instant of sys.updatedAt and its like, and the zero time
// for what is none.
func Instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
