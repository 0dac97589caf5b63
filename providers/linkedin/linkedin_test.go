package linkedin_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/linkedin"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformanceOfMembers(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return linkedin.New(linkedin.Config{ClientID: "id", ClientSecret: "secret"}, d)
		},
		Cases:  os.DirFS("testdata/member"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestConformanceOfPages(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return linkedin.NewPage(linkedin.Config{
				ClientID: "other", ClientSecret: "other", PageClientID: "id", PageClientSecret: "secret",
			}, d)
		},
		Cases:  os.DirFS("testdata/page"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := linkedin.New(linkedin.Config{Version: "new", APIURL: "x y"}, social.Deps{})
	_, pageErr := linkedin.NewPage(linkedin.Config{Version: "new", APIURL: "x y"}, social.Deps{})
	if err == nil || pageErr == nil {
		t.Fatalf("got %v and %v, want errors", err, pageErr)
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", "client id", `"new"`, `"x y"`} {
		if !strings.Contains(err.Error(), want) || !strings.Contains(pageErr.Error(), want) {
			t.Errorf("got %q and %q, want %s in them", err, pageErr, want)
		}
	}
}
