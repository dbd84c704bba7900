// Package site is the storefront as a page one can open: content of the CMS as
// HTML, and Segue's client and API under the same origin. It shows the three
// ways to personalize a page, from the quickest to the most convenient:
//
//   - A request with the header X-Segue-Key, which a proxy or an edge function
//     adds after asking /v1/edge, is answered with the page for that key. The
//     cache in front keeps one copy for each key.
//   - With Options.PerVisitor, the site itself asks /v1/resolve and sends the
//     visitor's page, and the answer for the client to go on with.
//   - Otherwise the page is the same for everybody, with the variants of its
//     components beside them in templates; the client chooses in the browser.
//
// It uses nothing of Segue but its HTTP API, and may be copied.
package site

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options are the settings of a site.
type Options struct {
	Export     string        // path of the space export
	Segue      string        // URL of Segue's public API
	PerVisitor bool          // pages are resolved here and not in the browser
	Patience   time.Duration // for Segue to answer; 0 = 300 ms
	Log        *slog.Logger  // nil = slog.Default()
}

// A shop serves the site.
type shop struct {
	content    *export
	segue      *url.URL
	perVisitor bool
	client     *http.Client
	log        *slog.Logger
}

// New returns the handler of the site: its pages, and all that begins with
// /v1/ or /segue as Segue answers it.
func New(opts Options) (http.Handler, error) {
	file, err := os.Open(opts.Export)
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	defer file.Close()
	content, err := readExport(file, "en-US")
	if err != nil {
		return nil, fmt.Errorf("site: %s: %w", opts.Export, err)
	}
	at, err := url.Parse(opts.Segue)
	if err != nil {
		return nil, fmt.Errorf("site: address of Segue: %w", err)
	}
	s := &shop{content: content, segue: at, perVisitor: opts.PerVisitor, log: opts.Log}
	if s.log == nil {
		s.log = slog.Default()
	}
	if opts.Patience == 0 {
		opts.Patience = 300 * time.Millisecond
	}
	s.client = &http.Client{Timeout: opts.Patience}
	return s.routes(), nil
}

func (s *shop) routes() http.Handler {
	mux := http.NewServeMux()
	for _, name := range []string{"style.css", "shop.js", "art.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "max-age=300")
			http.ServeFileFS(w, r, files, name)
		})
	}
	mux.Handle("/v1/", s.proxy())
	mux.HandleFunc("/", s.page)
	return mux
}

// proxy passes requests on to Segue, and tells it the visitor's address.
func (s *shop) proxy() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(s.segue)
			r.SetXForwarded()
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if !errors.Is(err, context.Canceled) {
				s.log.Warn("segue did not answer", "path", r.URL.Path, "err", err)
			}
			w.WriteHeader(http.StatusBadGateway)
		},
	}
}

func (s *shop) page(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/segue.") {
		s.proxy().ServeHTTP(w, r)
		return
	}
	slug := strings.Trim(r.URL.Path, "/")
	if slug == "" {
		slug = "home"
	}
	if s.content.pageAt(slug) == "" {
		s.synthetic(w, r, slug)
		return
	}
	v, caching := s.view(w, r, "page:"+slug)
	w.Header().Set("Cache-Control", caching)
	s.send(w, http.StatusOK, v)
}

const (
	forEverybody = "public, max-age=0, s-maxage=60"
	forOne       = "private, no-cache"
)

// view returns a page in the way that suits the request, and who may keep it.
// Without Segue it is the page for everybody.
func (s *shop) view(w http.ResponseWriter, r *http.Request, ref string) (view, string) {
	path := r.URL.Path
	baseline := s.content.entry(s.content.pageAt(strings.TrimPrefix(ref, "page:")))
	if key := r.Header.Get("X-Segue-Key"); key != "" {
		page, err := s.keyed(r.Context(), ref, key)
		if err == nil {
			return composedView(path, ref, page), forEverybody
		}
		s.log.Warn("no page for a key", "key", key, "err", err)
		return s.content.staticView(path, ref, baseline), "no-store"
	}
	if s.perVisitor {
		got, state, err := s.resolve(w, r, ref)
		if err == nil {
			return visitorView(path, ref, baseline, got, state), forOne
		}
		s.log.Warn("not resolved", "err", err)
	}
	return s.content.staticView(path, ref, baseline), forEverybody
}

// synthetic answers with a page that no editor made: a product, the basket, or
// that there is none.
func (s *shop) synthetic(w http.ResponseWriter, r *http.Request, slug string) {
	middle, status := object{"sys": typed("notFound")}, http.StatusNotFound
	title := "Nothing here"
	if name, ok := strings.CutPrefix(slug, "products/"); ok {
		if product := s.content.entry(s.content.find("product", name)); product != nil {
			title, _ = field(product, "name").(string)
			middle = object{"sys": typed("productDetail"), "fields": object{"product": product, "button": "Add to basket"}}
			status = http.StatusOK
		}
	} else if slug == "basket" {
		title, middle, status = "Basket", object{"sys": typed("basket")}, http.StatusOK
	}
	page := object{"fields": object{"title": title, "sections": []any{
		s.content.entry("home-promo-strip"), middle, s.content.entry("home-reassurance"), s.content.entry("site-footer"),
	}}}
	w.Header().Set("Cache-Control", forEverybody)
	s.send(w, status, s.content.staticView(r.URL.Path, "", page))
}

// typed returns the sys of an entry of a content type that only this site has.
func typed(contentType string) object {
	return object{"contentType": object{"sys": object{"id": contentType}}}
}

func (s *shop) send(w http.ResponseWriter, status int, v view) {
	var b bytes.Buffer
	if err := render(&b, v); err != nil {
		s.log.Error("page failed", "err", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the client is gone if this fails
}

// policy allows nothing that is not of this site, and no other style in a page
// than hide.
var policy = func() string {
	sum := sha256.Sum256([]byte(hide))
	return "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; " +
		"style-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
}()

// keyed returns the page for a key.
func (s *shop) keyed(ctx context.Context, ref, key string) (page object, err error) {
	at := s.segue.JoinPath("v1", "pages", url.PathEscape(ref), url.PathEscape(key))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	raw, _, err := s.ask(req)
	if err != nil {
		return nil, err
	}
	return page, json.Unmarshal(raw, &page)
}

// passed are the headers by which Segue knows the visitor and what they use.
var passed = []string{"Cookie", "User-Agent", "Accept-Language", "Referer", "Sec-Fetch-Mode", "Sec-Purpose", "Sec-GPC", "X-Forwarded-Proto"}

// resolve asks what the visitor of a request should see, and hands on the cookies
// that Segue sets. state is the answer without the page.
func (s *shop) resolve(w http.ResponseWriter, r *http.Request, ref string) (got answer, state json.RawMessage, err error) {
	at := s.segue.JoinPath("v1", "resolve")
	at.RawQuery = url.Values{"page": {ref}}.Encode()
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, at.String(), nil)
	if err != nil {
		return got, nil, err
	}
	for _, name := range passed {
		req.Header[name] = r.Header[name]
	}
	raw, header, err := s.ask(req)
	if err != nil {
		return got, nil, err
	}
	w.Header()["Set-Cookie"] = header["Set-Cookie"]
	if err := json.Unmarshal(raw, &got); err != nil {
		return got, nil, err
	}
	var rest map[string]json.RawMessage
	if err := json.Unmarshal(raw, &rest); err != nil {
		return got, nil, err
	}
	delete(rest, "page") // it is on the page already
	state, err = json.Marshal(rest)
	return got, state, err
}

func (s *shop) ask(req *http.Request) (body []byte, header http.Header, err error) {
	res, err := s.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.200s", req.URL.Path, res.Status, body)
	}
	return body, res.Header, err
}
