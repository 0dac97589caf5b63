package instagram_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/instagram"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return instagram.New(instagram.Config{AppID: "app-1", AppSecret: "app-secret-1", ManageContents: true}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestStandaloneConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return instagram.NewStandalone(instagram.StandaloneConfig{AppID: "app-1", AppSecret: "app-secret-1"}, d)
		},
		Cases:  os.DirFS("testdata/standalone"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, one := instagram.New(instagram.Config{}, social.Deps{})
	_, two := instagram.NewStandalone(instagram.StandaloneConfig{}, social.Deps{})
	for name, err := range map[string]error{"instagram": one, "instagram-standalone": two} {
		if err == nil {
			t.Errorf("%s: got no error, want one", name)
			continue
		}
		for _, want := range []string{name + ": AppID", "AppSecret", "Deps.HTTP", "Deps.Now"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want %s in it", name, err, want)
			}
		}
	}
}

func TestDeletingIsAskedForOnlyWhereTheAppMay(t *testing.T) {
	t.Parallel()
	for _, may := range []bool{true, false} {
		deps := social.Deps{HTTP: &http.Client{}, Now: time.Now}
		p, err := instagram.New(instagram.Config{AppID: "a", AppSecret: "b", ManageContents: may}, deps)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Contains(strings.Join(p.Descriptor().Scopes, " "), "instagram_manage_contents")
		if got != may {
			t.Errorf("got %t, want %t", got, may)
		}
	}
}
