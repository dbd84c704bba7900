package delivery_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/contentful/emulator/delivery"
	"github.com/segue-dev/segue/internal/contentful/emulator/store"
)

// generated returns an API of a space with n entries of one kilobyte, each
// with links to three others.
func generated(b *testing.B, n int) (*store.Store, *delivery.API) {
	b.Helper()
	s := store.New(store.Options{})
	scope, _ := s.Environment("s", "master")
	text := strings.Repeat("Some words of a text. ", 25)
	require.NoError(b, scope.Update(func(tx *store.Tx) error {
		fields := []any{}
		for _, f := range []string{"title:Symbol", "slug:Symbol", "text:Text", "parts:Array", "price:Integer"} {
			id, typ, _ := strings.Cut(f, ":")
			fields = append(fields, store.Object{"id": id, "type": typ, "items": store.Object{"type": "Link", "linkType": "Entry"}})
		}
		tx.Publish(tx.Create(store.Entity{Kind: store.ContentType, ID: "page", Body: store.Object{"name": "Page", "fields": fields}}))
		for i := range n {
			in := func(v any) store.Object { return store.Object{"en-US": v} }
			link := func(i int) any { return store.Link{LinkType: "Entry", ID: fmt.Sprintf("entry-%06d", i%n)}.Object() }
			tx.Publish(tx.Create(store.Entity{Kind: store.Entry, ID: fmt.Sprintf("entry-%06d", i), ContentType: "page", Body: store.Object{"fields": store.Object{
				"title": in(fmt.Sprintf("Page %d", i)), "slug": in(fmt.Sprintf("/page/%d", i)), "text": in(text),
				"parts": in([]any{link(i + 1), link(i * 7), link(i * 31)}), "price": in(json.Number(fmt.Sprint(i % 1000))),
			}}}))
		}
		return nil
	}))
	return s, delivery.New(s, delivery.Options{Token: "delivery"})
}

func fetch(b *testing.B, api http.Handler, target string) []byte {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, target, nil)
	r.Header.Set("Authorization", "Bearer delivery")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.Fatal(w.Body.String())
	}
	return w.Body.Bytes()
}

// BenchmarkInitialSync reads all pages of an initial sync.
func BenchmarkInitialSync(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		_, api := generated(b, n)
		b.Run(fmt.Sprintf("entries=%d", n), func(b *testing.B) {
			for b.Loop() {
				target := environment + "/sync?initial=true"
				for target != "" {
					var p page
					require.NoError(b, json.Unmarshal(fetch(b, api, target), &p))
					target = strings.TrimPrefix(p.NextPageURL, "http://example.com")
				}
			}
		})
	}
}

// BenchmarkQuery asks a space of 100,000 entries.
func BenchmarkQuery(b *testing.B) {
	s, api := generated(b, 100_000)
	fetch(b, api, environment+"/entries?limit=1") // what is kept is made
	for _, q := range []string{
		"sys.id=entry-050000&include=2", "limit=100", "limit=1000&cursor=true&order=sys.id&include=0",
		"content_type=page&fields.slug=/page/5", "content_type=page&fields.price[gt]=990&order=fields.title", "links_to_entry=entry-000001",
	} {
		b.Run(q, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fetch(b, api, environment+"/entries?"+q)
			}
		})
	}
	b.Run("after a publish", func(b *testing.B) {
		scope, _ := s.Environment("s", "master")
		for b.Loop() {
			require.NoError(b, scope.Update(func(tx *store.Tx) error {
				e, _ := tx.Get(store.Entry, "entry-000007")
				tx.Publish(e)
				return nil
			}))
			fetch(b, api, environment+"/entries?limit=1")
		}
	})
}
