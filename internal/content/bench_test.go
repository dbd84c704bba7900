package content_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/content"
)

// site returns a space shaped like a marketing site: pages of a banner, a
// navigation, ten sections with rich text, buttons and pictures, and a footer,
// each with the sys the CMS delivers.
func site(pages int) space {
	s := space{
		Locales: []content.Locale{{Code: "en"}},
		Types: []content.Type{
			{ID: "page", Fields: []content.Field{{ID: "title", Localized: true}, {ID: "slug"}, {ID: "sections"}}},
			{ID: "section", Fields: []content.Field{{ID: "headline"}, {ID: "text"}, {ID: "buttons"}, {ID: "image"}}},
			{ID: "button", Fields: []content.Field{{ID: "label"}, {ID: "slug"}, {ID: "style"}}},
		},
	}
	for i := range 20 {
		s.add("button", fmt.Sprint("button", i), "label", `"Read more"`, "slug", `"pricing"`, "style", `"primary"`)
		s.Assets = append(s.Assets, item{Item: content.Item{ID: fmt.Sprint("image", i), Sys: sysOf(fmt.Sprint("image", i), "Asset", ""), Fields: map[string]map[string]json.RawMessage{
			"file": {"en": json.RawMessage(`{"url":"https://assets.example/image.jpg","details":{"size":5939031,"image":{"width":5355,"height":4016}}}`)},
		}}})
	}
	for i := range pages {
		var sections []string
		for j := range 12 {
			id := fmt.Sprintf("section%d-%d", i, j)
			sections = append(sections, string(link(id)))
			s.add("section", id, "headline", richText("Put people first", ""), "text", richText(strings.Repeat("Time saved is time for people. ", 8), fmt.Sprint("button", j)),
				"buttons", fmt.Sprintf("[%s,%s]", link(fmt.Sprint("button", j)), link(fmt.Sprint("button", j+1))),
				"image", fmt.Sprintf(`{"sys":{"type":"Link","linkType":"Asset","id":"image%d"}}`, j))
		}
		s.add("page", fmt.Sprint("page", i), "title", `"A page"`, "slug", fmt.Sprintf(`"page-%d"`, i), "sections", "["+strings.Join(sections, ",")+"]")
	}
	return s
}

// add adds an entry with fields given as names and values.
func (s *space) add(contentType, id string, fields ...string) {
	e := item{Item: content.Item{ID: id, Type: contentType, Sys: sysOf(id, "Entry", contentType), Fields: make(map[string]map[string]json.RawMessage)}}
	for pair := range slices.Chunk(fields, 2) {
		e.Fields[pair[0]] = map[string]json.RawMessage{"en": json.RawMessage(pair[1])}
	}
	s.Entries = append(s.Entries, e)
}

// sysOf returns a sys as the CMS delivers it.
func sysOf(id, kind, contentType string) json.RawMessage {
	sys := fmt.Sprintf(`{"space":{"sys":{"type":"Link","linkType":"Space","id":"abcdefghijkl"}},"id":%q,"type":%q,"createdAt":"2026-09-22T12:12:59.009Z","updatedAt":"2026-09-22T12:15:55.992Z","environment":{"sys":{"id":"master","type":"Link","linkType":"Environment"}},"revision":4`, id, kind)
	if contentType != "" {
		sys += fmt.Sprintf(`,"contentType":{"sys":{"type":"Link","linkType":"ContentType","id":%q}}`, contentType)
	}
	return json.RawMessage(sys + "}")
}

// richText returns a document with a text and, unless it is "", a hyperlink to
// an entry.
func richText(text, target string) string {
	nodes := fmt.Sprintf(`{"nodeType":"text","value":%q,"marks":[],"data":{}}`, text)
	if target != "" {
		nodes += fmt.Sprintf(`,{"nodeType":"entry-hyperlink","data":{"target":%s},"content":[{"nodeType":"text","value":"more","marks":[],"data":{}}]}`, link(target))
	}
	return fmt.Sprintf(`{"nodeType":"document","data":{},"content":[{"nodeType":"paragraph","data":{},"content":[%s]}]}`, nodes)
}

func BenchmarkCompose(b *testing.B) {
	const pages = 40
	shop := site(pages).build(b)
	ids := make([]string, pages)
	for i := range ids {
		ids[i] = fmt.Sprint("page", i)
	}
	took := make([]time.Duration, 0, 1<<20)
	size, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		p, err := shop.Compose(ids[i%pages], "", baselines)
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		size += len(p.JSON)
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds()), "p50-ns")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds()), "p99-ns")
	b.ReportMetric(float64(size)/float64(i), "page-B")
}

func BenchmarkBuild(b *testing.B) {
	for _, pages := range []int{10, 100, 1000} {
		s := site(pages)
		b.Run(fmt.Sprintf("entries=%d", len(s.Entries)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.build(b)
			}
		})
	}
}

func BenchmarkFill(b *testing.B) {
	p, err := bookshop(b).build(b).Compose("welcome", "", baselines)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		p.Fill(func(string) (string, bool) { return "Ada", true })
	}
}
