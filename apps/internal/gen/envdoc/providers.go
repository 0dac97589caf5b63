package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/crierhq/crier/apps/internal/config"
)

// providerGroups reads the settings of every provider from the source of its
// struct Config, so that a new provider is documented without a list to edit.
// Providers without settings are left out.
func providerGroups(root fs.FS) ([]config.Group, error) {
	files, err := fs.Glob(root, "providers/*/*.go")
	if err != nil {
		return nil, err
	}
	var out []config.Group
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		settings, err := settingsIn(root, name)
		if err != nil {
			return nil, err
		}
		if len(settings) > 0 {
			out = append(out, config.Group{Title: path.Base(path.Dir(name)), Settings: settings})
		}
	}
	return out, nil
}

// settingsIn reads the settings of the struct Config in one file, if it has
// one.
func settingsIn(root fs.FS, name string) ([]config.Setting, error) {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []config.Setting
	for _, field := range configFields(f) {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if s, ok := config.SettingOf(reflect.StructTag(tag), types.ExprString(field.Type)); ok {
			out = append(out, s)
		}
	}
	return out, nil
}

func configFields(f *ast.File) []*ast.Field {
	for _, decl := range f.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range gen.Specs {
			named, ok := spec.(*ast.TypeSpec)
			if !ok || named.Name.Name != "Config" {
				continue
			}
			if s, ok := named.Type.(*ast.StructType); ok {
				return s.Fields.List
			}
		}
	}
	return nil
}
