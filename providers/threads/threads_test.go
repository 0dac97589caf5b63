package threads_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/threads"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return threads.New(threads.Config{AppID: "id", AppSecret: "secret"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := threads.New(threads.Config{APIURL: "x y"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", "AppSecret", `"x y"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}
