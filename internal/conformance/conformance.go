// Package conformance holds a running implementation of the segment language to
// the conformance corpus, over HTTP.
//
// It asks for no more than an implementation needs to have: to take signals in
// with the time of their receipt, and to explain a segment at an instant. The
// definitions are given to the implementation beforehand, see Definitions.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/segment/corpus"
)

// A Target is an implementation to be asked.
type Target struct {
	URL   string       // of its public API
	Token string       // sent as a bearer token; "" = none
	HTTP  *http.Client // nil = http.DefaultClient
}

// A Failure is a case that did not come out as it should.
type Failure struct {
	Case  corpus.Case
	Wrong []string
}

// Of returns the cases of a corpus that a project with settings can be asked:
// those with just these settings, but for the cases that arrive live, for
// nobody can choose when a server receives a signal, and those of merged
// visitors, for there is no route to merge them.
func Of(cases []corpus.Case, settings corpus.Settings) []corpus.Case {
	var asked []corpus.Case
	for _, c := range cases {
		if c.Settings == settings && !c.Live && !c.Merged {
			asked = append(asked, c)
		}
	}
	return asked
}

// Definitions writes the segments of cases into a directory, one file each, as
// JSON, which is YAML too.
func Definitions(dir string, cases []corpus.Case) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, c := range cases {
		if err := os.WriteFile(filepath.Join(dir, c.Name+".yaml"), append(c.Definition, '\n'), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Run asks a target about each case, as a visitor of its own, and returns those
// that failed. The error says that the target could not be asked.
func (t Target) Run(ctx context.Context, cases []corpus.Case) ([]Failure, error) {
	var failures []Failure
	for _, c := range cases {
		got, err := t.answer(ctx, c)
		if err != nil {
			return failures, fmt.Errorf("%s: %w", c.Name, err)
		}
		if wrong := c.Differences(got); len(wrong) > 0 {
			failures = append(failures, Failure{c, wrong})
		}
	}
	return failures, nil
}

// answer sends the signals of a case and asks about it.
func (t Target) answer(ctx context.Context, c corpus.Case) (corpus.Answer, error) {
	if err := t.send(ctx, c); err != nil {
		return corpus.Answer{}, err
	}
	if len(c.Context) == 0 {
		return t.explain(ctx, c)
	}
	return t.resolve(ctx, c)
}

// send imports the signals of c as those of a visitor with its name.
func (t Target) send(ctx context.Context, c corpus.Case) error {
	for _, signals := range c.InBatches() {
		if len(signals) == 0 {
			continue
		}
		batch := make([]map[string]any, len(signals))
		for i, raw := range signals {
			if err := json.Unmarshal(raw, &batch[i]); err != nil {
				return err
			}
			batch[i]["anonymousId"] = c.Name
			batch[i]["messageId"] = c.Name + "-" + fmt.Sprint(batch[i]["messageId"])
		}
		if err := t.call(ctx, http.MethodPost, "/v1/import", map[string]any{"batch": batch}, nil); err != nil {
			return err
		}
	}
	return nil
}

// An explanation is what the explain route and resolve say of a segment.
type explanation struct {
	Segment    string
	Member     bool
	Truth      string
	ValidUntil *time.Time
	Truncated  bool
	Saturated  bool
	Proof      *proof
}

type proof struct {
	Truth string
	Of    []proof
}

func (p proof) node() corpus.Node {
	n := corpus.Node{Truth: p.Truth}
	for _, part := range p.Of {
		n.Of = append(n.Of, part.node())
	}
	return n
}

func (e explanation) answer() corpus.Answer {
	a := corpus.Answer{Member: e.Member, Unknown: e.Truth == "unknown", Truncated: e.Truncated, Saturated: e.Saturated}
	if e.ValidUntil != nil {
		a.ValidUntil = *e.ValidUntil
	}
	if e.Proof != nil {
		n := e.Proof.node()
		a.Proof = &n
	}
	return a
}

func (t Target) explain(ctx context.Context, c corpus.Case) (corpus.Answer, error) {
	query := url.Values{"segment": {c.Name}, "at": {c.At.Format(time.RFC3339Nano)}}
	var got struct{ Segments []explanation }
	err := t.call(ctx, http.MethodGet, "/v1/visitors/"+url.PathEscape(c.Name)+"/explain?"+query.Encode(), nil, &got)
	return only(c.Name, got.Segments, err)
}

// resolve asks with what the request says of itself.
func (t Target) resolve(ctx context.Context, c corpus.Case) (corpus.Answer, error) {
	var got struct{ Explain []explanation }
	body := map[string]any{"visitor": c.Name, "context": c.Context, "at": c.At, "explain": true}
	err := t.call(ctx, http.MethodPost, "/v1/resolve", body, &got)
	return only(c.Name, got.Explain, err)
}

func only(segment string, all []explanation, err error) (corpus.Answer, error) {
	if err != nil {
		return corpus.Answer{}, err
	}
	for _, e := range all {
		if e.Segment == segment {
			return e.answer(), nil
		}
	}
	return corpus.Answer{}, fmt.Errorf("the answer has no segment %q: does the target have the definitions of the corpus?", segment)
}

// call sends body as JSON and reads the answer into got, unless that is nil.
func (t Target) call(ctx context.Context, method, path string, body, got any) error {
	var src io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		src = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(t.URL, "/")+path, src)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if t.Token != "" {
		req.Header.Set("Authorization", "Bearer "+t.Token)
	}
	client := t.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s answers %s: %s", method, path, res.Status, raw)
	}
	if got == nil {
		return nil
	}
	return json.Unmarshal(raw, got)
}
