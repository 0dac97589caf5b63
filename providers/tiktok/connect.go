package tiktok

import (
	"context"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// traitUsername is the name in links to posts. It never changes.
const traitUsername = "username"

// The scopes of TikTok. https://developers.tiktok.com/doc/tiktok-api-scopes
const (
	scopeBasic   = "user.info.basic"
	scopeProfile = "user.info.profile"
	scopeStats   = "user.info.stats"
	scopeList    = "video.list"
	scopePublish = "video.publish"
	scopeUpload  = "video.upload"
)

func scopes() []string {
	return []string{scopeBasic, scopeProfile, scopeStats, scopeList, scopePublish, scopeUpload}
}

// app is the operator's. Some refusals come with a good status.
// https://developers.tiktok.com/doc/oauth-user-access-token-management
func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Refused: denied}, Name: "TikTok",
		Settings: "TIKTOK_CLIENT_ID and TIKTOK_CLIENT_SECRET",
		AuthURL:  p.cfg.AuthURL + "/v2/auth/authorize/", TokenURL: p.cfg.APIURL + "/v2/oauth/token/", RevokeURL: p.cfg.APIURL + "/v2/oauth/revoke/",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, IDName: "client_key", ScopeSep: ",", Now: p.deps.Now,
	}
}

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
// https://developers.tiktok.com/doc/login-kit-web
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Redirect{}, err
	}
	return p.app().Begin(in, scopes(), nil), nil
}

// FinishConnect implements social.RedirectConnector. Numbers are not needed to
// publish, so people may keep them to themselves.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(token, scopeBasic, scopeProfile, scopePublish, scopeUpload); err != nil {
		return social.Connection{}, err
	}
	c := app.Credential(token, social.Credential{})
	u, err := p.user(ctx, social.Target{Credential: c}, "open_id,display_name,username,avatar_url")
	if err != nil {
		return social.Connection{}, err
	}
	if u.OpenID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "TikTok did not say whose account this is. Please try again.")
	}
	return social.Connection{
		Account: u.OpenID, Name: u.DisplayName, Handle: "@" + u.Username, URL: profile(u.Username), Avatar: u.AvatarURL,
		Traits: social.Traits{traitUsername: u.Username}, Credential: c,
	}, nil
}

// user reads the account of the token.
// https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
func (p *Provider) user(ctx context.Context, t social.Target, fields string) (user, error) {
	var out struct {
		User user `json:"user"`
	}
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: "/v2/user/info/", Query: url.Values{"fields": {fields}}}, &out)
	return out.User, err
}

// profile is the page of an account.
func profile(username string) string { return site + "/@" + url.PathEscape(username) }

// Refresh implements social.Refresher. The refresh token may be another each
// time.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	app := p.app()
	token, err := app.Refresh(ctx, t.Credential, nil)
	if err != nil {
		return social.Credential{}, err
	}
	return app.Credential(token, t.Credential), nil
}

// Revoke implements social.Revoker.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	return p.app().Revoke(ctx, t.Credential.Access, nil)
}
