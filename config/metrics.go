package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/segue-dev/segue/internal/measure"
	"github.com/segue-dev/segue/internal/segment/syntax"
)

// Metrics is what a file of metrics says.
type Metrics struct {
	Metrics     []measure.Metric
	Splits      []string // keys of segments by which others may be split
	CostPerHour float64  // of upkeep of segments; 0 = unknown
}

// metricsDoc is a file of metrics as written; metrics.yaml beside default.yaml
// shows its form.
type metricsDoc struct {
	Metrics []yaml.Node `yaml:"metrics"`
	Splits  []string    `yaml:"splits"`
	Cost    float64     `yaml:"costPerHour"`
}

type metricDoc struct {
	Metric    string    `yaml:"metric"`
	Name      string    `yaml:"name"`
	Kind      string    `yaml:"kind"`
	Of        yaml.Node `yaml:"of"`
	Where     yaml.Node `yaml:"where"`
	Property  string    `yaml:"property"`
	Per       yaml.Node `yaml:"per"`
	Decimals  int       `yaml:"decimals"`
	Cap       float64   `yaml:"cap"`
	Window    string    `yaml:"window"`
	Before    string    `yaml:"before"`
	Better    string    `yaml:"better"`
	Guardrail bool      `yaml:"guardrail"`
	Value     float64   `yaml:"value"`
	Margin    float64   `yaml:"margin"`
}

// MetricsOf reads a file of metrics; "" gives none. The error holds every
// mistake.
func MetricsOf(path string) (Metrics, error) {
	var m Metrics
	if path == "" {
		return m, nil
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return m, fmt.Errorf("metrics: %w", err)
	}
	docs, err := documents(path, src)
	switch {
	case err != nil:
		return m, err
	case len(docs) == 0:
		return m, nil
	case len(docs) > 1:
		return m, fmt.Errorf("%s: metrics are one document, not %d", path, len(docs))
	}
	var doc metricsDoc
	if err := decode(path, docs[0], &doc); err != nil {
		return m, err
	}
	m.Splits, m.CostPerHour = doc.Splits, doc.Cost
	if doc.Cost < 0 {
		return m, at(path, docs[0], "costPerHour: what an hour costs is not negative")
	}
	var errs []error
	for i := range doc.Metrics {
		metric, err := metricOf(path, &doc.Metrics[i])
		m.Metrics, errs = append(m.Metrics, metric), append(errs, err)
	}
	return m, errors.Join(errs...)
}

func metricOf(file string, node *yaml.Node) (measure.Metric, error) {
	var doc metricDoc
	if err := decode(file, node, &doc); err != nil {
		return measure.Metric{}, err
	}
	m := measure.Metric{
		Key: doc.Metric, Name: doc.Name, Kind: measure.Kind(doc.Kind), Property: doc.Property, Decimals: doc.Decimals, Cap: doc.Cap,
		Down: doc.Better == "lower", Guardrail: doc.Guardrail, Worth: doc.Value, Margin: doc.Margin,
		Pos: syntax.Pos{File: file, Line: node.Line, Column: node.Column},
	}
	if m.Name == "" {
		m.Name = m.Key
	}
	if m.Kind == "" {
		m.Kind = measure.Conversion
	}
	var errs []error
	fail := func(err error) {
		if err != nil {
			errs = append(errs, at(file, node, "%v", err))
		}
	}
	if doc.Better != "" {
		fail(oneOf("better", doc.Better, []string{"higher", "lower"}))
	}
	var err error
	m.Window, err = durationOf("window", doc.Window)
	fail(err)
	m.Before, err = durationOf("before", doc.Before)
	fail(err)
	m.Of, err = matchOf(&doc.Of, &doc.Where)
	fail(err)
	if !doc.Per.IsZero() {
		m.Per, err = matchOf(&doc.Per, nil)
		fail(err)
	}
	if len(errs) == 0 {
		fail(m.Check())
	}
	return m, errors.Join(errs...)
}

// durationOf reads a duration; "" is 0.
func durationOf(key, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := syntax.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", key, err)
	}
	return d, nil
}

// matchOf reads an event, or several, and what is asked of its properties, in
// the language of segments. of may hold both: {of: EVENT, where: …}.
func matchOf(of, where *yaml.Node) (syntax.Match, error) {
	if of.IsZero() {
		return syntax.Match{}, errors.New(`of: missing; name the event that counts, such as of: Order Completed`)
	}
	body := of
	if of.Kind != yaml.MappingNode {
		body = &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "of"}, of}}
		if where != nil && !where.IsZero() {
			body.Content = append(body.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "where"}, where)
		}
	}
	never := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{{Kind: yaml.ScalarNode, Value: "never"}, body}}
	var src bytes.Buffer
	if err := yaml.NewEncoder(&src).Encode(never); err != nil {
		return syntax.Match{}, err
	}
	c, err := syntax.ParseCond("of", src.Bytes())
	if err != nil {
		return syntax.Match{}, err
	}
	return c.(syntax.Never).Match, nil
}
