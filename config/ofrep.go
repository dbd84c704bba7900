package config

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// OFREP holds the settings of the OpenFeature Remote Evaluation Protocol.
type OFREP struct {
	Streams    int    // event streams open at a time; 0 = none are offered
	ChannelKey Secret // seals the addresses of streams; "" = one of each process
	EventsURL  string // where browsers reach them; "" = at the origin that they evaluate at
}

// leastKey is how many characters a key has at least.
const leastKey = 16

func (o OFREP) check() error {
	return errors.Join(
		atLeast("ofrep.streams", int64(o.Streams), 0, "use 0 to offer no event streams"),
		o.checkKey(),
		o.checkURL(),
	)
}

func (o OFREP) checkKey() error {
	if n := len(o.ChannelKey.Reveal()); n > 0 && n < leastKey {
		return fmt.Errorf("ofrep.channelKey: too short to be secret: use %d random characters or more, the same on all nodes", leastKey)
	}
	return nil
}

func (o OFREP) checkURL() error {
	if o.EventsURL == "" {
		return nil
	}
	at, err := url.Parse(o.EventsURL)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || strings.ContainsAny(o.EventsURL, `?#"\ `) {
		return fmt.Errorf("ofrep.eventsURL: %q is not the address of /ofrep/v1/events as browsers reach it, such as https://www.example.com/segue/ofrep/v1/events", o.EventsURL)
	}
	return nil
}
