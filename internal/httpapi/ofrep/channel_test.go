package ofrep

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/segue-dev/segue/internal/fault"
)

func TestAChannelSaysWhatWasEvaluated(t *testing.T) {
	s := newChannels(nil)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		context := map[string]any{"targetingKey": rapid.StringMatching(`[a-z]{1,20}`).Draw(t, "visitor")}
		for _, key := range rapid.SliceOf(rapid.StringMatching(`[a-z.]{1,9}`)).Draw(t, "keys") {
			context[key] = rapid.String().Draw(t, "value")
		}
		raw, err := json.Marshal(context)
		require.NoError(t, err)
		q, err := questionOf(raw, rapid.String().Draw(t, "agent"))
		require.NoError(t, err)
		at := now.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)-1).Draw(t, "at")))
		channel := s.seal(q, at)
		if channel == "" {
			require.Greater(t, len(raw)+len(q.agent), maxContext)
			return
		}
		require.Equal(t, channel, s.seal(q, now), "the same within the hour")
		got, err := s.unseal(channel, at.Add(time.Hour))
		require.NoError(t, err)
		require.Equal(t, q, got)
		_, err = s.unseal(channel, now.Add(2*time.Hour))
		require.Equal(t, fault.Unauthorized, fault.KindOf(err))
	})
}

func TestAChannelThatWasTouchedIsRefused(t *testing.T) {
	s := newChannels([]byte("a key of all nodes"))
	now := time.Now()
	q, err := questionOf([]byte(`{"targetingKey":"ana"}`), "")
	require.NoError(t, err)
	channel := s.seal(q, now)
	require.NotContains(t, channel, "ana")
	for i := range channel {
		other := byte('A')
		if channel[i] == other {
			other = 'B'
		}
		touched := channel[:i] + string(other) + channel[i+1:]
		got, err := s.unseal(touched, now)
		if err == nil { // the last digit has bits that say nothing
			require.Equal(t, len(channel)-1, i)
			require.Equal(t, q, got)
		}
	}
	_, err = newChannels([]byte("another key")).unseal(channel, now)
	require.Error(t, err)
	got, err := newChannels([]byte("a key of all nodes")).unseal(channel, now)
	require.NoError(t, err)
	require.Equal(t, q, got)
}

func FuzzUnseal(f *testing.F) {
	s := newChannels([]byte("key"))
	q, err := questionOf([]byte(`{"targetingKey":"ana"}`), "agent")
	require.NoError(f, err)
	f.Add(s.seal(q, time.Now()))
	f.Add(strings.Repeat("_", 40))
	f.Fuzz(func(t *testing.T, channel string) {
		if _, err := s.unseal(channel, time.Now()); err != nil {
			require.Equal(t, fault.Unauthorized, fault.KindOf(err))
		}
	})
}

func FuzzQuestion(f *testing.F) {
	for _, seed := range []string{`{"targetingKey":"ana","page":"home"}`, `{"targetingKey":{"a":[1,null]},"page":7}`, `null`, ``, ` {} `, `{"targetingKey":["a","b"]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, context []byte) {
		if q, err := questionOf(context, ""); err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		} else {
			require.NotEmpty(t, q.visitor)
		}
	})
}
