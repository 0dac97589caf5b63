// Package all is every provider of this repository, for programs that offer
// whatever their operator has set up. An embedder who wants three platforms
// imports three packages instead; the linker drops the rest.
//
// The list is made from the folders by apps/internal/gen/allproviders. Nothing
// registers itself.
package all

import (
	"errors"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Load fills the struct that config points to with the settings of app, by the
// tags env, default and required of its fields. missing names the required
// settings that are absent, in the order of the struct; err is for settings
// that are there and wrong.
type Load func(app App, config any) (missing []string, err error)

// Missing is a provider that is absent because its operator has not set it up,
// which is no error.
type Missing struct {
	ID domain.ProviderID
	// Settings names what would have to be set.
	Settings []string
}

// Build makes every provider whose settings are complete, in the order of
// their ids, then those of more, and says which are absent. deps gives each one
// what it may use; false: the host does not offer this provider, and it is left
// out. The error names everything that is wrong at once; the providers are
// those that work.
func Build(load Load, deps func(domain.ProviderID) (social.Deps, bool), more ...App) ([]social.Provider, []Missing, error) {
	var out []social.Provider
	var absent []Missing
	var errs []error
	for _, app := range Apps(more...) {
		d, offered := deps(app.ID())
		e, known := entryOf(app.Platform)
		if !offered || !known {
			continue
		}
		p, missing, err := e.build(load, app, d)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("provider %s: %w", app.ID(), err))
		case len(missing) > 0:
			absent = append(absent, Missing{ID: app.ID(), Settings: missing})
		default:
			out = append(out, app.offer(p))
		}
	}
	return out, absent, errors.Join(errs...)
}

// IDs names every provider, sorted, whether it is set up or not.
func IDs() []domain.ProviderID {
	var out []domain.ProviderID
	for _, e := range list() {
		out = append(out, e.id)
	}
	return out
}

// Config is a new zero Config of the provider id, as a pointer; nil for an id
// that is not in the list. It is for programs that document or check settings.
func Config(id domain.ProviderID) any {
	if e, ok := entryOf(id); ok {
		return e.config()
	}
	return nil
}

func entryOf(id domain.ProviderID) (entry, bool) {
	for _, e := range list() {
		if e.id == id {
			return e, true
		}
	}
	return entry{}, false
}

// entry is one provider before it is built.
type entry struct {
	id     domain.ProviderID
	config func() any
	build  func(load Load, app App, d social.Deps) (p social.Provider, missing []string, err error)
}

// chooser is a config that needs one of several settings, which the tag required
// cannot say. Missing names what would have to be set; nothing: it is complete.
type chooser interface{ Missing() []string }

// of makes an entry from what every provider package exports: its ID and New.
func of[C any, P social.Provider](id domain.ProviderID, build func(C, social.Deps) (P, error)) entry {
	return entry{
		id:     id,
		config: func() any { return new(C) },
		build: func(load Load, app App, d social.Deps) (social.Provider, []string, error) {
			var cfg C
			missing, err := load(app, &cfg)
			if c, ok := any(cfg).(chooser); ok && err == nil {
				for _, name := range c.Missing() {
					missing = append(missing, app.Setting(name))
				}
			}
			if err != nil || len(missing) > 0 {
				return nil, missing, err
			}
			p, err := build(cfg, d)
			if err != nil {
				return nil, nil, err
			}
			return p, nil, nil
		},
	}
}
