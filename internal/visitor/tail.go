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
	var exposures map[string]Exposure
	known := -1 // how many of all the exposures know of
	for _, b := range changes {
		d, err := newDecoder(b, "list of signals", changeVersion, signalsVersion)
		if err != nil {
			return nil, err
		}
		all = append(all, d.signals()...)
		if d.version == changeVersion {
			exposures, known = d.exposures(), len(all)
		}
		if err := d.end(); err != nil {
			return nil, err
		}
	}
	next, _ := r.With(lim, all...)
	if known < 0 {
		return next, nil
	}
	next = next.WithExposures(exposures)
	next.Summary.exposeAll(all[known:])
	return next, nil
}
