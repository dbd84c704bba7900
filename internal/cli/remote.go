package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/segue-dev/segue/internal/ingest"
	"github.com/segue-dev/segue/internal/signal"
)

const (
	// remoteBytes is how many bytes of messages one request has at most, well
	// below what a server takes.
	remoteBytes = 500 << 10
	// remotePatience is how long one request may take.
	remotePatience = 30 * time.Second
	// remoteTries is how often a request is sent before its failure counts.
	remoteTries = 12
	// remotePause is the first pause between tries; it doubles, up to
	// remoteLongest.
	remotePause   = 100 * time.Millisecond
	remoteLongest = 10 * time.Second
)

// A remote takes signals in by sending them to a running Segue. Sending again
// is safe: every message has an id.
type remote struct {
	url    string
	client *http.Client
}

func newRemote(base string) *remote {
	return &remote{strings.TrimSuffix(base, "/") + "/v1/import", &http.Client{Timeout: remotePatience}}
}

// Accept sends a batch in as many requests as it takes.
func (r *remote) Accept(ctx context.Context, b ingest.Batch) (ingest.Receipt, error) {
	var receipt ingest.Receipt
	var items []json.RawMessage
	var indexes []int // in b, of items
	size := 0
	flush := func() error {
		if len(items) == 0 {
			return nil
		}
		err := r.send(ctx, items, indexes, &receipt)
		items, indexes, size = nil, nil, 0
		return err
	}
	for i, m := range b.Messages {
		if err := m.Check(); err != nil {
			receipt.Rejected = append(receipt.Rejected, ingest.Rejection{Index: i, MessageID: m.MessageID, Reason: err.Error()})
			continue
		}
		item, err := json.Marshal(wireOf(b, i))
		if err != nil {
			return receipt, fmt.Errorf("encode a message: %w", err)
		}
		if size+len(item) > remoteBytes {
			if err := flush(); err != nil {
				return receipt, err
			}
		}
		items, indexes, size = append(items, item), append(indexes, i), size+len(item)
	}
	return receipt, flush()
}

// remoteAnswer is what /v1/import answers.
type remoteAnswer struct {
	Accepted   int `json:"accepted"`
	Duplicates int `json:"duplicates"`
	Rejected   []struct {
		Index                    int
		MessageID, Field, Reason string
	} `json:"rejected"`
	Error string `json:"error"`
}

func (r *remote) send(ctx context.Context, items []json.RawMessage, indexes []int, receipt *ingest.Receipt) error {
	body, err := json.Marshal(map[string]any{"batch": items})
	if err != nil {
		return fmt.Errorf("encode a batch: %w", err)
	}
	answer, err := r.post(ctx, body)
	if err != nil {
		return err
	}
	receipt.Accepted += answer.Accepted
	receipt.Duplicates += answer.Duplicates
	for _, one := range answer.Rejected {
		receipt.Rejected = append(receipt.Rejected, ingest.Rejection{
			Index: indexes[one.Index], MessageID: one.MessageID, Field: one.Field, Reason: one.Reason,
		})
	}
	return nil
}

// post sends body until the server has taken it, or says that it never will.
func (r *remote) post(ctx context.Context, body []byte) (remoteAnswer, error) {
	pause := remotePause
	for try := 1; ; try++ {
		answer, again, err := r.try(ctx, body)
		if err == nil || again < 0 || try == remoteTries {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, ctx.Err()
		case <-time.After(max(again, pause)):
		}
		pause = min(2*pause, remoteLongest)
	}
}

// try sends body once. After an error it says how long to wait before the next
// try; never is negative.
func (r *remote) try(ctx context.Context, body []byte) (answer remoteAnswer, again time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url, bytes.NewReader(body))
	if err != nil {
		return answer, -1, fmt.Errorf("--to: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := r.client.Do(req)
	if err != nil {
		return answer, 0, fmt.Errorf("send: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	switch {
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError:
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return answer, time.Duration(seconds) * time.Second, fmt.Errorf("%s answers %s: %s", r.url, res.Status, answer.Error)
	case res.StatusCode != http.StatusOK:
		return answer, -1, fmt.Errorf("%s answers %s: %s", r.url, res.Status, answer.Error)
	case err != nil:
		return answer, 0, fmt.Errorf("%s answers no JSON: %w", r.url, err)
	}
	return answer, 0, nil
}

// wireOf returns message i of b in the JSON of the Segment spec. Its id is the
// one that an Ingester would give it, before its time is moved, so that a
// replay repeated later is recognised.
func wireOf(b ingest.Batch, i int) map[string]any {
	m := b.Messages[i]
	wire := map[string]any{"type": m.Type, "messageId": m.Signal(b.ReceivedAt, b.SentAt, i, 0).ID}
	for key, value := range map[string]string{
		"anonymousId": m.AnonymousID, "userId": m.UserID, "event": m.Event, "name": m.Name,
		"groupId": m.GroupID, "previousId": m.PreviousID,
	} {
		if value != "" {
			wire[key] = value
		}
	}
	times := map[string]time.Time{"timestamp": m.Timestamp}
	if !m.ReceivedAt.IsZero() { // else an import does not look at sentAt
		times["sentAt"], times["receivedAt"] = m.SentAt, m.ReceivedAt
	}
	for key, at := range times {
		if !at.IsZero() {
			wire[key] = at.Add(b.Shift).UTC().Format(time.RFC3339Nano)
		}
	}
	addProps(wire, m)
	return wire
}

// addProps adds the properties or traits of m, and its context.
func addProps(wire map[string]any, m signal.Message) {
	properties, context := map[string]any{}, map[string]any{}
	for _, p := range m.Props {
		if key, ok := strings.CutPrefix(p.Key, "context."); ok {
			nest(context, key, p.Value)
		} else {
			nest(properties, p.Key, p.Value)
		}
	}
	if m.UserAgent != "" {
		context["userAgent"] = m.UserAgent
	}
	wire["context"] = context
	if m.Type == signal.Identify.String() || m.Type == signal.Group.String() {
		wire["traits"] = properties
	} else {
		wire["properties"] = properties
	}
}

// nest puts value at a dotted path of objects; several values at one path
// become an array.
func nest(object map[string]any, path string, value signal.Value) {
	head, rest, deeper := strings.Cut(path, ".")
	if deeper {
		child, ok := object[head].(map[string]any)
		if !ok && object[head] == nil {
			child, ok = map[string]any{}, true
			object[head] = child
		}
		if ok {
			nest(child, rest, value)
			return
		}
		head = path // something else stands there: keep the path as one name
	}
	switch have := object[head].(type) {
	case nil:
		object[head] = plain(value)
	case []any:
		object[head] = append(have, plain(value))
	default:
		object[head] = []any{have, plain(value)}
	}
}

func plain(v signal.Value) any {
	switch v.Kind() {
	case signal.Number:
		f, _ := v.Float()
		return f
	case signal.Bool:
		return v.Bool()
	default:
		return v.String()
	}
}
