// Command envdoc writes docs/configuration.md and .env.example from the tags of
// the settings, so that the documents cannot disagree with the code. With
// -check it changes nothing and fails where a document is stale.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/crierhq/crier/apps/internal/config"
)

func main() {
	root := flag.String("root", ".", "the folder of the repository")
	check := flag.Bool("check", false, "fail where a document is stale instead of writing it")
	flag.Parse()
	if err := run(*root, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "envdoc:", err)
		os.Exit(1)
	}
}

// run writes or checks the documents below root and says on out what it wrote.
func run(root string, check bool, out io.Writer) error {
	providers, err := providerGroups(os.DirFS(root))
	if err != nil {
		return err
	}
	groups := config.Groups()
	var errs []error
	for name, content := range map[string][]byte{
		filepath.Join("docs", "configuration.md"): markdown(groups, providers),
		".env.example": example(groups, providers),
	} {
		errs = append(errs, put(filepath.Join(root, name), content, check, out))
	}
	return errors.Join(errs...)
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
