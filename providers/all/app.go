package all

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// App is an app at which accounts of a platform sign in. Each platform has one
// without a name. Operators who have more of them give those names.
type App struct {
	Platform domain.ProviderID
	// Name is empty, or small letters and digits.
	Name string
}

// appName leaves out what would read as another setting or platform.
var appName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

// ParseApp reads platform:name, such as x:brand. The error is a sentence about
// what is wrong with s.
func ParseApp(s string) (App, error) {
	platform, name, _ := strings.Cut(s, ":")
	app := App{Platform: domain.ProviderID(platform), Name: name}
	switch {
	case !appName.MatchString(name):
		return App{}, fmt.Errorf("%q is not a platform and a name of small letters and digits, such as x:brand", s)
	case name == "file":
		return App{}, fmt.Errorf("%q: no app can be named file, as NAME_FILE names the file with the value of NAME", s)
	case Config(app.Platform) == nil:
		return App{}, fmt.Errorf("there is no platform %q", platform)
	case slices.Contains(IDs(), app.ID()):
		return App{}, fmt.Errorf("%q would be offered as %s, which is a platform already", s, app.ID())
	}
	return app, nil
}

// Apps lists the app without a name of every platform, sorted, and then more.
func Apps(more ...App) []App {
	var out []App
	for _, id := range IDs() {
		out = append(out, App{Platform: id})
	}
	return append(out, more...)
}

// ID is the id under which the app is offered: that of the platform, and its
// name: x-brand.
func (a App) ID() domain.ProviderID {
	if a.Name == "" {
		return a.Platform
	}
	return a.Platform + domain.ProviderID("-"+a.Name)
}

// Setting is the name of a setting of the platform for this app:
// X_CLIENT_ID_BRAND. name may be several of which one is enough, "A or B".
func (a App) Setting(name string) string {
	return strings.ReplaceAll(name, " or ", a.Suffix()+" or ") + a.Suffix()
}

// Suffix ends the names of the settings of this app.
func (a App) Suffix() string {
	if a.Name == "" {
		return ""
	}
	return "_" + strings.ToUpper(a.Name)
}

func (a App) offer(p social.Provider) social.Provider {
	if a.Name == "" {
		return p
	}
	return social.AnotherApp(p, a.ID(), p.Descriptor().Name+" ("+a.Name+")")
}
