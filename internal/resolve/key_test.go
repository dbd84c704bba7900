package resolve_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/fault"
	"github.com/segue-dev/segue/internal/resolve"
)

func TestTheBaselineNeedsNoVisitor(t *testing.T) {
	r := newRig(t)
	entry, key, err := r.Baseline("home", "")
	require.NoError(t, err)
	require.Equal(t, "home", entry)
	a := r.ask(t, resolve.Request{Page: "home"})
	require.Equal(t, a.Key, key, "a new visitor sees it")
	require.Equal(t, "home", a.PageID)

	_, _, err = r.Baseline("nowhere", "")
	require.Equal(t, fault.NotFound, fault.KindOf(err))
	entry, _, err = r.Baseline("", "")
	require.NoError(t, err)
	require.Empty(t, entry)
}

func TestAKeyIsCurrentForItsPageUnderItsRules(t *testing.T) {
	r := newRig(t)
	a := r.ask(t, resolve.Request{Page: "home"})
	require.True(t, r.Current("home", "", a.Key, a.Revision.Rules))
	require.True(t, r.Current("home", "", a.Key, a.Revision.Rules[:8]), "the beginning will do")
	require.False(t, r.Current("home", "", a.Key, "r0"))
	require.False(t, r.Current("home", "", a.Key, ""))
	require.False(t, r.Current("home", "", "nonsense", a.Revision.Rules))
	require.False(t, r.Current("nowhere", "", a.Key, a.Revision.Rules))
}
