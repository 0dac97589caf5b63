// Command providerdoc writes docs/providers/README.md: what every provider can
// do, what it limits, and what an author and an operator can set. All of it
// comes from the providers themselves. With -check it changes nothing and
// fails where the document is stale.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path"
	"reflect"
	"time"

	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/genfile"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
)

const target = "docs/providers/README.md"

func main() { genfile.Main("providerdoc", run) }

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
	return genfile.Put(root, target, text, check, out)
}

// page is all that is said of one provider.
type page struct {
	descriptor   social.Descriptor
	capabilities []string
	operator     []config.Setting
	// folder has the provider's own words for operators; empty: there are none.
	folder string
}

func pageOf(p social.Provider, root fs.FS) page {
	d := p.Descriptor()
	cfg := all.Config(d.ID)
	folder := path.Base(reflect.TypeOf(cfg).Elem().PkgPath())
	if _, err := fs.Stat(root, "providers/"+folder+"/README.md"); err != nil {
		folder = ""
	}
	return page{
		descriptor: d, capabilities: social.CapabilitiesOf(p).Names(), operator: settingsOf(cfg), folder: folder,
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

// example fills in what is required, so that every provider can be built: all
// that has no default, where one of several settings is.
func example(_ all.App, cfg any) ([]string, error) {
	v := reflect.ValueOf(cfg).Elem()
	_, either := cfg.(interface{ Missing() []string })
	for f, field := range v.Fields() {
		if f.Tag.Get("required") != "true" && (!either || f.Tag.Get("default") != "") {
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
