package delivery

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/query"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
)

// maxSync is the most items of a page of a sync.
const maxSync = 100

// A syncToken is where a sync is, and what it is of.
type syncToken struct {
	Space       string `json:"s"`
	Environment string `json:"e"`
	Life        string `json:"a"` // of the API when it was given
	Limit       int    `json:"l"`
	Type        string `json:"t,omitempty"` // as asked for; "" = all
	ContentType string `json:"c,omitempty"`
	Since       uint64 `json:"n"`           // the number of the last change that the client knows
	After       *place `json:"i,omitempty"` // in an initial sync: the last item sent
}

// A place is one in an initial sync: assets come first, each kind by age.
type place struct {
	Kind store.Kind `json:"k"`
	At   time.Time  `json:"t"`
	ID   string     `json:"i"`
}

// syncPage answers with a page of a sync.
func syncPage(r *request) (answer, error) {
	params := r.params
	params.Del("access_token")
	t, initial, err := r.syncToken(params)
	if err != nil {
		return answer{}, err
	}
	s := &syncing{r: r, token: t}
	switch {
	case initial && strings.HasPrefix(t.Type, "Del"):
		err = s.deletions()
	case initial || t.After != nil:
		err = s.initial()
	default:
		err = s.delta()
	}
	if err != nil {
		return answer{}, err
	}
	return s.answer()
}

func syncRefused(format string, args ...any) error {
	return wire.Errorf(http.StatusBadRequest, "BadRequest", format, args...)
}

// syncToken reads the parameters of a sync: those of an initial one, or a token
// and nothing else.
func (r *request) syncToken(params url.Values) (t syncToken, initial bool, err error) {
	if params.Has("sync_token") {
		if len(params) > 1 {
			return t, false, syncRefused(`When passing a sync token you can not pass any other parameters. If you want to sync with a specific limit, start a new sync with "initial".`)
		}
		t, err = r.knownToken(params.Get("sync_token"))
		return t, false, err
	}
	if params.Get("initial") != "true" {
		return t, false, syncRefused(`A sync is started with "initial=true", or continued with "sync_token".`)
	}
	t, err = r.newToken(params)
	return t, true, err
}

var syncTypes = []string{"all", "Entry", "Asset", "Deletion", "DeletedEntry", "DeletedAsset"}

// newToken reads the parameters of an initial sync.
func (r *request) newToken(params url.Values) (syncToken, error) {
	scope := r.view.scope
	t := syncToken{Space: scope.Space, Environment: scope.Environment, Life: r.api.syncLife(), Limit: maxSync, Since: r.api.store.Seq()}
	for name := range params {
		value := params.Get(name)
		switch name {
		case "initial":
		case "type":
			if !slices.Contains(syncTypes, value) {
				return t, syncRefused("%q is not a type of a sync: it is one of %s.", value, strings.Join(syncTypes, ", "))
			}
			t.Type = strings.TrimPrefix(value, "all")
		case "content_type":
			t.ContentType = value
		case "limit":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > maxSync {
				return t, syncRefused("The limit of a sync is from 1 to %d.", maxSync)
			}
			t.Limit = n
		default:
			return t, refused(&query.Error{ID: query.InvalidQuery, Message: notApplicable, Details: []query.Detail{
				{Name: "unknown", Path: []string{name}, Details: `The path "` + name + `" is not recognized`},
			}})
		}
	}
	if t.ContentType != "" && t.Type != "Entry" {
		return t, syncRefused(`A sync of a content type must have "type=Entry".`)
	}
	return t, nil
}

func (a *API) syncLife() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.life
}

// knownToken reads a token that was given before.
func (r *request) knownToken(s string) (t syncToken, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	scope := r.view.scope
	if err != nil || json.Unmarshal(raw, &t) != nil || t.Space != scope.Space || t.Environment != scope.Environment ||
		t.Life != r.api.syncLife() || t.Limit < 1 || t.Limit > maxSync {
		return t, expired()
	}
	return t, nil
}

func expired() error {
	return syncRefused("The sync token is invalid or has expired. Start a new sync.")
}

// syncing is a page being made.
type syncing struct {
	r     *request
	token syncToken
	items []byte
	count int
	next  syncToken
	more  bool
}

// wants reports whether the sync is of an item, which is deleted or not.
func (s *syncing) wants(e *store.Entity, deleted bool) bool {
	kind := string(e.Kind)
	if deleted {
		return s.token.Type == "" || s.token.Type == "Deletion" || s.token.Type == "Deleted"+kind
	}
	return s.token.Type == "" || s.token.Type == kind && (s.token.ContentType == "" || s.token.ContentType == e.ContentType)
}

// add adds an item with the values of all locales.
func (s *syncing) add(item *query.Entity) error {
	if s.count > 0 {
		s.items = append(s.items, ',')
	}
	s.count++
	s.items = s.r.view.space.Append(s.items, item, query.AllLocales)
	if len(s.items) > s.r.api.opts.MaxBytes {
		return tooBig(s.r.api.opts.MaxBytes)
	}
	return nil
}

// initial makes a page of all there is. What changes while the client reads its
// pages comes with the first delta.
func (s *syncing) initial() error {
	s.next = s.token
	s.next.After = nil
	for _, kind := range []store.Kind{store.Asset, store.Entry} {
		list := s.r.view.scope.List(kind)
		for _, e := range list[s.token.After.in(kind, list):] {
			if e.Published == nil || !s.wants(e, false) {
				continue
			}
			if s.count == s.token.Limit {
				s.more = true
				return nil
			}
			if err := s.add(s.r.view.item(e)); err != nil {
				return err
			}
			s.next.After = &place{kind, e.CreatedAt, e.ID}
		}
	}
	s.next.After = nil
	return nil
}

// in returns where in the list of a kind a sync that is at p goes on.
func (p *place) in(kind store.Kind, list []*store.Entity) int {
	switch {
	case p == nil || p.Kind == store.Asset && kind == store.Entry:
		return 0
	case p.Kind != kind:
		return len(list)
	}
	at, there := slices.BinarySearchFunc(list, *p, func(e *store.Entity, p place) int {
		return cmp.Or(e.CreatedAt.Compare(p.At), strings.Compare(e.ID, p.ID))
	})
	if there {
		at++
	}
	return at
}

// deletions makes the page that a sync of deletions begins with.
func (s *syncing) deletions() error {
	s.token.Since = 0
	err := s.delta()
	if err != nil { // the environment does not remember that far back
		s.next, err = s.token, nil
		s.next.Since = s.r.api.store.Seq()
	}
	return err
}

// delta makes a page of what has changed.
func (s *syncing) delta() error {
	s.next = s.token
	seq := s.r.api.store.Seq() // before the changes, so that none is between
	changes, ok := s.r.view.scope.Changes(s.token.Since)
	if !ok {
		return expired()
	}
	for _, c := range changes {
		deleted := !c.Deleted.IsZero()
		if !s.wants(c.Entity, deleted) {
			continue
		}
		if s.count == s.token.Limit {
			s.more = true
			return nil
		}
		item := s.r.view.item(c.Entity)
		if deleted {
			item = s.r.view.parsed(s.r.view.scope.Deleted(c.Entity, c.Deleted))
		}
		if err := s.add(item); err != nil {
			return err
		}
		s.next.Since = c.Seq
	}
	s.next.Since = max(s.next.Since, seq)
	return nil
}

// item returns an entity as it is published. It keeps what find and list have
// kept, and keeps nothing of what is no longer current.
func (v *view) item(e *store.Entity) *query.Entity {
	v.mu.Lock()
	defer v.mu.Unlock()
	if k, ok := v.kept[entityKey{e.Kind, e.ID}]; ok && k.of == e {
		return k.shown
	}
	return v.parsed(v.object(e))
}

// answer answers with the page and where to go on.
func (s *syncing) answer() (answer, error) {
	token, err := json.Marshal(s.next)
	if err != nil {
		return answer{}, err
	}
	name := "nextSyncUrl"
	if s.more {
		name = "nextPageUrl"
	}
	next, err := json.Marshal(s.r.self() + "?sync_token=" + base64.RawURLEncoding.EncodeToString(token))
	if err != nil {
		return answer{}, err
	}
	b := append([]byte(`{"sys":{"type":"Array"},"items":[`), s.items...)
	b = append(b, `],"`+name+`":`...)
	return answer{body: append(append(b, next...), '}')}, nil
}

// self returns the URL of the request as the client wrote it, without its query.
func (r *request) self() string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return scheme + r.Host + path
}
