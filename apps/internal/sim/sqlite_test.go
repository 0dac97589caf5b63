package main

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/simulation"
)

// TestPromisesHoldOnSQLite runs the same worlds on the database that a small
// installation uses. What happens in them must be the same to the letter, for
// the two stores promise the same.
func TestPromisesHoldOnSQLite(t *testing.T) {
	t.Parallel()
	st, err := bunstore.Open(t.Context(), bunstore.Config{URL: filepath.Join(t.TempDir(), "crier.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if err := st.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(25) {
		r := simulation.Run(seed, simulation.Options{Trace: true, Store: func() store.Store { return st }})
		if len(r.Violations) > 0 {
			t.Fatal(r)
		}
		memory := simulation.Run(seed, simulation.Options{Trace: true})
		if i := firstDifference(r.Trace, memory.Trace); i >= 0 {
			t.Fatalf("seed %d: from line %d on, something else happens than in memory:\n%q\n%q", seed, i+1, from(r.Trace, i), from(memory.Trace, i))
		}
	}
}

// firstDifference is the index of the first line that differs, or -1.
func firstDifference(a, b []string) int {
	if slices.Equal(a, b) {
		return -1
	}
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func from(lines []string, i int) []string { return lines[i:min(i+3, len(lines))] }
