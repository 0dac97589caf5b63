package mastodon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// appName is what an app is kept under: one for each server, address to come
// back to, and set of scopes. Names in the vault are short, hence the hash.
func appName(origin, callback, scopes string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{origin, callback, scopes}, "\n")))
	return "app-" + hex.EncodeToString(sum[:12])
}

// app returns the app that is kept under name if its server still knows it,
// else a new one. A server lets an address register few apps (5 in 10 minutes),
// and an unknown one ends on an error page that nobody is sent back from; so
// it is both kept and looked at.
func (p *Provider) app(ctx context.Context, origin, name, callback, scopes string) (application, error) {
	raw, found, err := p.deps.Vault.Load(ctx, name)
	if err != nil {
		return application{}, hostFailed(err)
	}
	var app application
	if found && json.Unmarshal(raw, &app) == nil && app.ClientID != "" {
		known, err := p.known(ctx, origin, app, scopes)
		if err != nil || known {
			return app, err
		}
	}
	return p.register(ctx, origin, name, callback, scopes)
}

// known asks for a token of the app itself. Only a server that says
// "invalid_client" does not know it; many do not give such tokens at all.
func (p *Provider) known(ctx context.Context, origin string, app application, scopes string) (bool, error) {
	resp, err := p.do(ctx, origin, rest.Request{
		Method: http.MethodPost, Path: "/oauth/token", Reads: true, // The token is not kept.
		Form: url.Values{
			"grant_type": {"client_credentials"}, "scope": {scopes},
			"client_id": {app.ClientID}, "client_secret": {app.ClientSecret},
		},
	})
	if err != nil && resp.Status == 0 {
		return false, unreachable(origin, err)
	}
	return oauthError(resp.Body) != "invalid_client", nil
}

func (p *Provider) register(ctx context.Context, origin, name, callback, scopes string) (application, error) {
	form := url.Values{"client_name": {p.cfg.AppName}, "redirect_uris": {callback}, "scopes": {scopes}}
	if p.cfg.Website != "" {
		form.Set("website", p.cfg.Website)
	}
	var app application
	resp, err := p.do(ctx, origin, rest.Request{
		Method: http.MethodPost, Path: "/api/v1/apps", Form: form, Reads: true, // A second app does no harm.
	})
	if err != nil {
		return app, notMastodon(origin, err)
	}
	// Not Request.Out, for the reason in exchange.
	if json.Unmarshal(resp.Body, &app) != nil || app.ClientID == "" || app.ClientSecret == "" {
		return app, social.Errorf(social.CodeRejected, "The server %s did not accept our app.", hostOf(origin))
	}
	raw, err := json.Marshal(app)
	if err != nil {
		return app, hostFailed(err)
	}
	if err := p.deps.Vault.Save(ctx, name, raw); err != nil {
		return app, hostFailed(err)
	}
	return app, nil
}

// forget makes the next connection register anew.
func (p *Provider) forget(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	return p.deps.Vault.Save(ctx, name, []byte("{}"))
}

// notMastodon says what a person should look at if a server takes no app.
func notMastodon(origin string, err error) error {
	e := social.AsError(unreachable(origin, err))
	if e.Status == http.StatusNotFound || e.Status == http.StatusMethodNotAllowed || e.Status >= 300 && e.Status < 400 {
		e.Code = social.CodeRejected
		e.Message = "There is no Mastodon server at " + hostOf(origin) + ". Use the address that its web pages have."
	}
	return e
}

func hostFailed(err error) error {
	return &social.Error{Code: social.CodeUnavailable, Message: "This server could not keep what the connection needs.", Err: err}
}
