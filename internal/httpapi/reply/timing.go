package reply

import (
	"net/http"
	"strconv"
	"time"

	"github.com/segue-dev/segue/internal/resolve"
)

// ServerTiming tells in the header Server-Timing where the time of an answer
// went, in milliseconds: store (signals taken in, the visitor recalled),
// evaluate, decide and compose.
func ServerTiming(header http.Header, t resolve.Timing) {
	b := make([]byte, 0, 96)
	for i, phase := range [...]struct {
		name string
		took time.Duration
	}{{"store", t.Ingest}, {"evaluate", t.Evaluate}, {"decide", t.Decide}, {"compose", t.Compose}} {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, phase.name...), ";dur="...)
		b = strconv.AppendFloat(b, phase.took.Seconds()*1000, 'f', 3, 64)
	}
	header.Set("Server-Timing", string(b))
}
