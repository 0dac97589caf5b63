package youtube

import (
	"context"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The scopes of Google. https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps
const (
	scopeManage    = "https://www.googleapis.com/auth/youtube.force-ssl"
	scopeAnalytics = "https://www.googleapis.com/auth/yt-analytics.readonly"
)

func scopes() []string { return []string{scopeManage, scopeAnalytics} }

func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Classify: p.classify}, Name: "YouTube", Settings: "YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET",
		AuthURL: p.cfg.AuthURL + "/o/oauth2/v2/auth", TokenURL: p.cfg.TokenURL + "/token", RevokeURL: p.cfg.TokenURL + "/revoke",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, PKCE: true, NewID: p.deps.NewID, Now: p.deps.Now,
	}
}

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector. Google gives a refresh token
// only with offline access, and only when the person is asked anew.
func (p *Provider) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return p.app().Begin(in, scopes(), url.Values{"access_type": {"offline"}, "prompt": {"consent"}}), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	app := p.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(token, scopeManage); err != nil {
		return social.Connection{}, err
	}
	c := app.Credential(token, social.Credential{})
	ch, err := p.mine(ctx, social.Target{Credential: c}, "snippet")
	if err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: ch.ID, Name: ch.Snippet.Title, Handle: ch.Snippet.CustomURL,
		URL: "https://www.youtube.com/channel/" + url.PathEscape(ch.ID), Avatar: ch.Snippet.Thumbnails.Default.URL, Credential: c,
	}, nil
}

// mine reads the channel that the token is of.
func (p *Provider) mine(ctx context.Context, t social.Target, part string) (channel, error) {
	const none = "This Google account has no YouTube channel. Please make one on youtube.com, and connect again."
	ch, err := one[channel](ctx, p, t, "/youtube/v3/channels", url.Values{"part": {part}, "mine": {"true"}}, none)
	if err == nil && ch.ID == "" {
		err = social.Errorf(social.CodeRejected, none)
	}
	return ch, err
}

// Refresh implements social.Refresher. Google's refresh tokens do not change.
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
	token := t.Credential.Refresh
	if token == "" {
		token = t.Credential.Access
	}
	return p.app().Revoke(ctx, token, nil)
}
