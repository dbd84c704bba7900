package cli

import "github.com/segue-dev/segue/internal/segment/syntax"

type schema struct{}

// Run prints the JSON Schema of segment files.
func (schema) Run(env Env) error {
	_, err := env.Stdout.Write(syntax.Schema())
	return err
}
