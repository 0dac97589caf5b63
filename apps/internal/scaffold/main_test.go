package main

import (
	"bytes"
	"encoding/json"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "../../.."

// TestScaffoldCompilesAndItsFirstCasePasses puts the files over the repository
// without writing there, with the overlay of the go command.
func TestScaffoldCompilesAndItsFirstCasePasses(t *testing.T) {
	t.Parallel()
	const name = "zzmurmur"
	tmp := t.TempDir()
	var said bytes.Buffer
	if err := run(tmp, name, &said); err != nil || !strings.Contains(said.String(), "make test-provider NAME="+name) {
		t.Fatalf("got %q, %v; want what is next", said.String(), err)
	}
	if err := run(tmp, name, &said); err == nil {
		t.Error("got no error for a provider that is there already, want one")
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(tmp, "provider.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-o", binary, "-overlay", overlay(t, tmp, root), "./providers/"+name)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	// The test runs in the folder of the provider, where its cases are.
	cmd := exec.CommandContext(t.Context(), binary, "-test.v")
	cmd.Dir = filepath.Join(tmp, "providers", name)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--- PASS: TestConformance/cases/publish_plain") ||
		!strings.Contains(string(out), "no case shows the code \"rate_limited\"") {
		t.Errorf("got %v, want a case that passes and findings about what is missing\n%s", err, out)
	}
}

// overlay writes the file that tells the go command to see the files below tmp
// in root.
func overlay(t *testing.T, tmp, root string) string {
	t.Helper()
	replace := map[string]string{}
	found, err := filepath.Glob(filepath.Join(tmp, "providers", "*", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		rel, err := filepath.Rel(tmp, file)
		if err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, rel)] = file
	}
	raw, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFilesAreFormatted(t *testing.T) {
	t.Parallel()
	files, err := render("zzmurmur")
	if err != nil || len(files) < 6 {
		t.Fatalf("got %d files, %v; want a provider", len(files), err)
	}
	for name, content := range files {
		if bytes.Contains(content, []byte("<<")) {
			t.Errorf("%s: got a bracket of the template in it", name)
		}
		if filepath.Ext(name) != ".go" {
			continue
		}
		if want, err := format.Source(content); err != nil || !bytes.Equal(content, want) {
			t.Errorf("%s: got a file that gofmt changes, or %v", name, err)
		}
	}
}

func TestNamesAreChecked(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "x", "Foo", "foo-bar", "../foo", "1foo", strings.Repeat("a", 31)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := run(root, name, &bytes.Buffer{}); err == nil {
				t.Error("got no error, want one")
			}
			if entries, err := os.ReadDir(root); err != nil || len(entries) != 0 {
				t.Errorf("got %v, %v; want nothing made", entries, err)
			}
		})
	}
}
