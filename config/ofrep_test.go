package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSettingsOfOFREP(t *testing.T) {
	c, err := parse("f.yaml", []byte("ofrep: {streams: 5, channelKey: 0123456789abcdef, eventsURL: 'https://a.example/segue/ofrep/v1/events'}\n"), nil, nil)
	require.NoError(t, err)
	require.Equal(t, OFREP{Streams: 5, ChannelKey: "0123456789abcdef", EventsURL: "https://a.example/segue/ofrep/v1/events"}, c.OFREP)

	for set, want := range map[string]string{
		"ofrep.streams=-1":                         "ofrep.streams: too small: use 0 to offer no event streams",
		"ofrep.channelKey=short-and-sad":           "ofrep.channelKey: too short to be secret",
		"ofrep.eventsURL=/segue/ofrep/v1/events":   "is not the address of /ofrep/v1/events",
		"ofrep.eventsURL=https://a.example/?x=1":   "is not the address of /ofrep/v1/events",
		`ofrep.eventsURL=https://a.example/"quote`: "is not the address of /ofrep/v1/events",
	} {
		_, err := parse("f.yaml", nil, nil, []string{set})
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "short-and-sad")
	}
}
