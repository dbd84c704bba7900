// Command edge is the smallest site that can stand behind a cache: it renders a
// page of Segue as HTML for the key that the cache found out, knows nothing of
// visitors, and has its own copy of what everybody sees for when Segue is away.
//
//	go run ./examples/edge -listen 127.0.0.1:3000 -segue http://127.0.0.1:8080
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "where the site listens")
	segue := flag.String("segue", "http://127.0.0.1:8080", "where Segue is")
	flag.Parse()
	server := &http.Server{Addr: *listen, Handler: newSite(*segue, patience), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("listening on http://%s", *listen)
	log.Fatal(server.ListenAndServe())
}

// A site renders the pages of Segue: / is the home page, any other path the page
// with that slug.
type site struct {
	segue  string
	client *http.Client

	mu        sync.Mutex
	baselines map[string]baseline // by path
}

// A baseline is what everybody sees, as of an instant.
type baseline struct {
	html []byte
	at   time.Time
}

const (
	// patience is how long the site waits for Segue.
	patience = 50 * time.Millisecond
	// fresh is how long a copy of the baseline is not asked for again.
	fresh = time.Minute
)

func newSite(segue string, patience time.Duration) *site {
	return &site{segue: segue, client: &http.Client{Timeout: patience}, baselines: map[string]baseline{}}
}

// passed are the headers of a page that hold for its HTML too.
var passed = []string{"Cache-Control", "CDN-Cache-Control", "Surrogate-Key", "Cache-Tag", "Edge-Cache-Tag", "Netlify-Cache-Tag", "Cache-Groups"}

// ServeHTTP answers with the page for the key in X-Segue-Key, or with the
// baseline.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	if key := r.Header.Get("X-Segue-Key"); key != "" {
		s.refresh(r.URL.Path)
		html, from, err := s.page(r.URL.Path, key)
		if err == nil {
			for _, name := range passed {
				if value := from.Get(name); value != "" {
					header.Set(name, value)
				}
			}
			_, _ = w.Write(html)
			return
		}
		log.Printf("%s: %v: the baseline is served", r.URL.Path, err)
	}
	header.Set("Cache-Control", "no-store")
	s.refresh(r.URL.Path)
	s.mu.Lock()
	html := s.baselines[r.URL.Path].html
	s.mu.Unlock()
	if html == nil {
		http.Error(w, "The shop is closed for a moment.", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write(html)
}

// refresh asks for the baseline of a path, in the background if there is a copy.
func (s *site) refresh(path string) {
	s.mu.Lock()
	b := s.baselines[path]
	old := time.Since(b.at) > fresh
	if old {
		s.baselines[path] = baseline{b.html, time.Now()}
	}
	s.mu.Unlock()
	if !old {
		return
	}
	ask := func() {
		html, _, err := s.page(path, "-") // no key is answered with the baseline
		if err != nil {
			html = b.html
		}
		s.mu.Lock()
		s.baselines[path] = baseline{html, time.Now()}
		s.mu.Unlock()
	}
	if b.html == nil {
		ask()
	} else {
		go ask()
	}
}

// page returns the HTML of a page, and the headers that its JSON came with.
func (s *site) page(path, key string) ([]byte, http.Header, error) {
	name := "page:" + cmp.Or(strings.Trim(path, "/"), "home")
	res, err := s.client.Get(s.segue + "/v1/pages/" + url.PathEscape(name) + "/" + url.PathEscape(key))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, nil, fmt.Errorf("answered %s", res.Status)
	}
	html, err := render(body)
	return html, res.Header, err
}

// An entry is what the site shows of one.
type entry struct {
	Sys    struct{ ID string }
	Fields struct {
		Title, Eyebrow, Headline, Text string
		Sections                       []entry
	}
}

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Fields.Title}}</title>
<body>{{range .Fields.Sections}}
<section id="{{.Sys.ID}}">{{with .Fields}}
  {{with .Eyebrow}}<p>{{.}}</p>{{end}}<h2>{{or .Headline .Title}}</h2>{{with .Text}}<p>{{.}}</p>{{end}}{{end}}
</section>{{end}}
</body></html>
`))

// render returns the HTML of a page's JSON.
func render(page []byte) ([]byte, error) {
	var e entry
	if err := json.Unmarshal(page, &e); err != nil {
		return nil, fmt.Errorf("the page is not understood: %w", err)
	}
	var html bytes.Buffer
	err := layout.Execute(&html, e)
	return html.Bytes(), err
}
