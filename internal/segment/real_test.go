package segment

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/segue-dev/segue/internal/signal"
	"github.com/segue-dev/segue/internal/visitor"
)

// TestRealShop reproduces known figures of a real click stream: the visitors
// with at least five items viewed and none added, and the buyers.
func TestRealShop(t *testing.T) {
	dir := os.Getenv("SEGUE_TEST_DATA")
	if dir == "" {
		t.Skip("SEGUE_TEST_DATA names no directory with the real inputs")
	}
	file, err := os.Open(filepath.Join(dir, "clickstream", "retailrocket-sample.csv"))
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	sent := map[string][]signal.Signal{}
	for _, row := range rows[1:] {
		ms, err := strconv.ParseInt(row[0], 10, 64)
		require.NoError(t, err)
		sent[row[1]] = append(sent[row[1]], signal.Signal{
			ID: fmt.Sprint(row), Name: row[2], At: ms, Device: row[1],
			Props: signal.Props{{Key: "item", Value: signal.TextOf(row[3])}},
		})
	}
	set, err := Compile(definitions(t, `
		browser ** : all: [{count: {of: view, distinct: item, gte: 5}}, {never: {of: addtocart}}]
		buyer   * : count: {of: transaction}`), Options{})
	require.NoError(t, err)
	members, sessions := [2]int{}, 0
	for id, sigs := range sent {
		rec, _ := (&visitor.Record{ID: id}).With(visitor.Limits{}, sigs...)
		log := set.Bind(rec)
		sessions += len(log.sessions)
		var res Result
		log.Evaluate(nil, Forever-1, &res)
		for _, i := range res.Members {
			members[i]++
		}
	}
	require.Len(t, sent, 5000)
	require.Equal(t, [2]int{121, 39}, members)
	require.Equal(t, 6229, sessions)
}
