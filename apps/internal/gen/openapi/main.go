// Command openapi writes docs/openapi.json and docs/openapi.yaml from the
// operations of the HTTP API, so that the document cannot disagree with the
// code. With -check it changes nothing and fails where a file is stale.
package main

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/apps/internal/genfile"
)

func main() { genfile.Main("openapi", run) }

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
		genfile.Put(root, "docs/openapi.json", append(text, '\n'), check, out),
		genfile.Put(root, "docs/openapi.yaml", yaml, check, out),
	)
}
