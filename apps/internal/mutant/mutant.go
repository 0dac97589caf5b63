// Package mutant puts mistakes into Crier on purpose, so that a test of a test
// can show that they are noticed. It never touches a file of the repository.
package mutant

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Patch is a mistake in one file: every old text is replaced by its new one.
type Patch struct {
	// File is its path in the repository, with slashes.
	File string
	// Edit holds pairs of an old text and a new one.
	Edit [][2]string
}

// Apply returns the file of the repository at root with the mistake in it, or
// an error if an old text is not there: such a mistake would prove nothing.
func (p Patch) Apply(root string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.File)))
	if err != nil {
		return "", err
	}
	src := string(raw)
	for _, e := range p.Edit {
		if !strings.Contains(src, e[0]) {
			return "", fmt.Errorf("%s has changed: it holds no %q any more; put the mistake where that is now", p.File, e[0])
		}
		src = strings.ReplaceAll(src, e[0], e[1])
	}
	return src, nil
}

// Flag writes what a build needs to have the mistake into the folder dir, and
// returns the flag of go build that names it. root must be absolute.
func (p Patch) Flag(root, dir string) (string, error) {
	src, err := p.Apply(root)
	if err != nil {
		return "", err
	}
	wrong, overlay := filepath.Join(dir, "wrong.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, filepath.FromSlash(p.File)): wrong}})
	if err != nil {
		return "", err
	}
	return "-overlay=" + overlay, errors.Join(os.WriteFile(wrong, []byte(src), 0o600), os.WriteFile(overlay, list, 0o600))
}
