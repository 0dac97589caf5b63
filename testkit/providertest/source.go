package providertest

import (
	"cmp"
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// forbidden says what of a package a provider must not use, and what instead.
// The name "" is all of the package.
func forbidden() map[string]map[string]string {
	client, logger := "use Deps.HTTP", "use Deps.Log"
	clock, ids := "use Deps.Now", "use Deps.NewID"
	wait := "the engine waits, not the provider"
	env := "configuration comes with Config"
	return map[string]map[string]string{
		"net/http": {
			"DefaultClient": client, "DefaultTransport": client, "Get": client, "Head": client,
			"Post": client, "PostForm": client, "Client{": client, "Transport{": client,
		},
		"net":          {"Dial": client, "DialTimeout": client, "Dialer{": client, "Listen": client, "LookupHost": client, "LookupIP": client},
		"crypto/tls":   {"": client},
		"log":          {"": logger},
		"log/slog":     {"Default": logger, "Debug": logger, "Info": logger, "Warn": logger, "Error": logger, "Log": logger, "SetDefault": logger},
		"fmt":          {"Print": logger, "Printf": logger, "Println": logger},
		"time":         {"Now": clock, "Since": clock, "Until": clock, "Sleep": wait, "After": wait, "Tick": wait, "NewTicker": wait, "NewTimer": wait},
		"math/rand":    {"": ids},
		"math/rand/v2": {"": ids},
		"crypto/rand":  {"": ids},
		"os":           {"": env + ", and bytes with Media.Source"},
		"os/exec":      {"": "a provider starts nothing"},
		"syscall":      {"": env},
	}
}

// checkGlobals reads the source of the provider: what it uses beside its Deps
// cannot be seen from outside without replacing it for every other test.
func checkGlobals(_ context.Context, k *kit) []Finding {
	src := k.Source
	if src == nil {
		src = os.DirFS(".")
	}
	names, err := fs.Glob(src, "*.go")
	if err != nil {
		return []Finding{findingf("", "%v", err)}
	}
	var out []Finding
	vars := map[string]bool{}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		raw, err := fs.ReadFile(src, name)
		if err != nil {
			return []Finding{findingf("", "%v", err)}
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, raw, 0)
		if err != nil {
			return []Finding{findingf(name, "%v", err)}
		}
		files[name] = f
		declared(f, vars)
	}
	for name, f := range files {
		for _, d := range globalsOf(f, vars) {
			out = append(out, Finding{Part: name, Detail: d})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Part, b.Part), cmp.Compare(a.Detail, b.Detail)) })
	return slices.Compact(out)
}

// declared adds the variables of the package that f declares.
func declared(f *ast.File, vars map[string]bool) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok {
				for _, n := range v.Names {
					vars[n.Name] = n.Name != "_"
				}
			}
		}
	}
}

func globalsOf(f *ast.File, vars map[string]bool) []string {
	imports := map[string]string{}
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := path.Base(strings.TrimSuffix(p, "/v2"))
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = p
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Recv == nil && n.Name.Name == "init" {
				out = append(out, "there is a func init: a provider does nothing before New")
			}
		case *ast.CompositeLit:
			if s, ok := n.Type.(*ast.SelectorExpr); ok {
				out = append(out, misuse(imports, s, "{")...)
			}
		case *ast.SelectorExpr:
			out = append(out, misuse(imports, n, "")...)
		default:
			for _, e := range assigned(n) {
				out = append(out, changed(e, vars)...)
			}
		}
		return true
	})
	return out
}

// assigned lists what a statement assigns to.
func assigned(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			return n.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{n.X}
	}
	return nil
}

func misuse(imports map[string]string, s *ast.SelectorExpr, suffix string) []string {
	x, ok := s.X.(*ast.Ident)
	if !ok || x.Obj != nil {
		return nil
	}
	rules, ok := forbidden()[imports[x.Name]]
	if !ok {
		return nil
	}
	why := rules[s.Sel.Name+suffix]
	if why == "" && suffix == "" {
		why = rules[""]
	}
	if why == "" {
		return nil
	}
	return []string{"it uses " + x.Name + "." + s.Sel.Name + ": " + why}
}

// changed reports an assignment to a variable of the package.
func changed(e ast.Expr, vars map[string]bool) []string {
	for {
		switch x := e.(type) {
		case *ast.IndexExpr:
			e = x.X
			continue
		case *ast.SelectorExpr:
			e = x.X
			continue
		case *ast.StarExpr:
			e = x.X
			continue
		case *ast.ParenExpr:
			e = x.X
			continue
		case *ast.Ident:
			if vars[x.Name] && (x.Obj == nil || isVarSpec(x.Obj.Decl)) {
				return []string{"it changes the package variable " + x.Name + ": a provider keeps its state in itself"}
			}
		}
		return nil
	}
}

func isVarSpec(decl any) bool {
	_, ok := decl.(*ast.ValueSpec)
	return ok
}
