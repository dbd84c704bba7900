package cli

import (
	"fmt"

	"github.com/segue-dev/segue/internal/app"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/segment/whatif"
)

// generate prints examples for segments, ready to be pasted below their rules.
// It opens no store.
func (s countMembers) generate(env Env) error {
	cfg, err := s.load(env)
	if err != nil {
		return err
	}
	site, _, err := app.Load(cfg)
	if err != nil {
		return err
	}
	keys := s.Keys
	if len(keys) == 0 {
		keys = app.SegmentKeys(site)
	}
	for _, key := range keys {
		examples, err := whatif.Examples(site.Segments, key)
		if err != nil {
			return err
		}
		if len(examples) == 0 {
			fmt.Fprintf(env.Stderr, "%s: no signals were found that make a new visitor a member; write an example with context or a longer past\n", key)
			continue
		}
		if _, err := fmt.Fprintf(env.Stdout, "# segment: %s\n%s", key, syntax.FormatExamples(examples)); err != nil {
			return err
		}
	}
	return nil
}
