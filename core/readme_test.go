package core_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheExample keeps the code of the README running: it is the
// body of Example, to the letter.
func TestReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	src, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, ok := strings.Cut(string(src), "\t// README: begin\n")
	code, _, ok2 := strings.Cut(code, "\t// README: end\n")
	if !ok || !ok2 {
		t.Fatal("the example has lost its marks")
	}
	code = strings.TrimPrefix(strings.ReplaceAll(code, "\n\t", "\n"), "\t")
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+code+"```") {
		t.Errorf("README.md does not show the example of core/example_test.go:\n%s", code)
	}
	if n := strings.Count(code, "\n"); n > 26 {
		t.Errorf("the example has %d lines; it is to fit on a screen", n)
	}
}
