package wire

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
	"github.com/crierhq/crier/providers/feed"
)

// CheckProviders reports everything that is wrong with the settings of
// providers, and warns about variables that look like misspelled ones.
func CheckProviders(environ []string, readFile func(string) ([]byte, error), own *config.Config) (config.Problems, []string) {
	more, problems := moreApps(own.Publisher.Apps)
	known := config.Names(own, "")
	var ids []domain.ProviderID
	for _, app := range all.Apps(more...) {
		into := all.Config(app.Platform)
		known = append(known, config.Names(into, app.Suffix())...)
		_, err := config.LoadInto(environ, readFile, into, app.Suffix())
		if found, ok := errors.AsType[config.Problems](err); ok {
			problems = append(problems, found...)
		}
		ids = append(ids, app.ID())
	}
	for _, id := range own.Publisher.Providers {
		if id != config.Nothing && !slices.Contains(ids, domain.ProviderID(id)) {
			problems = append(problems, config.Problem{
				Variable: "WORKER_PROVIDERS", Message: fmt.Sprintf("There is no platform %q.", id),
				Fix: fmt.Sprintf("Write some of %v, or none.", ids),
			})
		}
	}
	return problems, config.Typos(environ, known)
}

// moreApps reads PLATFORM_APPS.
func moreApps(names []string) (apps []all.App, problems config.Problems) {
	wrong := func(message, fix string) {
		problems = append(problems, config.Problem{Variable: "PLATFORM_APPS", Message: message, Fix: fix})
	}
	for _, name := range names {
		app, err := all.ParseApp(name)
		switch {
		case err != nil:
			wrong(fmt.Sprintf("%v.", err), "Write platforms and names such as x:brand,facebook:brand.")
		case slices.Contains(apps, app):
			wrong(fmt.Sprintf("%q is there twice.", name), "Remove one of the two.")
		case !hasApps(app.Platform):
			wrong(fmt.Sprintf("Nobody makes an app at %s: all that it needs comes when an account is connected.", app.Platform), "Remove "+name+".")
		default:
			apps = append(apps, app)
		}
	}
	return apps, problems
}

// hasApps reports whether a platform needs settings.
func hasApps(platform domain.ProviderID) bool {
	into := all.Config(platform)
	missing, err := config.LoadInto(nil, nil, into, "")
	c, either := reflect.ValueOf(into).Elem().Interface().(interface{ Missing() []string })
	return err != nil || len(missing) > 0 || either && len(c.Missing()) > 0
}

// providers builds the providers whose settings are complete, and the pages of
// those that publish on this very server.
func (a *App) providers(st *bunstore.Store) ([]social.Provider, map[domain.ProviderID]http.Handler, error) {
	load := func(app all.App, into any) ([]string, error) {
		return config.LoadInto(a.env.Environ, a.env.ReadFile, into, app.Suffix())
	}
	more, problems := moreApps(a.cfg.Publisher.Apps)
	if len(problems) > 0 {
		return nil, nil, problems
	}
	list, missing, err := all.Build(load, func(id domain.ProviderID) (social.Deps, bool) {
		if id == feed.ID && !a.cfg.Publisher.HostFeeds {
			return social.Deps{}, false
		}
		return social.Deps{
			HTTP: a.client, Log: a.env.Log.With("component", "provider", "provider", id),
			Now:   func() time.Time { return time.Now().UTC() },
			NewID: func() string { return core.NewID(time.Now()) },
			Vault: core.NewVault(st, a.sealer, id),
			Hosting: &social.Hosting{
				BaseURL: a.cfg.Server.PublicURL + "/" + string(id), Documents: st.Documents(), Files: a.blobs,
			},
		}, true
	}, more...)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range missing {
		a.env.Log.Info("a platform is not set up", "provider", m.ID, "missing", strings.Join(m.Settings, ", "))
	}
	sites := map[domain.ProviderID]http.Handler{}
	for _, p := range list {
		if site := social.CapabilitiesOf(p).Site; site != nil {
			id := p.Descriptor().ID
			sites[id] = http.StripPrefix("/"+string(id), site.Pages())
		}
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("no platform is set up: set HOST_FEEDS=true, or the settings of at least one platform")
	}
	return list, sites, nil
}

// reachable reports whether others could reach an address at all.
func reachable(public string) bool {
	u, err := url.Parse(public)
	if err != nil {
		return false
	}
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsGlobalUnicast() && !ip.IsPrivate()
	}
	return strings.Contains(host, ".") && !strings.HasSuffix(host, ".localhost") && !strings.HasSuffix(host, ".local") && !strings.HasSuffix(host, ".internal")
}
