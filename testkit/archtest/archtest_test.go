// Package archtest holds the import rules of the repository as a test, so that
// `go test ./...` is enough to keep them.
//
// It parses files itself instead of running `go list`: the go command caches
// test results by the files a test opens, and does not see what a subprocess
// reads, so a `go list` version would keep answering from the cache.
package archtest_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "github.com/crierhq/crier/"
	root   = "../.."
)

// rule says what the packages below from may import besides themselves. Each
// entry is a path prefix; "" is everything.
type rule struct {
	from  string
	local []string // inside the module
	third []string // outside it; nil: standard library only
}

// The first rule whose from is a prefix applies. See docs/architecture.md.
var rules = []rule{
	{from: "core/fault"},
	{from: "core/domain", local: []string{"core/fault"}},
	{from: "ports/", local: []string{"core/domain", "core/fault"}},
	{from: "core", local: []string{"core/", "ports/"}},
	{from: "providers/all", local: []string{"core/domain", "core/fault", "ports/social", "providers/"}},
	{from: "providers/", local: []string{"core/domain", "core/fault", "ports/social", "providers/kit/"}},
	{from: "adapters/mem", local: []string{"core/domain", "core/fault", "ports/"}},
	{from: "adapters/httpapi", local: []string{"core", "ports/"}, third: []string{""}},
	{from: "adapters/", local: []string{"core/domain", "core/fault", "ports/"}, third: []string{""}},
	{from: "testkit/", local: []string{"core/domain", "core/fault", "ports/", "testkit/", "adapters/mem"}},
	{from: "apps/", local: []string{"core", "ports/", "adapters/", "providers/", "apps/"}, third: []string{""}},
}

func TestImportsPointInward(t *testing.T) {
	t.Parallel()
	seen := 0
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && name != ".") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		seen++
		checkFile(t, name)
		return nil
	})
	if err != nil || seen == 0 {
		t.Fatalf("walked %d files: %v", seen, err)
	}
}

func checkFile(t *testing.T, name string) {
	t.Helper()
	dir := path.Dir(name)
	r, ok := ruleFor(dir)
	if !ok {
		t.Errorf("%s: no rule for this folder", name)
		return
	}
	f, err := parser.ParseFile(token.NewFileSet(), path.Join(root, name), nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Error(err)
			continue
		}
		if !r.allows(dir, imp) {
			t.Errorf("%s must not import %s", name, strings.TrimPrefix(imp, module))
		}
	}
}

func ruleFor(dir string) (rule, bool) {
	for _, r := range rules {
		if strings.HasPrefix(dir, r.from) {
			return r, true
		}
	}
	return rule{}, false
}

func (r rule) allows(dir, imp string) bool {
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		return true // standard library
	}
	in, local := strings.CutPrefix(imp, module)
	if !local {
		return hasAnyPrefix(imp, r.third)
	}
	return in == dir || strings.HasPrefix(in, dir+"/") || hasAnyPrefix(in, r.local)
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}
