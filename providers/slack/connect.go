package slack

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
// https://docs.slack.dev/authentication/installing-with-oauth
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, scopes(), nil), nil
}

// FinishConnect implements social.RedirectConnector. The account is the
// workspace, which the bot was installed in.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	tok, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(tok, scopes()...); err != nil {
		return social.Connection{}, err
	}
	var g grant
	_ = json.Unmarshal(tok.Raw, &g) // It was read before, and what is missing is asked for below.
	if g.WholeOrganization {
		return social.Connection{}, social.Errorf(social.CodeUnsupported, "The app was installed for a whole organization. Please install it for one workspace at a time.")
	}
	if g.Team.ID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Slack did not say which workspace this is. Please try again.")
	}
	var me identity
	if err := p.get(ctx, tok.Access, "auth.test", nil, &me); err != nil {
		return social.Connection{}, err
	}
	var bot struct {
		User user `json:"user"`
	}
	if err := p.get(ctx, tok.Access, "users.info", url.Values{"user": {me.UserID}}, &bot); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: g.Team.ID, Name: g.Team.Name, Handle: "@" + me.User, URL: me.URL, Avatar: bot.User.Profile.Image192,
		Credential: app.Credential(tok, social.Credential{}),
	}, nil
}

// Refresh implements social.Refresher, for apps that have token rotation
// switched on. A refresh token works once.
// https://docs.slack.dev/authentication/using-token-rotation
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
// https://docs.slack.dev/reference/methods/auth.revoke
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	err := p.get(ctx, t.Credential.Access, "auth.revoke", nil, nil)
	if says(err, "invalid_auth", "not_authed", "token_revoked", "account_inactive") {
		return nil
	}
	return err
}
