package bucket

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func read(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, into))
}

func TestHashVectors(t *testing.T) {
	var file struct {
		Vectors []struct{ Text, Hash string }
	}
	read(t, "testdata/vectors/hash.json", &file)
	require.NotEmpty(t, file.Vectors)
	for _, v := range file.Vectors {
		var d digest
		d.write(v.Text)
		require.Equal(t, v.Hash, fmt.Sprintf("%08x", d.sum()), "hash of %q", v.Text)
	}
}

func TestBucketVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Experience, StableID  string
			Traffic, Distribution float64
		}
	}
	read(t, "testdata/vectors/buckets.json", &file)
	require.NotEmpty(t, file.Vectors)
	for _, v := range file.Vectors {
		require.Equal(t, v.Traffic, Traffic(v.Experience, v.StableID), "traffic of %q, %q", v.Experience, v.StableID)
		require.Equal(t, v.Distribution, Distribution(v.Experience, v.StableID), "distribution of %q, %q", v.Experience, v.StableID)
	}
}

func TestPlacesAreBetweenZeroAndOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		experience, visitor := rapid.String().Draw(t, "experience"), rapid.String().Draw(t, "visitor")
		for _, p := range []float64{Traffic(experience, visitor), Distribution(experience, visitor)} {
			if p < 0 || p > 1 {
				t.Fatalf("place %v of %q, %q", p, experience, visitor)
			}
		}
	})
}

func TestHashDoesNotDependOnHowTextIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.String()).Draw(t, "parts")
		var whole, cut digest
		whole.write(strings.Join(parts, ""))
		for _, p := range parts {
			cut.write(p)
		}
		if whole != cut {
			t.Fatalf("whole %08x, in parts %08x", whole.sum(), cut.sum())
		}
	})
}

func TestPlacesAreEven(t *testing.T) {
	const visitors, tenths = 20_000, 10
	var traffic, distribution [tenths]int
	for i := range visitors {
		id := fmt.Sprintf("visitor-%d", i)
		traffic[int(Traffic("e", id)*tenths)]++
		distribution[int(Distribution("e", id)*tenths)]++
	}
	for i := range tenths {
		require.InDelta(t, visitors/tenths, traffic[i], 200, "traffic, tenth %d", i)
		require.InDelta(t, visitors/tenths, distribution[i], 200, "distribution, tenth %d", i)
	}
}

func BenchmarkTraffic(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Traffic("5kuc9KgA9q9RXnlbDxDlY", "8c5ff8c2-2e3f-4c1c-a7b5-2f8f3e1c9d10")
	}
}
