// Command providerdoc writes docs/providers/README.md: what every provider can
// do, what it limits, and what an author and an operator can set. All of it
// comes from the providers themselves. With -check it changes nothing and
// fails where the document is stale.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
)

const target = "docs/providers/README.md"

func main() {
	root := flag.String("root", ".", "the folder of the repository")
	check := flag.Bool("check", false, "fail where the document is stale instead of writing it")
	flag.Parse()
	if err := run(*root, *check, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "providerdoc:", err)
		os.Exit(1)
	}
}

// run writes or checks the document below root and says on out what it wrote.
func run(root string, check bool, out io.Writer) error {
	built, missing, err := all.Build(example, deps)
	if err != nil || len(missing) > 0 {
		return errors.Join(err, fmt.Errorf("cannot be built: %v", missing))
	}
	pages := make([]page, len(built))
	for i, p := range built {
		pages[i] = pageOf(p, os.DirFS(root))
	}
	text := render(pages)
	file := filepath.Join(root, filepath.FromSlash(target))
	old, err := os.ReadFile(file)
	switch {
	case err == nil && bytes.Equal(old, text):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case check:
		return fmt.Errorf("%s is stale; run: make gen", target)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "wrote", target)
	return errors.Join(err, os.WriteFile(file, text, 0o644))
}

// page is all that is said of one provider.
type page struct {
	descriptor   social.Descriptor
	capabilities []string
	operator     []config.Setting
	// readme is set if the provider has words of its own for operators.
	readme bool
}

func pageOf(p social.Provider, root fs.FS) page {
	d := p.Descriptor()
	_, err := fs.Stat(root, "providers/"+string(d.ID)+"/README.md")
	return page{
		descriptor: d, capabilities: social.CapabilitiesOf(p).Names(), operator: settingsOf(all.Config(d.ID)), readme: err == nil,
	}
}

func settingsOf(cfg any) []config.Setting {
	var out []config.Setting
	for f := range reflect.TypeOf(cfg).Elem().Fields() {
		if s, ok := config.SettingOf(f.Tag, f.Type.String()); ok {
			out = append(out, s)
		}
	}
	return out
}

// example fills in what is required, so that every provider can be built.
func example(cfg any) ([]string, error) {
	v := reflect.ValueOf(cfg).Elem()
	for f, field := range v.Fields() {
		if f.Tag.Get("required") != "true" {
			continue
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString("https://example.org")
		case reflect.Int, reflect.Int64:
			field.SetInt(1)
		case reflect.Bool:
			field.SetBool(true)
		default:
			return []string{f.Name}, nil
		}
	}
	return nil, nil
}

// deps are enough to build a provider. Nothing is called.
func deps(domain.ProviderID) (social.Deps, bool) {
	return social.Deps{
		HTTP: &http.Client{}, Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: func() string { return "id" },
		Vault: struct{ social.Vault }{},
		Hosting: &social.Hosting{
			BaseURL: "https://crier.example/feed", Documents: struct{ social.Documents }{}, Files: struct{ social.Files }{},
		},
	}, true
}
