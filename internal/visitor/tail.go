package visitor

import "github.com/segue-dev/segue/internal/signal"

// AppendChange appends to dst the stored form of what c adds to a record, for a
// store that appends: see WithChanges. c must not be Whole.
func AppendChange(dst []byte, c *Change) []byte {
	e := newEncoder()
	defer e.release()
	e.signals(c.Added)
	if !c.Exposed {
		return e.appendTo(dst, signalsVersion)
	}
	e.exposures(c.Next.Summary.Exposures)
	return e.appendTo(dst, changeVersion)
}

// WithChanges returns r with changes taken in that AppendChange has written, in
// their order. The record does not refer to them. Other bytes are a
// fault.Internal error.
func (r *Record) WithChanges(lim Limits, changes ...[]byte) (*Record, error) {
	var all []signal.Signal
	var measured map[string]Exposure
	for _, b := range changes {
		d, err := newDecoder(b, "list of signals", changeVersion, signalsVersion)
		if err != nil {
			return nil, err
		}
		all = append(all, d.signals()...)
		if d.version == changeVersion {
			measured = d.exposures()
		}
		if err := d.end(); err != nil {
			return nil, err
		}
	}
	next, _ := r.With(lim, all...)
	return next.measured(measured), nil
}

// measured returns r, whose signals are those of which exposures were known,
// with the participations of these.
func (r *Record) measured(exposures map[string]Exposure) *Record {
	if len(exposures) == 0 {
		return r
	}
	now := own(r.Summary.Exposures)
	for key, e := range exposures {
		have, known := now[key]
		if !known || have.assertion() == e.assertion() {
			e.Mixed = e.Mixed || have.Mixed
			now[key] = e
		}
	}
	return r.WithExposures(now)
}
