package telegram_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/telegram"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return telegram.New(telegram.Config{}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
		Waive: map[string]string{
			"coverage/auth_expired": "The token of a bot does not expire: it is good, or it was replaced, which is auth_revoked.",
		},
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := telegram.New(telegram.Config{APIURL: "x y"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", `"x y"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}
