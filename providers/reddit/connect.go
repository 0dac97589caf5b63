package reddit

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// traitName is the name of the account, which never changes: what it posted is
// listed under it.
const traitName = "name"

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
// https://github.com/reddit-archive/reddit/wiki/OAuth2
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, scopes(), url.Values{"duration": {"permanent"}}), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	tok, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(tok, scopes()...); err != nil {
		return social.Connection{}, err
	}
	me, err := p.me(ctx, social.Target{Credential: social.Credential{Access: tok.Access}})
	if err != nil {
		return social.Connection{}, err
	}
	icon, _, _ := strings.Cut(me.Icon, "?")
	return social.Connection{
		Account: me.ID, Name: me.Name, Handle: "u/" + me.Name, URL: site + "/user/" + url.PathEscape(me.Name) + "/",
		Avatar: icon, Traits: social.Traits{traitName: me.Name}, Credential: app.Credential(tok, social.Credential{}),
	}, nil
}

// me reads the account.
func (p *Provider) me(ctx context.Context, t social.Target) (user, error) {
	var me user
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/api/v1/me", Query: url.Values{"raw_json": {"1"}}, Out: &me})
	switch {
	case err != nil:
		return user{}, err
	case me.Suspended:
		return user{}, social.Errorf(social.CodeAccountBlocked, "Reddit has suspended this account.")
	case me.ID == "" || me.Name == "":
		return user{}, social.Errorf(social.CodeUnavailable, "Reddit did not say whose account this is. Please try again.")
	}
	return me, nil
}

// Refresh implements social.Refresher. The refresh token stays the same.
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

// Revoke implements social.Revoker. With the refresh token its access tokens end.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	if t.Credential.Refresh != "" {
		return p.app().Revoke(ctx, t.Credential.Refresh, url.Values{"token_type_hint": {"refresh_token"}})
	}
	return p.app().Revoke(ctx, t.Credential.Access, url.Values{"token_type_hint": {"access_token"}})
}
