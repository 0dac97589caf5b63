// Command client writes client/generated.go: a Go client made from the
// operations of the HTTP API by oapi-codegen, which is pinned beside the linter
// in a module of its own, so that what it needs does not end up in ours. The
// templates here make it write one method for each operation, over the few lines
// that client has by hand. With -check it changes nothing and fails where the
// file is stale.
package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/apps/internal/genfile"
)

const (
	tools  = "apps/internal/tools"
	config = "config.yaml"
	output = "client/generated.go"
)

// assets are what oapi-codegen is told.
//
//go:embed config.yaml templates/*.tmpl
var assets embed.FS

func main() { genfile.Main("client", run) }

// run writes or checks the client below root and says on out what it wrote.
func run(root string, check bool, out io.Writer) error {
	text, err := json.Marshal(httpapi.OpenAPI(httpapi.Title, httpapi.Version))
	if err != nil {
		return err
	}
	if text, err = prepare(text); err != nil {
		return err
	}
	code, err := generate(context.Background(), root, text)
	if err != nil {
		return err
	}
	return genfile.Put(root, output, code, check, out)
}

// generate has oapi-codegen make a client from a document.
func generate(ctx context.Context, root string, document []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "crier-client-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder for a moment
	settings, err := settings()
	if err != nil {
		return nil, err
	}
	for name, content := range map[string][]byte{config: settings, "openapi.json": document} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "tool", "oapi-codegen", "-config", filepath.Join(dir, config), filepath.Join(dir, "openapi.json"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, tools), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("oapi-codegen: %w: %s", err, stderr.Bytes())
	}
	return stdout.Bytes(), nil
}

// settings is the configuration with the templates in it.
func settings() ([]byte, error) {
	out, err := assets.ReadFile(config)
	if err != nil {
		return nil, err
	}
	files, err := assets.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	out = append(out, "  user-templates:\n"...)
	for _, f := range files {
		text, err := assets.ReadFile("templates/" + f.Name())
		if err != nil {
			return nil, err
		}
		quoted, err := json.Marshal(string(text)) // JSON is YAML
		if err != nil {
			return nil, err
		}
		out = fmt.Appendf(out, "    %s: %s\n", f.Name(), quoted)
	}
	return out, nil
}
