package telemetry

import (
	"io"
	"log/slog"
)

// NewLogger returns a logger that writes lines of level and above to w: as
// JSON if format is "json", else as text.
func NewLogger(w io.Writer, level slog.Level, format string) *slog.Logger {
	opts := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
