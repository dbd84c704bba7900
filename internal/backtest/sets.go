package backtest

import (
	"slices"
	"strings"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/segment"
	"github.com/segue-dev/segue/internal/segment/syntax"
	"github.com/segue-dev/segue/internal/spelling"
)

// Sets returns the sets for a backtest of candidates against the live segments.
//
// In the first the candidates are active, whatever their status, and the live
// segments are drafts that the candidates may refer to; a candidate takes the
// place of the live segment with its key. The second is live itself, or, if
// against is not empty, only the segment with that key is active in it: a live
// one, a draft of live, or else a candidate.
//
// The error has every mistake of the candidates with its place. It is a
// fault.NotFound if there is no segment against.
func Sets(live *segment.Set, candidates []syntax.Definition, against string, opts segment.Options) (asked, compared *segment.Set, err error) {
	configured := make([]syntax.Definition, live.Len())
	for i := range configured {
		configured[i] = *live.Definition(i)
	}
	asked, err = segment.Compile(slices.Concat(
		withStatus(syntax.Active, candidates), withStatus(syntax.Draft, without(configured, candidates))), opts)
	if err != nil || against == "" {
		return asked, live, err
	}
	known := slices.Concat(configured, without(candidates, configured))
	i := slices.IndexFunc(known, func(d syntax.Definition) bool { return d.Key == against })
	if i < 0 {
		return nil, nil, fault.New(fault.NotFound, "there is no segment %q to compare with; there are %s", against,
			strings.Join(spelling.Sorted(against, keys(known)), ", "))
	}
	known = withStatus(syntax.Draft, known)
	known[i].Status = syntax.Active
	compared, err = segment.Compile(known, opts)
	return asked, compared, err
}

// withStatus returns copies of definitions with another status.
func withStatus(status syntax.Status, defs []syntax.Definition) []syntax.Definition {
	defs = slices.Clone(defs)
	for i := range defs {
		defs[i].Status = status
	}
	return defs
}

// without returns the definitions whose keys are not among those of others.
func without(defs, others []syntax.Definition) []syntax.Definition {
	taken := keys(others)
	return slices.DeleteFunc(slices.Clone(defs), func(d syntax.Definition) bool { return slices.Contains(taken, d.Key) })
}

func keys(defs []syntax.Definition) []string {
	keys := make([]string, len(defs))
	for i := range defs {
		keys[i] = defs[i].Key
	}
	return keys
}
