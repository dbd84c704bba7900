package purge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/permutation"
)

// varnish is told by PURGE with tags, as vmod xkey or bans find them.
type varnish struct{ client }

// Varnish returns a Varnish at an address, whose VCL must take the tags of the
// header xkey-purge, with blanks between, from us.
func Varnish(address string) (Target, error) {
	c, err := newClient("varnish", address)
	return &varnish{c}, err
}

// Most keeps the header below the 8 KiB that Varnish reads.
func (*varnish) Most() int { return 50 }

// Purge implements Target.
func (v *varnish) Purge(ctx context.Context, drops []Drop, _ time.Time) error {
	r, err := v.request(ctx, "PURGE", "/", "")
	if err != nil {
		return err
	}
	r.Header.Set("xkey-purge", strings.Join(tagsOf(drops), " "))
	_, err = v.do(r)
	return err
}

// nginx is told by PURGE of a path for each permutation.
type nginx struct{ client }

// Nginx returns an nginx that drops a permutation on PURGE of
// ADDRESS/PAGE/KEY, with ?locale= if the page was asked for with a locale. PAGE
// is the id of its entry, and each name by which it was asked for.
func Nginx(address string) (Target, error) {
	c, err := newClient("nginx", address)
	return &nginx{c}, err
}

// Most implements Target.
func (*nginx) Most() int { return 100 }

// Purge implements Target. What nginx does not hold it answers 404 or 412.
func (n *nginx) Purge(ctx context.Context, drops []Drop, _ time.Time) error {
	for _, d := range drops {
		for _, name := range namesOf(d) {
			below := "/" + url.PathEscape(name.Page) + "/" + url.PathEscape(d.Key)
			if name.Locale != "" {
				below += "?locale=" + url.QueryEscape(name.Locale)
			}
			r, err := n.request(ctx, "PURGE", below, "")
			if err != nil {
				return err
			}
			if _, err := n.do(r, http.StatusNotFound, http.StatusPreconditionFailed); err != nil {
				return err
			}
		}
	}
	return nil
}

// namesOf returns the names under which a cache may keep d: those by which it
// was asked for, and the id of its entry in the same ways of naming a locale.
func namesOf(d Drop) []permutation.Ref {
	names := slices.Clone(d.Names)
	add := func(r permutation.Ref) {
		if !slices.Contains(names, r) {
			names = append(names, r)
		}
	}
	for _, name := range d.Names {
		add(permutation.Ref{Page: d.Page, Locale: name.Locale})
	}
	if len(d.Names) == 0 {
		add(permutation.Ref{Page: d.Page})
	}
	return names
}

// fastly is told by its API.
type fastly struct {
	client
	token string
}

// FastlyAPI is where Fastly is asked.
const FastlyAPI = "https://api.fastly.com"

// Fastly returns a service of Fastly, asked at api.
func Fastly(api, service, token string) (Target, error) {
	c, err := newClient("fastly", api+"/service/"+url.PathEscape(service)+"/purge")
	return &fastly{c, token}, err
}

// Most implements Target.
func (*fastly) Most() int { return 256 }

// Purge implements Target.
func (f *fastly) Purge(ctx context.Context, drops []Drop, _ time.Time) error {
	r, err := f.request(ctx, http.MethodPost, "", "")
	if err != nil {
		return err
	}
	r.Header.Set("Fastly-Key", f.token)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Surrogate-Key", strings.Join(tagsOf(drops), " "))
	_, err = f.do(r)
	return err
}

// cloudflare is told by its API.
type cloudflare struct {
	client
	token string
}

// CloudflareAPI is where Cloudflare is asked.
const CloudflareAPI = "https://api.cloudflare.com/client/v4"

// Cloudflare returns a zone of Cloudflare, asked at api.
func Cloudflare(api, zone, token string) (Target, error) {
	c, err := newClient("cloudflare", api+"/zones/"+url.PathEscape(zone)+"/purge_cache")
	return &cloudflare{c, token}, err
}

// Most is how many tags all plans take at once.
func (*cloudflare) Most() int { return 30 }

// Purge implements Target.
func (c *cloudflare) Purge(ctx context.Context, drops []Drop, _ time.Time) error {
	body, err := json.Marshal(map[string][]string{"tags": tagsOf(drops)})
	if err != nil {
		return fmt.Errorf("encode tags: %w", err)
	}
	r, err := c.request(ctx, http.MethodPost, "", string(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := c.do(r)
	if err != nil {
		return err
	}
	var said struct{ Success bool }
	if json.Unmarshal(answer, &said) != nil || !said.Success {
		return errors.New("answered that it was no success")
	}
	return nil
}
