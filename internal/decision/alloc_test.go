//go:build !race

package decision_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/decision"
)

func TestDecideAllocatesNothing(t *testing.T) {
	p := page(t, 12, 20, 2)
	v := decision.Visitor{StableID: "8c5ff8c2-2e3f-4c1c-a7b5", Member: members("s3", "s7", "s19")}
	var d decision.Decision
	p.Decide(v, &d)
	require.Zero(t, testing.AllocsPerRun(100, func() { p.Decide(v, &d) }))
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = p.Key(&d) }), 1.0)
	buf := make([]byte, 0, 64)
	require.Zero(t, testing.AllocsPerRun(100, func() { buf = p.AppendKey(buf[:0], d.Slots) }))
}
