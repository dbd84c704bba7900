package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/idlist"
)

type lists struct {
	Show   showLists  `cmd:"" default:"withargs" help:"Show which lists there are."`
	Put    putList    `cmd:"" help:"Upload a list in place of the one there may be."`
	Delete deleteList `cmd:"" help:"Delete a list."`
}

// keptLists is embedded by commands that work on the lists of a store, or of a
// running Segue, which alone may open an embedded store.
type keptLists struct {
	configured
	To string `help:"Ask the running Segue whose admin listener this is, instead of opening the store." placeholder:"URL"`
}

// open returns the lists and what to call in the end.
func (k keptLists) open(env Env) (idlist.Store, func() error, error) {
	if k.To != "" {
		return &remoteLists{strings.TrimSuffix(k.To, "/") + "/admin/v1/lists"}, func() error { return nil }, nil
	}
	cfg, err := k.load(env)
	if err != nil {
		return nil, nil, err
	}
	store, err := app.OpenStore(cfg, nil, env.quiet(cfg))
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// with calls f with the lists.
func (k keptLists) with(env Env, f func(idlist.Store) error) error {
	store, closing, err := k.open(env)
	if err != nil {
		return err
	}
	return errors.Join(f(store), closing())
}

type showLists struct {
	keptLists
	output
}

type listsReport struct {
	Lists []listReport `json:"lists"`
}

type listReport struct {
	Key     string `json:"key"`
	Version string `json:"version"`
}

// Run prints the lists there are.
func (s showLists) Run(ctx context.Context, env Env) error {
	return s.with(env, func(store idlist.Store) error {
		versions, err := store.ListVersions(ctx)
		if err != nil {
			return err
		}
		report := listsReport{Lists: []listReport{}}
		for _, key := range slices.Sorted(maps.Keys(versions)) {
			report.Lists = append(report.Lists, listReport{Key: key, Version: versions[key]})
		}
		return s.print(env.Stdout, report)
	})
}

func (r listsReport) items() []any {
	items := make([]any, len(r.Lists))
	for i, l := range r.Lists {
		items[i] = l
	}
	return items
}

func (r listsReport) table(b *strings.Builder) {
	fmt.Fprintln(b, "LIST\tVERSION")
	for _, l := range r.Lists {
		fmt.Fprintf(b, "%s\t%s\n", l.Key, l.Version)
	}
}

type putList struct {
	keptLists
	Key  string `arg:"" help:"Key of the list, as rules name it."`
	File string `arg:"" help:"One id a line, or a CSV file with the ids in its first column." type:"existingfile"`
}

// Run uploads a list.
func (p putList) Run(ctx context.Context, env Env) error {
	if err := idlist.CheckKey(p.Key); err != nil {
		return usageError{err}
	}
	file, err := os.Open(p.File)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // nothing was written
	l, err := idlist.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", p.File, err)
	}
	return p.with(env, func(store idlist.Store) error {
		if err := store.PutList(ctx, p.Key, l); err != nil {
			return err
		}
		_, err := fmt.Fprintf(env.Stderr, "list %s has %d ids\n", p.Key, l.Len())
		return err
	})
}

type deleteList struct {
	keptLists
	Key string `arg:"" help:"Key of the list."`
}

// Run deletes a list.
func (d deleteList) Run(ctx context.Context, env Env) error {
	return d.with(env, func(store idlist.Store) error { return store.DeleteList(ctx, d.Key) })
}

// remoteLists are those of a running Segue.
type remoteLists struct{ url string }

// PutList implements idlist.Store.
func (r *remoteLists) PutList(ctx context.Context, key string, l *idlist.List) error {
	return r.call(ctx, http.MethodPut, key, strings.NewReader(l.Text()), nil)
}

// List implements idlist.Store, which no server shows to anybody.
func (r *remoteLists) List(context.Context, string) (*idlist.List, error) {
	return nil, errors.New("a running Segue does not give its lists away")
}

// ListVersions implements idlist.Store.
func (r *remoteLists) ListVersions(ctx context.Context) (map[string]string, error) {
	var answer listsReport
	if err := r.call(ctx, http.MethodGet, "", nil, &answer); err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, l := range answer.Lists {
		versions[l.Key] = l.Version
	}
	return versions, nil
}

// DeleteList implements idlist.Store.
func (r *remoteLists) DeleteList(ctx context.Context, key string) error {
	return r.call(ctx, http.MethodDelete, key, nil, nil)
}

// call asks the server and reads its JSON into answer, unless that is nil.
func (r *remoteLists) call(ctx context.Context, method, key string, body io.Reader, answer any) error {
	target := r.url
	if key != "" {
		target += "/" + url.PathEscape(key)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		var problem struct{ Detail string }
		_ = json.NewDecoder(bytes.NewReader(raw)).Decode(&problem) // else the status says enough
		return fmt.Errorf("%s answers %s: %s", r.url, res.Status, problem.Detail)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(raw, answer)
}
