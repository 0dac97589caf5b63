// Command scaffold begins a new provider: a package that compiles, a first
// case, and the test function whose findings say what is still missing.
package main

import (
	"bytes"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed template
var templates embed.FS

func main() {
	root := flag.String("root", ".", "the folder of the repository")
	flag.Parse()
	if err := run(*root, flag.Arg(0), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "scaffold:", err)
		os.Exit(1)
	}
}

// next is said when all is there; %[1]s is the name.
const next = `providers/%[1]s is there. What is next:
  1. Fill the Descriptor in %[1]s.go from the platform's documentation.
  2. Put the platform's own example into testdata/cases/publish_plain.json.
  3. make test-provider NAME=%[1]s, and do what the findings say, until there are none.
  4. Say in README.md what an operator has to do, then run make gen.
`

// run makes the folder of the provider name, which must not be there yet.
func run(root, name string, out io.Writer) error {
	if !regexp.MustCompile(`^[a-z][a-z0-9]{1,29}$`).MatchString(name) {
		return errors.New("the name of a provider is 2 to 30 small letters and digits, beginning with a letter")
	}
	dir := filepath.Join(root, "providers", name)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s is there already", dir)
	}
	files, err := render(name)
	if err != nil {
		return err
	}
	for file, content := range files {
		target := filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, next, name)
	return err
}

// render makes the files of the provider name, by their path in its folder.
func render(name string) (map[string][]byte, error) {
	data := struct{ Package, Title, Upper string }{
		Package: name, Title: strings.ToUpper(name[:1]) + name[1:], Upper: strings.ToUpper(name),
	}
	// The cases have {{canary}} in them, so the template has other brackets.
	all, err := template.New("").Delims("<<", ">>").ParseFS(templates, "template/*")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, t := range all.Templates() {
		file, ok := strings.CutSuffix(t.Name(), ".tmpl")
		if !ok {
			continue
		}
		var b bytes.Buffer
		if err := t.Execute(&b, data); err != nil {
			return nil, err
		}
		file = strings.Replace(file, "provider", name, 1)
		if path.Ext(file) == ".json" {
			file = path.Join("testdata", "cases", file)
		}
		out[file] = b.Bytes()
	}
	return out, nil
}
