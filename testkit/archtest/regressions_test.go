package archtest_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// regressions is how many the table has.
const regressions = 25

func TestTableOfRegressionsIsTrue(t *testing.T) {
	t.Parallel()
	root := os.DirFS("../..")
	table, err := fs.ReadFile(root, "docs/regressions.md")
	if err != nil {
		t.Fatal(err)
	}
	found, err := regressionTests(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range checkRegressions(string(table), found) {
		t.Error(f)
	}
}

// regressionTest is a test that is named after a regression.
type regressionTest struct{ dir, name string }

var (
	regressionName = regexp.MustCompile(`^TestRegression(\d\d)[A-Z]\w*$`)
	regressionRow  = regexp.MustCompile(`^\| (\d+) \| (.+) \| (.+) \|$`)
	regressionCell = regexp.MustCompile("^`([^`]+)` (Test\\w+)$")
)

// regressionTests finds the tests named after regressions, and those that
// nearly are.
func regressionTests(fsys fs.FS) ([]regressionTest, error) {
	var out []regressionTest
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && skipped(fsys, name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "TestRegression") {
				out = append(out, regressionTest{path.Dir(name), fn.Name.Name})
			}
		}
		return nil
	})
	return out, err
}

// checkRegressions holds the table against the tests that were found.
func checkRegressions(table string, found []regressionTest) []string {
	var out []string
	seen := map[int]bool{}
	named := map[regressionTest]bool{}
	for line := range strings.Lines(table) {
		row := regressionRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if row == nil {
			continue
		}
		n, err := strconv.Atoi(row[1])
		if err != nil || n < 1 || n > regressions || seen[n] {
			out = append(out, fmt.Sprintf("docs/regressions.md: the number %s is none, or there twice", row[1]))
			continue
		}
		seen[n] = true
		if strings.HasPrefix(row[3], "lands with ") {
			continue
		}
		for cell := range strings.SplitSeq(row[3], ", ") {
			m := regressionCell.FindStringSubmatch(cell)
			if m == nil || !belongs(m[2], n) {
				out = append(out, fmt.Sprintf("docs/regressions.md: number %d: %q is neither \"lands with …\" nor a folder with a test of this number", n, cell))
				continue
			}
			test := regressionTest{m[1], m[2]}
			named[test] = true
			if !slices.Contains(found, test) {
				out = append(out, fmt.Sprintf("docs/regressions.md: number %d: there is no %s in %s", n, test.name, test.dir))
			}
		}
	}
	for n := range regressions {
		if !seen[n+1] {
			out = append(out, fmt.Sprintf("docs/regressions.md: number %d is missing", n+1))
		}
	}
	for _, test := range found {
		if !named[test] {
			out = append(out, fmt.Sprintf("docs/regressions.md: name %s of %s in the row of its number: `%s` %s", test.name, test.dir, test.dir, test.name))
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}

func belongs(test string, n int) bool {
	m := regressionName.FindStringSubmatch(test)
	return m != nil && m[1] == fmt.Sprintf("%02d", n)
}

// TestWrongTablesAreFound: a check that cannot fail proves nothing.
func TestWrongTablesAreFound(t *testing.T) {
	t.Parallel()
	code := fstest.MapFS{
		"a/a_test.go": {Data: []byte("package a\nfunc TestRegression01Down(t *testing.T) {}\nfunc TestOther(t *testing.T) {}\n")},
		"a/a.go":      {Data: []byte("package a\nfunc TestRegression02NotATest() {}\n")},
	}
	found, err := regressionTests(code)
	if err != nil || !slices.Equal(found, []regressionTest{{"a", "TestRegression01Down"}}) {
		t.Fatalf("got %v, %v; want the one test", found, err)
	}
	good := "| 1 | x | `a` TestRegression01Down |\n"
	for n := 2; n <= regressions; n++ {
		good += fmt.Sprintf("| %d | x | lands with y |\n", n)
	}
	if got := checkRegressions(good, found); len(got) != 0 {
		t.Errorf("a good table: got %v, want nothing", got)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"a missing number":     {"| 7 | x | lands with y |\n", "", "number 7 is missing"},
		"a number twice":       {"| 7 |", "| 8 |", "8 is none, or there twice"},
		"a number of nothing":  {"| 25 |", "| 26 |", "26 is none"},
		"a test that is gone":  {"01Down", "01Gone", "there is no TestRegression01Gone in a"},
		"another folder":       {"`a`", "`b`", "there is no TestRegression01Down in b"},
		"a test of another":    {"| 2 | x | lands with y |", "| 2 | x | `a` TestRegression01Down |", "number 2"},
		"words":                {"| 2 | x | lands with y |", "| 2 | x | soon |", `"soon" is neither`},
		"a test without a row": {"`a` TestRegression01Down", "lands with y", "name TestRegression01Down of a"},
	} {
		got := checkRegressions(strings.Replace(good, c.from, c.to, 1), found)
		if !strings.Contains(strings.Join(got, "\n"), c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
