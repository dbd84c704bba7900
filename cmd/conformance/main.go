// Command conformance holds a running implementation of the segment language to
// the conformance corpus; see docs/conformance.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/segue-dev/segue/internal/conformance"
	"github.com/segue-dev/segue/internal/segment/corpus"
)

func main() {
	var settings corpus.Settings
	dir := flag.String("corpus", "internal/segment/testdata/corpus", "`directory` of the cases")
	target := flag.String("url", "", "public `URL` of the implementation")
	token := flag.String("token", "", "bearer `token` to send")
	definitions := flag.String("definitions", "", "write the segments of the cases into this `directory`, and ask nobody")
	flag.StringVar(&settings.Timezone, "timezone", "", "ask the cases of projects in this `zone`")
	flag.StringVar(&settings.SessionGap, "session-gap", "", "ask the cases of projects with this `duration`")
	flag.IntVar(&settings.MaxSignals, "max-signals", 0, "ask the cases of projects whose records keep so many signals")
	flag.Parse()
	if err := run(*dir, *definitions, conformance.Target{URL: *target, Token: *token}, settings); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(dir, definitions string, target conformance.Target, settings corpus.Settings) error {
	all, err := corpus.Load(os.DirFS(dir))
	if err != nil {
		return err
	}
	cases := conformance.Of(all, settings)
	switch {
	case len(cases) == 0:
		return fmt.Errorf("no case has the settings %+v", settings)
	case definitions != "":
		return conformance.Definitions(definitions, cases)
	case target.URL == "":
		return fmt.Errorf("say where the implementation is: -url http://localhost:8080")
	}
	failures, err := target.Run(context.Background(), cases)
	if err != nil {
		return err
	}
	for _, f := range failures {
		fmt.Printf("FAIL %s (%s)\n", f.Case.Name, f.Case.Why)
		for _, wrong := range f.Wrong {
			fmt.Printf("     %s\n", wrong)
		}
	}
	fmt.Printf("%d of %d cases hold\n", len(cases)-len(failures), len(cases))
	if len(failures) > 0 {
		return fmt.Errorf("%d cases failed", len(failures))
	}
	return nil
}
