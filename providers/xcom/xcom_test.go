package xcom_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/xcom"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return xcom.New(xcom.Config{ClientID: "id", ClientSecret: "secret", APIKey: "key", APISecret: "key-secret"}, d)
		},
		Cases:  os.DirFS("testdata/cases"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := xcom.New(xcom.Config{APIURL: "x y"}, social.Deps{})
	if err == nil {
		t.Fatal("got no error, want one")
	}
	for _, want := range []string{"Deps.HTTP", "Deps.Now", "Deps.NewID", "X_CLIENT_ID or X_API_KEY", `"x y"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want %s in it", err, want)
		}
	}
}

func TestMissingNamesWhatOneWayNeeds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg  xcom.Config
		want string
	}{
		"nothing":          {xcom.Config{}, "X_CLIENT_ID or X_API_KEY"},
		"a public client":  {xcom.Config{ClientID: "id"}, ""},
		"a key alone":      {xcom.Config{APIKey: "key"}, "X_API_SECRET"},
		"a key and secret": {xcom.Config{APIKey: "key", APISecret: "s"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(tc.cfg.Missing(), ","); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
