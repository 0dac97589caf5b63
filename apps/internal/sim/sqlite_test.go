package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crierhq/crier/apps/internal/mutant"
)

// TestPromisesHoldOnSQLite runs worlds on the database that a small installation
// uses. They differ a little from those in memory: a database may wake a worker
// too early. The command is built without the race detector, which makes SQLite
// fifteen times as slow; bunstore's own tests run with it.
func TestPromisesHoldOnSQLite(t *testing.T) {
	t.Parallel()
	bin := build(t, mutant.Patch{})
	out, err := exec.CommandContext(t.Context(), bin, "-n", "250", "-sqlite", t.TempDir()).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nEvery promise was kept.\n") {
		t.Fatalf("%v:\n%s", err, out)
	}
}

func TestSQLiteWantsAnEmptyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sim-1.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	kept, err := simulate(t.Context(), io.Discard, 1, 1, dir)
	if kept || err == nil || !strings.Contains(err.Error(), "name an empty folder") {
		t.Errorf("got %v, %v, want it to ask for an empty folder", kept, err)
	}
}
