package config

import (
	"fmt"
	"strconv"
	"time"
)

// When a visitor takes part in an experience.
const (
	Beacon    = "beacon"
	OnResolve = "onResolve"
)

// A Holdout is the visitors who get no experience at all.
type Holdout struct {
	Share string // a number from 0 to 1
	Since string // a date; "" = ever
}

func (h Holdout) check() error {
	if share, err := strconv.ParseFloat(h.Share, 64); err != nil || !(share >= 0 && share <= 1) {
		return fmt.Errorf("holdout.share: %q is not a share from 0 to 1; 0.05 is usual", h.Share)
	}
	if _, err := h.since(); err != nil {
		return fmt.Errorf("holdout.since: %q is not a date, such as 2026-12-01", h.Since)
	}
	return nil
}

func (h Holdout) since() (time.Time, error) {
	if h.Since == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, h.Since)
}

// Values returns what h says; Check has passed it.
func (h Holdout) Values() (share float64, since time.Time) {
	share, _ = strconv.ParseFloat(h.Share, 64)
	since, _ = h.since()
	return share, since
}
