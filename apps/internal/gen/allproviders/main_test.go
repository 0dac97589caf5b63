package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const whole = `package x
const ID = "x"
type Config struct{}
func New(Config) {}
`

func TestProvidersAreTheFoldersThatExportOne(t *testing.T) {
	t.Parallel()
	got, err := providers(fstest.MapFS{
		"providers/kit/rest/rest.go": {Data: []byte("package rest")},
		"providers/all/all.go":       {Data: []byte("package all")},
		"providers/README.md":        {Data: []byte("x")},
		"providers/zed/zed.go":       {Data: []byte(whole)},
		"providers/abc/abc.go":       {Data: []byte("package abc\nconst ID = `x`\ntype Config struct{}")},
		"providers/abc/new.go":       {Data: []byte("package abc\nfunc New() {}\nfunc NewHelper() {}")},
		"providers/abc/page.go":      {Data: []byte("package abc\nconst PageID = `x-page`\nfunc NewPage() {}")},
	})
	if want := []provider{{"abc", ""}, {"abc", "Page"}, {"zed", ""}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestHalfAProviderIsAnError(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, want string }{
		"no New":             {"package x\nconst ID = `x`\ntype Config struct{}", "providers/x exports no func New"},
		"a variable":         {"package x\nvar ID = `x`\ntype Config struct{}\nfunc New() {}", "providers/x exports no const ID"},
		"a method":           {"package x\nconst ID = `x`\ntype Config struct{}\nfunc (Config) New() {}", "providers/x exports no func New"},
		"nothing":            {"package x", "no const ID, no type Config, no func New"},
		"does not even read": {"package", "expected 'IDENT'"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := providers(fstest.MapFS{"providers/x/x.go": {Data: []byte(tc.text)}})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestRunWritesOnceAndChecks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, dir := range []string{"all", "x"} {
		if err := os.MkdirAll(filepath.Join(root, "providers", dir), 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "providers", "x", "x.go"), []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if err := run(root, true, &said); err == nil {
		t.Error("got no error for a list that is not there, want one")
	}
	if err := run(root, false, &said); err != nil || !strings.Contains(said.String(), "wrote "+target) {
		t.Fatalf("got %q, %v", said.String(), err)
	}
	if err := run(root, true, &said); err != nil {
		t.Errorf("got %v for a fresh list", err)
	}
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(target)))
	if err != nil || !strings.Contains(string(raw), "of(x.ID, x.New),") {
		t.Errorf("got %v and\n%s", err, raw)
	}
}

// TestListIsFresh looks at the repository itself.
func TestListIsFresh(t *testing.T) {
	t.Parallel()
	if err := run("../../../..", true, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}
