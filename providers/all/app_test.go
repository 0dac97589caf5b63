package all_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/all"
)

func TestParseApp(t *testing.T) {
	t.Parallel()
	app, err := all.ParseApp("x:brand2")
	if want := (all.App{Platform: "x", Name: "brand2"}); err != nil || app != want || app.ID() != "x-brand2" {
		t.Errorf("got %+v of id %s, %v; want %+v of id x-brand2", app, app.ID(), err, want)
	}
	if got := app.Setting("X_CLIENT_ID or X_API_KEY"); got != "X_CLIENT_ID_BRAND2 or X_API_KEY_BRAND2" {
		t.Errorf("got the settings %q", got)
	}
	for in, want := range map[string]string{
		"":                     "not a platform and a name",
		"x":                    "not a platform and a name",
		"x:":                   "not a platform and a name",
		"x:Brand":              "not a platform and a name",
		"x:a-b":                "not a platform and a name",
		"x:a:b":                "not a platform and a name",
		"x:file":               "named file",
		"nobody:brand":         `no platform "nobody"`,
		"linkedin:page":        "linkedin-page, which is a platform already",
		"instagram:standalone": "instagram-standalone, which is a platform already",
	} {
		if _, err := all.ParseApp(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want an error with %q", in, err, want)
		}
	}
}

// TestBuildMakesSeveralAppsOfAPlatform has one platform with two apps, of which
// the second is told by its id and name and by nothing else.
func TestBuildMakesSeveralAppsOfAPlatform(t *testing.T) {
	t.Parallel()
	brand, absent := all.App{Platform: "x", Name: "brand"}, all.App{Platform: "x", Name: "absent"}
	load := func(app all.App, cfg any) ([]string, error) {
		if app == absent {
			return []string{"X_SECRET_ABSENT"}, nil
		}
		return enough(app, cfg)
	}
	var asked []domain.ProviderID
	built, missing, err := all.Build(load, func(id domain.ProviderID) (social.Deps, bool) {
		asked = append(asked, id)
		d, _ := deps(id)
		return d, strings.HasPrefix(string(id), "x")
	}, brand, absent)
	if err != nil || len(built) != 2 || len(missing) != 1 || missing[0].ID != "x-absent" {
		t.Fatalf("got %d providers, %+v missing and %v", len(built), missing, err)
	}
	if !slices.Contains(asked, "x-brand") {
		t.Errorf("got what providers may use asked for %v, want it for x-brand too", asked)
	}
	first, second := built[0].Descriptor(), built[1].Descriptor()
	if second.ID != "x-brand" || second.Name != "X (brand)" {
		t.Errorf("got %s, %s; want x-brand, X (brand)", second.ID, second.Name)
	}
	second.ID, second.Name = first.ID, first.Name
	if !reflect.DeepEqual(first.Limits, second.Limits) || !slices.Equal(first.Scopes, second.Scopes) {
		t.Errorf("got %+v, want %+v", second, first)
	}
	if got, want := social.CapabilitiesOf(built[1]).Names(), social.CapabilitiesOf(built[0]).Names(); !slices.Equal(got, want) {
		t.Errorf("the second app can %v, want %v", got, want)
	}
}
