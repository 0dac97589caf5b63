// Package archtest holds the rules about the shape of the repository as a
// test, so that `go test ./...` is enough to keep them: who may import whom,
// that nothing runs by being imported, and that no code but a provider's own
// knows a platform.
//
// It parses files itself instead of running `go list`: the go command caches
// test results by the files a test opens, and does not see what a subprocess
// reads, so a `go list` version would keep answering from the cache.
package archtest_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestRepositoryKeepsItsRules(t *testing.T) {
	t.Parallel()
	findings, files, err := examine(os.DirFS("../.."))
	if err != nil || files < 20 {
		t.Fatalf("examined %d files: %v", files, err)
	}
	for _, f := range findings {
		t.Error(f)
	}
}

// examine reads every Go file of a module and returns what breaks a rule. It
// leaves out test data, hidden folders and other modules inside.
func examine(fsys fs.FS) (findings []string, files int, err error) {
	names, err := providerNames(fsys)
	if err != nil {
		return nil, 0, err
	}
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipped(fsys, name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		files++
		found, err := examineFile(fsys, name, names)
		findings = append(findings, found...)
		return err
	})
	return findings, files, err
}

func skipped(fsys fs.FS, dir string) bool {
	base := path.Base(dir)
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := fs.Stat(fsys, path.Join(dir, "go.mod"))
	return err == nil
}

// providerNames lists the platforms that there are providers for.
func providerNames(fsys fs.FS) ([]string, error) {
	dirs, err := fs.ReadDir(fsys, "providers")
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range dirs {
		if d.IsDir() && d.Name() != "kit" && d.Name() != "all" && !slices.Contains(ordinaryWords, d.Name()) {
			out = append(out, d.Name())
		}
	}
	return out, nil
}

// ordinaryWords are names of providers that mean something else, too.
var ordinaryWords = []string{"feed"}

func examineFile(fsys fs.FS, name string, providers []string) ([]string, error) {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	out := brokenImports(name, f)
	out = append(out, initializers(name, f)...)
	if !strings.HasSuffix(name, "_test.go") && matchesAny(path.Dir(name), []string{"core", "ports", "adapters"}) {
		out = append(out, platformsNamed(name, f, providers)...)
	}
	return out, nil
}

func brokenImports(name string, f *ast.File) []string {
	dir := path.Dir(name)
	r, ok := ruleFor(dir)
	if !ok {
		return []string{fmt.Sprintf("%s: there is no rule for the folder %s; decide in testkit/archtest what it may import", name, dir)}
	}
	var out []string
	for _, spec := range f.Imports {
		imp := text(spec.Path)
		if !r.allows(dir, imp, strings.HasSuffix(name, "_test.go")) {
			out = append(out, fmt.Sprintf("%s must not import %s", name, strings.TrimPrefix(imp, module+"/")))
		}
	}
	return out
}

// initializers finds functions that run by being imported.
func initializers(name string, f *ast.File) []string {
	var out []string
	for _, decl := range f.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
			out = append(out, fmt.Sprintf("%s has an init function; let a constructor do it", name))
		}
	}
	return out
}

// platformsNamed finds texts that are the name of a platform. Generic code asks
// the descriptor and the capabilities of a provider instead.
func platformsNamed(name string, f *ast.File, providers []string) []string {
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if ok && lit.Kind == token.STRING && slices.Contains(providers, strings.ToLower(text(lit))) {
			out = append(out, fmt.Sprintf("%s names the platform %s; ask the provider's descriptor or capabilities", name, lit.Value))
		}
		return true
	})
	return out
}

func text(lit *ast.BasicLit) string {
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return lit.Value
	}
	return s
}
