// Command envdoc writes docs/configuration.md and .env.example from the tags of
// the settings, so that the documents cannot disagree with the code. With
// -check it changes nothing and fails where a document is stale.
package main

import (
	"errors"
	"io"
	"os"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/genfile"
)

func main() { genfile.Main("envdoc", run) }

// run writes or checks the documents below root and says on out what it wrote.
func run(root string, check bool, out io.Writer) error {
	providers, err := providerGroups(os.DirFS(root))
	if err != nil {
		return err
	}
	groups := config.Groups()
	var errs []error
	for name, content := range map[string][]byte{
		"docs/configuration.md": markdown(groups, providers),
		".env.example":          example(groups, providers),
	} {
		errs = append(errs, genfile.Put(root, name, content, check, out))
	}
	return errors.Join(errs...)
}
