package pinterest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
// https://developers.pinterest.com/docs/getting-started/set-up-authentication-and-authorization/
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, scopes(), nil), nil
}

// FinishConnect implements social.RedirectConnector. Apps that are older than
// September 2025 get refresh tokens that can be renewed only if they say so.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	tok, err := app.Exchange(ctx, in, url.Values{"continuous_refresh": {"true"}})
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(tok, "boards:read", "pins:read", "pins:write", "user_accounts:read"); err != nil {
		return social.Connection{}, err
	}
	var me user
	if _, err := p.api().Do(ctx, rest.Request{Method: http.MethodGet, Path: "/user_account", Bearer: tok.Access, Out: &me}); err != nil {
		return social.Connection{}, err
	}
	if me.ID == "" || me.Username == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Pinterest did not say whose account this is. Please try again.")
	}
	name := me.BusinessName
	if name == "" {
		name = me.Username
	}
	return social.Connection{
		Account: me.ID, Name: name, Handle: "@" + me.Username, URL: site + "/" + url.PathEscape(me.Username) + "/",
		Avatar: me.ProfileImage, Credential: app.Credential(tok, social.Credential{}),
	}, nil
}

// Refresh implements social.Refresher. The answer has a new refresh token.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Credential{}, err
	}
	app := p.app()
	tok, err := app.Refresh(ctx, t.Credential, nil)
	if err != nil {
		return social.Credential{}, err
	}
	return app.Credential(tok, t.Credential), nil
}

// Revoke implements social.Revoker.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	return p.app().Revoke(ctx, t.Credential.Access, url.Values{"token_type_hint": {"access_token"}})
}
