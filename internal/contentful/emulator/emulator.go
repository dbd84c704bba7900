package emulator

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/segue-dev/segue/internal/contentful/emulator/cma"
	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/faults"
	"github.com/segue-dev/segue/internal/contentful/emulator/host"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
	"github.com/segue-dev/segue/internal/contentful/emulator/webhook"
	"github.com/segue-dev/segue/internal/contentful/emulator/wire"
	"github.com/segue-dev/segue/internal/fault"
)

// Options say what a stand-in starts with.
type Options struct {
	// Export is a space export that every space starts with; nil = spaces start
	// empty.
	Export io.Reader
	// Persist is a file that keeps what was written; when it is there, it counts
	// instead of Export. "" = what was written is gone at the end.
	Persist string
	// Environments are those every space starts with; none = "master".
	Environments []string

	// The tokens of the APIs; "" = "delivery", "preview" and "management".
	Delivery, Preview, Management string

	Now     func() time.Time // nil = time.Now
	Webhook webhook.Options  // its Now and Fault are set here
}

// An Emulator is a stand-in. It is safe for concurrent use.
type Emulator struct {
	Store    *store.Store
	Faults   *faults.Set
	Webhooks *webhook.Sender

	apis    map[string]http.Handler
	cma     *cma.API
	host    http.Handler
	persist *persister
	stop    context.CancelFunc
	tasks   sync.WaitGroup
	wake    chan struct{} // there may be a new scheduled action
}

// New returns a stand-in; it must be closed. The error is a fault.Invalid for an
// export or a persisted file that cannot be used.
func New(o Options) (*Emulator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	e := &Emulator{Faults: &faults.Set{Now: o.Now}, wake: make(chan struct{}, 1), persist: newPersister(o.Persist)}
	o.Webhook.Now, o.Webhook.Fault = o.Now, e.Faults.Webhook
	e.Webhooks = webhook.New(o.Webhook)
	var err error
	if e.Store, err = open(o, e.committed); err != nil {
		return nil, err
	}
	e.mount(o)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.tasks.Go(func() { e.runScheduled(ctx, o.Now) })
	if e.persist != nil {
		e.tasks.Go(func() { e.persist.run(ctx, e.Store) })
	}
	return e, nil
}

// open returns the store of the persisted file if there is one, else of the
// export.
func open(o Options, committed func([]store.Event)) (*store.Store, error) {
	so := store.Options{Environments: o.Environments, Now: o.Now, OnCommit: committed}
	if o.Persist != "" {
		f, err := os.Open(o.Persist)
		switch {
		case err == nil:
			defer f.Close()
			s, err := store.Restore(f, so)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.Persist, err)
			}
			return s, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fault.Wrap(fault.Invalid, err, "the file to persist in")
		}
	}
	if o.Export == nil {
		return store.New(so), nil
	}
	s, err := store.Load(o.Export, so)
	if err != nil {
		if f, ok := o.Export.(*os.File); ok {
			return nil, fmt.Errorf("the export %s: %w", f.Name(), err)
		}
		return nil, fmt.Errorf("the export: %w", err)
	}
	return s, nil
}

// committed tells those who want to know that something was written.
func (e *Emulator) committed(events []store.Event) {
	e.Webhooks.Notify(events)
	e.persist.touch()
	for _, ev := range events {
		if ev.Entity.Kind == store.ScheduledAction {
			select {
			case e.wake <- struct{}{}:
			default:
			}
		}
	}
}

// mount sets up the APIs.
func (e *Emulator) mount(o Options) {
	cda := delivery.New(e.Store, delivery.Options{Token: cmp.Or(o.Delivery, "delivery"), Now: o.Now})
	cpa := delivery.New(e.Store, delivery.Options{Token: cmp.Or(o.Preview, "preview"), Preview: true, Now: o.Now})
	management := cmp.Or(o.Management, "management")
	e.cma = cma.New(e.Store, cma.Options{
		Token: management, Log: e.Webhooks, Now: o.Now,
		AssetHost: func(r *http.Request) string { return r.Host },
	})
	e.apis = map[string]http.Handler{
		"cda":    e.Faults.Wrap("cda", wire.DeliveryType, cda),
		"cpa":    e.Faults.Wrap("cpa", wire.DeliveryType, cpa),
		"cma":    e.Faults.Wrap("cma", wire.ManagementType, e.cma),
		"upload": e.Faults.Wrap("upload", wire.ManagementType, e.cma),
	}
	e.host = host.New(host.Options{Own: e.cma, Apps: e.apis["cma"], Token: management})
}

// API returns one API alone, at the root: cda, cpa, cma or upload; nil for
// another name. Uploaded files are there too.
func (e *Emulator) API(name string) http.Handler {
	api, ok := e.apis[name]
	if !ok {
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !e.serveOwn(w, r) {
			api.ServeHTTP(w, r)
		}
	})
}

// byHost are the APIs by the first label of the host.
var byHost = map[string]string{"cdn": "cda", "preview": "cpa", "api": "cma", "upload": "upload"}

// ServeHTTP answers requests to all APIs, by path or by host.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.serveOwn(w, r) {
		return
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if api, ok := e.apis[name]; ok {
		http.StripPrefix("/"+name, api).ServeHTTP(w, r)
		return
	}
	label, _, _ := strings.Cut(r.Host, ".")
	if api, ok := e.apis[byHost[label]]; ok {
		api.ServeHTTP(w, r)
		return
	}
	wire.Fail(w, wire.ManagementType, wire.UnknownRoute())
}

// serveOwn answers what is not of Contentful's APIs, and reports whether it was.
func (e *Emulator) serveOwn(w http.ResponseWriter, r *http.Request) bool {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/_assets/"):
		e.cma.ServeAsset(w, r)
	case path == "/_emulator/faults":
		e.Faults.ServeHTTP(w, r)
		if r.Method == http.MethodDelete {
			e.Webhooks.Release()
		}
	case path == "/_emulator/space":
		e.serveSpace(w, r)
	case path == host.Path || strings.HasPrefix(path, host.Path+"/"):
		e.host.ServeHTTP(w, r)
	default:
		return false
	}
	return true
}

// serveSpace answers GET with the export of a space and environment, and makes
// them what the export says that is PUT.
func (e *Emulator) serveSpace(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	scope, ok := e.Store.Environment(query.Get("space"), query.Get("environment"))
	if query.Get("space") == "" || !ok {
		http.Error(w, "which? /_emulator/space?space=ID&environment=ID", http.StatusNotFound)
		return
	}
	switch r.Method {
	case http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(scope.Export()) // the client is gone if this fails
	case http.MethodPut:
		if err := scope.Apply(r.Body); err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "GET or PUT", http.StatusMethodNotAllowed)
	}
}

// RunScheduled runs the scheduled actions that are due; it is for tests whose
// clock does not go by itself.
func (e *Emulator) RunScheduled() { e.cma.RunScheduled() }

// runScheduled runs scheduled actions when they are due.
func (e *Emulator) runScheduled(ctx context.Context, now func() time.Time) {
	for {
		wait := time.Hour
		if next := e.cma.RunScheduled(); !next.IsZero() {
			wait = min(wait, max(next.Sub(now()), time.Millisecond))
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-e.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// Close ends what runs in the background: it waits for webhooks under way until
// ctx ends, and writes what is to persist.
func (e *Emulator) Close(ctx context.Context) error {
	e.Webhooks.Close(ctx)
	e.stop()
	e.tasks.Wait()
	return e.persist.save(e.Store)
}
