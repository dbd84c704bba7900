package space

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/segue-dev/segue/internal/experience"
	"github.com/segue-dev/segue/internal/spelling"
)

// An experienceConfig is an nt_config. What is missing means what it does to
// the product's SDKs: no traffic, equal shares of two, nothing sticky, no
// components.
type experienceConfig struct {
	Traffic               looseNumber   `json:"traffic"`
	Distribution          []looseNumber `json:"distribution"`
	DistributionType      string        `json:"distributionType"`
	ScatteredDistribution []struct {
		Index looseNumber `json:"index"`
		Start looseNumber `json:"start"`
		End   looseNumber `json:"end"`
	} `json:"scatteredDistribution"`
	Sticky     looseBool         `json:"sticky"`
	Bucket     string            `json:"segueBucket"` // our own: see experience.Experience
	Components []configComponent `json:"components"`
}

// The types of components. A component of the older model has none.
const (
	entryReplacement = "EntryReplacement"
	inlineVariable   = "InlineVariable"
)

// A configComponent replaces an entry or sets a variable.
type configComponent struct {
	Type     string          `json:"type"`
	Key      string          `json:"key"` // of an inlineVariable
	Baseline configVariant   `json:"baseline"`
	Variants []configVariant `json:"variants"`
}

// A configVariant is an entry or a value, by the type of its component.
type configVariant struct {
	ID     string          `json:"id"`
	Hidden looseBool       `json:"hidden"`
	Value  json.RawMessage `json:"value"`
}

// ranges returns who gets which index. The product assigns by distribution;
// the scattered ranges beside it are what an older version left, often of
// earlier shares, so they count only where there is nothing else.
func (c *experienceConfig) ranges() ([]experience.Range, error) {
	if !c.distributed() {
		return experience.Ranges([]float64{0.5, 0.5})
	}
	if len(c.Distribution) > 0 {
		shares := make([]float64, len(c.Distribution))
		for i, s := range c.Distribution {
			shares[i] = float64(s)
		}
		return experience.Ranges(shares)
	}
	var ranges []experience.Range
	for _, s := range c.ScatteredDistribution {
		ranges = append(ranges, experience.Range{Index: int(s.Index), Start: float64(s.Start), End: float64(s.End)})
	}
	return ranges, nil
}

// distributed reports whether c says who gets what.
func (c *experienceConfig) distributed() bool {
	return len(c.Distribution)+len(c.ScatteredDistribution) > 0
}

// component returns an entry replacement in our words. A variant without an
// entry shows nothing.
func (c *configComponent) component() experience.Component {
	replaced := experience.Component{Baseline: spelling.ID(c.Baseline.ID), Hidden: bool(c.Baseline.Hidden)}
	for _, v := range c.Variants {
		entry := spelling.ID(v.ID)
		if v.Hidden || entry == "" {
			replaced.Variants = append(replaced.Variants, experience.Variant{Hidden: true})
		} else {
			replaced.Variants = append(replaced.Variants, experience.Variant{Entry: entry})
		}
	}
	return replaced
}

// variable returns an inline variable in our words.
func (c *configComponent) variable() (experience.Variable, error) {
	set := experience.Variable{Key: spelling.ID(c.Key)}
	for i, v := range append([]configVariant{c.Baseline}, c.Variants...) {
		if v.Value == nil {
			return set, fmt.Errorf("variable %q has no value at index %d", c.Key, i)
		}
		set.Values = append(set.Values, v.Value)
	}
	return set, nil
}

// A looseNumber is a number, also where it is written as text.
type looseNumber float64

// UnmarshalJSON reads 0.5 and "0.5".
func (n *looseNumber) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if text == "null" {
		return nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return fmt.Errorf("%s is not a number", raw)
	}
	*n = looseNumber(f)
	return nil
}

// A looseBool is a boolean, also where it is written as text.
type looseBool bool

// UnmarshalJSON reads true and "true".
func (b *looseBool) UnmarshalJSON(raw []byte) error {
	switch string(bytes.Trim(raw, `"`)) {
	case "true":
		*b = true
	case "false", "null", "":
		*b = false
	default:
		return fmt.Errorf("%s is neither true nor false", raw)
	}
	return nil
}
