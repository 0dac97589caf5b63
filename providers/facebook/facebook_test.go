package facebook_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/facebook"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return facebook.New(facebook.Config{AppID: "app-1", AppSecret: "app-secret-1"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := facebook.New(facebook.Config{}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"AppID", "AppSecret", "Deps.HTTP", "Deps.Now"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}
