package pds

import (
	"encoding/json"
	"io/fs"
	"testing"
)

// TestVersionsArePinned keeps the lock file usable everywhere: it pins every
// package by its digest, and leaves where to get it to the user's npm.
func TestVersionsArePinned(t *testing.T) {
	t.Parallel()
	raw, err := fs.ReadFile(files, "server/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Version, Resolved, Integrity string
		}
	}
	if err := json.Unmarshal(raw, &lock); err != nil {
		t.Fatal(err)
	}
	if len(lock.Packages) < 2 {
		t.Fatalf("got %d packages, want some", len(lock.Packages))
	}
	for name, p := range lock.Packages {
		if name != "" && (p.Version == "" || p.Integrity == "") {
			t.Errorf("%s: got version %q and digest %q, want both", name, p.Version, p.Integrity)
		}
		if p.Resolved != "" {
			t.Errorf("%s: got address %s, want none", name, p.Resolved)
		}
	}
}
