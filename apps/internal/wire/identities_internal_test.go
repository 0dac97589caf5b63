package wire

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
)

func TestServicesToSignInWith(t *testing.T) {
	t.Parallel()
	var op *httptest.Server
	op = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"issuer":%[1]q,"authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/t","jwks_uri":"%[1]s/k"}`, op.URL)
	}))
	t.Cleanup(op.Close)
	env := []string{
		"DATA_DIR=" + t.TempDir(), "AUTH_GITHUB_CLIENT_ID=a", "AUTH_GITHUB_CLIENT_SECRET=hush", "AUTH_GOOGLE_CLIENT_ID=a", "AUTH_GOOGLE_CLIENT_SECRET=hush",
		"AUTH_OIDC_ISSUER=" + op.URL, "AUTH_OIDC_CLIENT_ID=crier", "AUTH_OIDC_CLIENT_SECRET=hush", "AUTH_OIDC_NAME=The Club",
	}
	start := core.IdentityStart{Callback: "http://localhost:3000/auth/callback/oidc"}

	app := build(t, env...)
	var names []string
	for _, d := range app.Engine().Accounts.IdentityProviders() {
		names = append(names, d.ID+" "+d.Name)
	}
	if want := []string{"github GitHub", "google Google", "oidc The Club"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if _, err := app.Engine().Accounts.BeginIdentity(t.Context(), "oidc", start); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want a service on a private network not to be reached", err)
	}
	var log bytes.Buffer
	app.identities = app.identities[2:] // the others are on the internet
	app.env.Log = slog.New(slog.NewTextHandler(&log, nil))
	if app.greetIdentities(t.Context()); !strings.Contains(log.String(), "service=oidc") || !strings.Contains(log.String(), "private") || strings.Contains(log.String(), "hush") {
		t.Errorf("got the log %q, want it to say why nobody can sign in", log.String())
	}

	app = build(t, append(env, "DATA_DIR="+t.TempDir(), "ALLOW_PRIVATE_NETWORKS=127.0.0.0/8")...)
	started, err := app.Engine().Accounts.BeginIdentity(t.Context(), "oidc", start)
	if err != nil || !strings.HasPrefix(started.URL, op.URL+"/a?") {
		t.Errorf("got %s, %v; want the address of the service", started.URL, err)
	}
}
