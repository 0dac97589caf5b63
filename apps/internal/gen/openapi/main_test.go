package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestDocumentIsFresh compares what is in the repository with the code. After a
// change run: make gen.
func TestDocumentIsFresh(t *testing.T) {
	t.Parallel()
	if err := run("../../../..", true, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestStaleDocumentsAreFoundAndMended(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if run(root, true, io.Discard) == nil {
		t.Error("got no error for documents that are not there")
	}
	if err := run(root, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := run(root, true, io.Discard); err != nil {
		t.Errorf("just written: %v", err)
	}
	if err := os.WriteFile(filepath.Join(root, "docs", "openapi.yaml"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if run(root, true, io.Discard) == nil {
		t.Error("got no error for a stale document")
	}
}
