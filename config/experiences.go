package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/experience"
)

// hidden is written in place of a variant that renders nothing.
const hidden = "hidden"

// experienceDoc is one experience as written; default.yaml shows its form.
type experienceDoc struct {
	ID           string           `yaml:"id"`
	Name         string           `yaml:"name"`
	Segment      string           `yaml:"segment"`
	Kind         string           `yaml:"kind"`
	Traffic      *float64         `yaml:"traffic"`
	Distribution []float64        `yaml:"distribution"`
	Sticky       bool             `yaml:"sticky"`
	Bucket       string           `yaml:"bucket"`
	Components   []componentDoc   `yaml:"components"`
	Variables    map[string][]any `yaml:"variables"`
}

type componentDoc struct {
	Baseline string   `yaml:"baseline"`
	Variants []string `yaml:"variants"`
}

// Experiences reads the experiences of a file, or of all *.yaml and *.yml files
// in and below a directory; "" gives none. The second result gives, for each
// baseline, the ids of the experiences that replace it in the order in which
// they were read: by path, then by place in the file. The error holds every
// mistake of every file.
func Experiences(path string) ([]experience.Experience, map[string][]string, error) {
	files, err := yamlFiles("experiences", path)
	if err != nil {
		return nil, nil, err
	}
	var all []experience.Experience
	var errs []error
	for _, file := range files {
		list, err := experiencesOf(file)
		all, errs = append(all, list...), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	order := map[string][]string{}
	for _, e := range all {
		for _, c := range e.Components {
			order[c.Baseline] = append(order[c.Baseline], e.ID)
		}
	}
	return all, order, nil
}

func experiencesOf(file string) ([]experience.Experience, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("experiences: %w", err)
	}
	docs, err := documents(file, src)
	if err != nil {
		return nil, err
	}
	var list []experience.Experience
	var errs []error
	for _, node := range docs {
		var doc experienceDoc
		if err := decode(file, node, &doc); err != nil {
			errs = append(errs, err)
			continue
		}
		e, err := doc.experience(file, node)
		list, errs = append(list, e), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// experience returns what d describes. Its errors stand at node.
func (d experienceDoc) experience(file string, node *yaml.Node) (experience.Experience, error) {
	e := experience.Experience{ID: d.ID, Name: d.Name, Audience: d.Segment, Traffic: 1, Sticky: d.Sticky, Bucket: d.Bucket}
	if d.Traffic != nil {
		e.Traffic = *d.Traffic
	}
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, at(file, node, format, args...)) }
	switch d.Kind {
	case "", "personalization":
	case "experiment":
		e.Kind = experience.Experiment
	default:
		fail("kind: %q is neither personalization nor experiment", d.Kind)
	}
	if len(d.Components) == 0 && len(d.Variables) == 0 {
		fail("an experience needs components or variables")
	}
	shares := d.Distribution
	if shares == nil && d.most() == 1 {
		shares = []float64{0, 1}
	}
	if len(shares) != d.most()+1 {
		fail("distribution: give %d shares, the baseline's first", d.most()+1)
	}
	var err error
	if e.Distribution, err = experience.Ranges(shares); err != nil && len(shares) > 0 {
		fail("%v", err)
	}
	if err := d.fill(&e); err != nil {
		fail("%v", err)
	}
	if err := e.Check(); err != nil {
		fail("%v", err)
	}
	return e, errors.Join(errs...)
}

// most returns the greatest number of variants of any component or variable.
func (d experienceDoc) most() int {
	n := 0
	for _, c := range d.Components {
		n = max(n, len(c.Variants))
	}
	for _, values := range d.Variables {
		n = max(n, len(values)-1)
	}
	return n
}

// fill puts the components and variables into e.
func (d experienceDoc) fill(e *experience.Experience) error {
	for _, c := range d.Components {
		component := experience.Component{Baseline: c.Baseline}
		for _, entry := range c.Variants {
			if entry == hidden {
				component.Variants = append(component.Variants, experience.Variant{Hidden: true})
			} else {
				component.Variants = append(component.Variants, experience.Variant{Entry: entry})
			}
		}
		e.Components = append(e.Components, component)
	}
	for _, key := range slices.Sorted(maps.Keys(d.Variables)) {
		variable := experience.Variable{Key: key}
		for _, v := range d.Variables[key] {
			raw, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("variables.%s: keys of a value must be text", key)
			}
			variable.Values = append(variable.Values, raw)
		}
		e.Variables = append(e.Variables, variable)
	}
	return nil
}
