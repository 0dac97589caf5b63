package wire

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/providers/all"
	"github.com/crierhq/crier/providers/feed"
)

// setups is what is set of each platform, for the doctor. Addresses among the
// settings are what the platform is reached at.
func (a *App) setups() []core.PlatformSetup {
	var out []core.PlatformSetup
	more, _ := moreApps(a.cfg.Publisher.Apps) // what is wrong was told at the start
	for _, app := range all.Apps(more...) {
		if app.Platform == feed.ID && !a.cfg.Publisher.HostFeeds {
			continue
		}
		out = append(out, a.setup(app))
	}
	return out
}

func (a *App) setup(app all.App) core.PlatformSetup {
	out := core.PlatformSetup{ID: app.ID(), Redirect: httpapi.CallbackURL(a.cfg.Server.PublicURL, app.ID())}
	into := all.Config(app.Platform)
	_, _ = config.LoadInto(a.env.Environ, a.env.ReadFile, into, app.Suffix()) // what is wrong was told at the start
	v := reflect.ValueOf(into).Elem()
	if c, ok := v.Interface().(interface{ Missing() []string }); ok {
		for _, name := range c.Missing() {
			out.Settings = append(out.Settings, core.PlatformSetting{Name: app.Setting(name), Required: true})
		}
	}
	for i, field := range slices.Collect(v.Type().Fields()) {
		s, ok := config.SettingOf(field.Tag, field.Type.String())
		if !ok {
			continue
		}
		value := fmt.Sprint(v.Field(i).Interface())
		if v.Field(i).IsZero() {
			value = ""
		}
		out.Settings = append(out.Settings, core.PlatformSetting{Name: app.Setting(s.Name), Required: s.Required, Secret: s.Secret, Value: value})
		if u, err := url.Parse(value); err == nil && !s.Secret && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http") {
			if origin := u.Scheme + "://" + u.Host; !slices.Contains(out.Hosts, origin) {
				out.Hosts = append(out.Hosts, origin)
			}
		}
	}
	return out
}
