package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/apps/internal/config"
)

func TestServicesToSignInWith(t *testing.T) {
	t.Parallel()
	const id, secret, issuer = "AUTH_OIDC_CLIENT_ID=crier", "AUTH_OIDC_CLIENT_SECRET=hush", "AUTH_OIDC_ISSUER="
	cases := map[string]struct {
		environ []string
		blamed  []string
	}{
		"none":                      {nil, nil},
		"all of GitHub":             {[]string{"AUTH_GITHUB_CLIENT_ID=a", "AUTH_GITHUB_CLIENT_SECRET=b"}, nil},
		"half of GitHub":            {[]string{"AUTH_GITHUB_CLIENT_ID=a"}, []string{"AUTH_GITHUB_CLIENT_SECRET"}},
		"half of Google":            {[]string{"AUTH_GOOGLE_CLIENT_SECRET=a"}, []string{"AUTH_GOOGLE_CLIENT_ID"}},
		"a file that is not there":  {[]string{"AUTH_GOOGLE_CLIENT_ID=a", "AUTH_GOOGLE_CLIENT_SECRET_FILE=/none"}, []string{"AUTH_GOOGLE_CLIENT_SECRET_FILE"}},
		"a third of the generic":    {[]string{id}, []string{"AUTH_OIDC_CLIENT_SECRET", "AUTH_OIDC_ISSUER"}},
		"a name alone":              {[]string{"AUTH_OIDC_NAME=Club"}, nil},
		"all of the generic":        {[]string{id, secret, issuer + "https://accounts.example.org/realms/x"}, nil},
		"on this machine":           {[]string{id, secret, issuer + "http://localhost:9998/"}, nil},
		"unencrypted":               {[]string{id, secret, issuer + "http://accounts.example.org"}, []string{"AUTH_OIDC_ISSUER"}},
		"no address":                {[]string{id, secret, issuer + "accounts.example.org"}, []string{"AUTH_OIDC_ISSUER"}},
		"with a query":              {[]string{id, secret, issuer + "https://accounts.example.org?x=y"}, []string{"AUTH_OIDC_ISSUER"}},
		"the discovery document":    {[]string{id, secret, issuer + "https://a.example/.well-known/openid-configuration"}, []string{"AUTH_OIDC_ISSUER"}},
		"half of two, all reported": {[]string{"AUTH_GITHUB_CLIENT_ID=a", "AUTH_GOOGLE_CLIENT_ID=a"}, []string{"AUTH_GITHUB_CLIENT_SECRET", "AUTH_GOOGLE_CLIENT_SECRET"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(tc.environ, noFiles)
			problems, _ := errors.AsType[config.Problems](err)
			var got []string
			for _, p := range problems {
				got = append(got, p.Variable)
				if strings.Contains(p.Message+p.Fix, "hush") {
					t.Errorf("got %q, want no secret in it", p.Message)
				}
			}
			if slices.Sort(got); !slices.Equal(got, tc.blamed) {
				t.Errorf("got %v blamed, want %v", err, tc.blamed)
			}
		})
	}
	if got := load(t).SignIn.OIDCName; got != "Single sign-on" {
		t.Errorf("got the name %q", got)
	}
}
