package main

import (
	"path/filepath"
	"testing"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/simulation"
)

// TestPromisesHoldOnSQLite runs worlds on the database that a small installation
// uses. They differ a little from those in memory: a database may wake a worker
// too early.
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
	for seed := range uint64(40) {
		r := simulation.Run(seed, simulation.Options{Store: func() store.Store { return st }})
		if len(r.Violations) > 0 {
			t.Fatal(r)
		}
	}
}
