package experience

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/segue-dev/segue/internal/fault"
)

// Check returns all that keeps e from being assigned, joined, each a
// fault.Invalid that names its place in e; nil if nothing does.
func (e *Experience) Check() error {
	var errs []error
	if e.ID == "" {
		errs = append(errs, fault.New(fault.Invalid, "id: missing"))
	}
	if e.Kind > Experiment {
		errs = append(errs, fault.New(fault.Invalid, "kind: %d is none", e.Kind))
	}
	if !(e.Traffic >= 0 && e.Traffic <= 1) {
		errs = append(errs, fault.New(fault.Invalid, "traffic: %v is not a share from 0 to 1", e.Traffic))
	}
	for i, r := range e.Distribution {
		errs = append(errs, r.check(i))
	}
	errs = append(errs, e.checkComponents(), e.checkVariables())
	return errors.Join(errs...)
}

func (e *Experience) checkComponents() error {
	var errs []error
	seen := map[string]bool{}
	for i, c := range e.Components {
		place := fmt.Sprintf("components[%d]", i)
		if c.Baseline == "" {
			errs = append(errs, fault.New(fault.Invalid, "%s: baseline missing", place))
		}
		if seen[c.Baseline] {
			errs = append(errs, fault.New(fault.Invalid, "%s: baseline %s has a component already", place, c.Baseline))
		}
		seen[c.Baseline] = true
		for k, v := range c.Variants {
			if (v.Entry == "") != v.Hidden {
				errs = append(errs, fault.New(fault.Invalid, "%s: variant %d must have either an entry or be hidden", place, k+1))
			}
		}
	}
	return errors.Join(errs...)
}

func (e *Experience) checkVariables() error {
	var errs []error
	seen := map[string]bool{}
	for i, v := range e.Variables {
		place := fmt.Sprintf("variables[%d]", i)
		if v.Key == "" {
			errs = append(errs, fault.New(fault.Invalid, "%s: key missing", place))
		}
		if seen[v.Key] {
			errs = append(errs, fault.New(fault.Invalid, "%s: key %s is set already", place, v.Key))
		}
		seen[v.Key] = true
		if len(v.Values) == 0 {
			errs = append(errs, fault.New(fault.Invalid, "%s: no values", place))
		}
		for k, value := range v.Values {
			if !json.Valid(value) {
				errs = append(errs, fault.New(fault.Invalid, "%s: value %d is not JSON", place, k))
			}
		}
	}
	return errors.Join(errs...)
}
