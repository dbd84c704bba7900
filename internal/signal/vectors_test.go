package signal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A vector is one exchange: what a sender posts, and what becomes of each
// message. The files are plain JSON, for any language to run.
type vector struct {
	About      string          `json:"about"`
	ReceivedAt time.Time       `json:"receivedAt"`
	Route      string          `json:"route,omitempty"` // the type that the route names
	Body       json.RawMessage `json:"body"`
	Becomes    []becomes       `json:"becomes"`
}

type becomes struct {
	Visitor   string           `json:"visitor,omitempty"`
	ID        string           `json:"id,omitempty"`
	Type      string           `json:"type,omitempty"`
	Name      string           `json:"name,omitempty"`
	At        *time.Time       `json:"at,omitempty"`
	Flags     []string         `json:"flags,omitempty"`
	Device    string           `json:"device,omitempty"`
	UserID    string           `json:"userId,omitempty"`
	UserAgent string           `json:"userAgent,omitempty"`
	Props     map[string][]any `json:"props,omitempty"`
	Rejected  *rejected        `json:"rejected,omitempty"`
}

type rejected struct {
	Code   signal.Code `json:"code"`
	Field  string      `json:"field,omitempty"`
	Reason string      `json:"reason"`
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/vectors/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			var v vector
			require.NoError(t, json.Unmarshal(raw, &v))
			got := run(t, v)
			if *update {
				v.Becomes = got
				writeVector(t, file, v)
				return
			}
			require.Equal(t, asJSON(t, v.Becomes), asJSON(t, got))
		})
	}
}

func run(t *testing.T, v vector) (out []becomes) {
	t.Helper()
	var messages []signal.Message
	var sentAt time.Time
	var err error
	if v.Route != "" {
		var m signal.Message
		m, err = signal.DecodeTyped(v.Route, v.Body)
		messages = append(messages, m)
	} else {
		messages, sentAt, _, err = signal.DecodeBatch(v.Body)
	}
	require.NoError(t, err)
	for i, m := range messages {
		out = append(out, judge(m, v.ReceivedAt, sentAt, i))
	}
	return out
}

func judge(m signal.Message, receivedAt, sentAt time.Time, pos int) becomes {
	if err := m.Check(); err != nil {
		d, _ := errors.AsType[*signal.Defect](err)
		return becomes{Rejected: &rejected{d.Code, d.Field, d.Error()}}
	}
	s := m.Signal(receivedAt, sentAt, pos, 7*24*time.Hour)
	at := time.UnixMilli(s.At).UTC()
	b := becomes{
		Visitor: m.Visitor(), ID: s.ID, Type: s.Type.String(), Name: s.Name, At: &at, Device: s.Device,
		UserID: s.UserID, UserAgent: m.UserAgent, Props: map[string][]any{},
	}
	for _, f := range []struct {
		flag signal.Flags
		name string
	}{{signal.ClampedFuture, "clamped-future"}, {signal.TooLate, "too-late"}, {signal.Skewed, "skewed"}} {
		if s.Flags&f.flag != 0 {
			b.Flags = append(b.Flags, f.name)
		}
	}
	for _, p := range s.Props {
		b.Props[p.Key] = append(b.Props[p.Key], plain(p.Value))
	}
	return b
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

// writeVector keeps the body of a file as it is laid out and writes what
// becomes of it.
func writeVector(t *testing.T, file string, v vector) {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(v))
	require.NoError(t, os.WriteFile(file, b.Bytes(), 0o644))
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(b)
}
