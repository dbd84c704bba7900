package visitortest

import (
	"fmt"
	"hash/fnv"

	"github.com/segue-dev/segue/internal/signal"
)

// Start is the effective time of the first of Signals.
const Start int64 = 1_767_225_600_000 // 2026-01-01T00:00:00Z

// Signals returns n signals as a shop's visitor sends them, in their order and
// the same in every run: page views with their context, product events and
// heartbeats, in sessions of a dozen that lie a day apart.
func Signals(device string, n int) []signal.Signal {
	sigs := make([]signal.Signal, n)
	at := Start
	for i := range sigs {
		if at += int64(3000 + i*7919%40000); i%12 == 11 {
			at += 24 * 3600 * 1000
		}
		sigs[i] = signalNumber(device, i, at)
	}
	return sigs
}

func signalNumber(device string, i int, at int64) signal.Signal {
	product := fmt.Sprintf("sku-%d", i*31%40)
	path := "/products/" + product
	s := signal.Signal{ID: messageID(device, i), At: at, Raw: at, Device: device}
	switch i % 4 {
	case 0:
		s.Type = signal.Page
		s.Props = signal.Props{
			{Key: "context.device.type", Value: signal.TextOf("desktop")},
			{Key: "context.locale", Value: signal.TextOf("en-US")},
			{Key: "context.page.path", Value: signal.TextOf(path)},
		}
	case 1:
		s.Name = "Product Viewed"
		s.Props = signal.Props{
			{Key: "price", Value: signal.NumberOf(float64(i%40) + 0.99)},
			{Key: "product_id", Value: signal.TextOf(product)},
		}
	case 2:
		s.Name = "Heartbeat"
		s.Props = signal.Props{
			{Key: "interval", Value: signal.NumberOf(15)},
			{Key: "visible", Value: signal.BoolOf(i%8 == 2)},
		}
	default:
		s.Name = "Product Added"
		s.Props = signal.Props{{Key: "product_id", Value: signal.TextOf(product)}}
	}
	return s
}

// messageID returns a UUID that depends on nothing but its arguments.
func messageID(device string, i int) string {
	h := fnv.New128a()
	fmt.Fprintf(h, "%s/%d", device, i)
	sum := h.Sum(nil)
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:])
}
