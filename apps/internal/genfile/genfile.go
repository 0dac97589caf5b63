// Package genfile is what the generators in apps/internal/gen share: writing a
// file where it is stale, or failing there.
package genfile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Main runs a generator by its command line: -root names the folder of the
// repository, and with -check nothing is written and what is stale is an error.
func Main(name string, run func(root string, check bool, out io.Writer) error) {
	root := flag.String("root", ".", "the folder of the repository")
	check := flag.Bool("check", false, "fail where a file is stale instead of writing it")
	flag.Parse()
	if err := run(*root, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Put writes content to the file name, a path with slashes below root, where it
// differs, and says so on out. With check it fails there instead.
func Put(root, name string, content []byte, check bool, out io.Writer) error {
	file := filepath.Join(root, filepath.FromSlash(name))
	old, err := os.ReadFile(file)
	switch {
	case err == nil && bytes.Equal(old, content):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case check:
		return fmt.Errorf("%s is stale; run: make gen", name)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "wrote", name)
	return errors.Join(err, os.WriteFile(file, content, 0o644))
}
