// Command openapi writes docs/openapi.json and docs/openapi.yaml from the
// operations of the HTTP API, so that the document cannot disagree with the
// code. With -check it changes nothing and fails where a file is stale.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/crierhq/crier/adapters/httpapi"
)

func main() {
	root := flag.String("root", ".", "the folder of the repository")
	check := flag.Bool("check", false, "fail where a file is stale instead of writing it")
	flag.Parse()
	if err := run(*root, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}

// run writes or checks the document below root and says on out what it wrote.
func run(root string, check bool, out io.Writer) error {
	doc := httpapi.OpenAPI(httpapi.Title, httpapi.Version)
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return err
	}
	yaml, err := doc.YAML()
	if err != nil {
		return err
	}
	return errors.Join(
		put(filepath.Join(root, "docs", "openapi.json"), append(text, '\n'), check, out),
		put(filepath.Join(root, "docs", "openapi.yaml"), yaml, check, out),
	)
}

// put writes content to file where it differs, or with check fails there.
func put(file string, content []byte, check bool, out io.Writer) error {
	old, err := os.ReadFile(file)
	switch {
	case err == nil && bytes.Equal(old, content):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case check:
		return fmt.Errorf("%s is stale; run: make gen", file)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "wrote", file)
	return errors.Join(err, os.WriteFile(file, content, 0o644))
}
