package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/core/fault"
)

// finding is what was found in the code.
type finding struct {
	// messages are the sentences of each code, by status.
	messages map[string]map[int][]string
	// rules are the codes of fields.
	rules map[string]bool
	// problems are places that nobody can document.
	problems []string
}

// folder reads all files of Go below dir that are no tests.
func (f *finding) folder(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return f.source(path, text)
	})
}

func (f *finding) source(path string, text []byte) error {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	inFault := file.Name.Name == "fault"
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if !inFault && !f.call(n) {
				f.problems = append(f.problems, files.Position(n.Pos()).String())
			}
		case *ast.CompositeLit:
			f.literal(n)
		}
		return true
	})
	return nil
}

// call reads fault.New and fault.Missing. It reports false for a code that is
// not written out.
func (f *finding) call(c *ast.CallExpr) bool {
	fun, ok := c.Fun.(*ast.SelectorExpr)
	if !ok || !isFault(fun.X) {
		return true
	}
	switch {
	case fun.Sel.Name == "Missing" && len(c.Args) == 1:
		what, ok := text(c.Args[0])
		f.add(fault.NotFound, what+"_not_found", "There is no such "+what+".")
		return ok
	case fun.Sel.Name == "New" && len(c.Args) >= 3:
		kind, known := kind(c.Args[0])
		code, ok := text(c.Args[1])
		message, _ := text(c.Args[2])
		if known {
			f.add(kind, code, message)
		}
		return ok
	}
	return true
}

// literal reads a fault.Error and a fault.Problem that are written out.
func (f *finding) literal(l *ast.CompositeLit) {
	fields := map[string]ast.Expr{}
	for _, e := range l.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				fields[key.Name] = kv.Value
			}
		}
	}
	if rule, ok := text(fields["Rule"]); ok {
		f.rules[rule] = true
	}
	if _, ok := fields["Field"]; ok {
		if rule, ok := text(fields["Code"]); ok {
			f.rules[rule] = true
		}
		return
	}
	code, ok := text(fields["Code"])
	if !ok {
		return
	}
	message, _ := text(fields["Message"])
	if kind, known := kind(fields["Kind"]); known {
		f.add(kind, code, message)
	}
}

// verb is what fmt puts something of the case into.
var verb = regexp.MustCompile(`%[a-z]`)

func (f *finding) add(kind fault.Kind, code, message string) {
	// Without a code it gets that of its status, and so does what is internal.
	if status := httpapi.StatusOf(kind, code); code != "" && status != http.StatusInternalServerError {
		f.put(code, status, message)
	}
}

func (f *finding) put(code string, status int, message string) {
	if f.messages[code] == nil {
		f.messages[code] = map[int][]string{}
	}
	texts := f.messages[code][status]
	if message = verb.ReplaceAllString(message, "…"); message != "" && message != "…" {
		texts = append(texts, message)
	}
	f.messages[code][status] = texts
}

func isFault(e ast.Expr) bool {
	x, ok := e.(*ast.Ident)
	return ok && x.Name == "fault"
}

// kind is that of an expression such as fault.Denied.
func kind(e ast.Expr) (fault.Kind, bool) {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return kindOf(e.Sel.Name)
	case *ast.Ident: // in the package fault itself
		return kindOf(e.Name)
	}
	return "", false
}

// text is that of an expression of string literals.
func text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		x, ok := text(e.X)
		y, also := text(e.Y)
		return x + y, ok && also
	case *ast.CallExpr: // such as fmt.Sprintf
		if fun, ok := e.Fun.(*ast.SelectorExpr); ok && fun.Sel.Name == "Sprintf" && len(e.Args) > 0 {
			return text(e.Args[0])
		}
	}
	return "", false
}
