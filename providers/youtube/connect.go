package youtube

import (
	"context"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/google"
)

// The scopes of Google. https://developers.google.com/youtube/v3/guides/auth/server-side-web-apps
const (
	scopeManage    = "https://www.googleapis.com/auth/youtube.force-ssl"
	scopeAnalytics = "https://www.googleapis.com/auth/yt-analytics.readonly"
)

func scopes() []string { return []string{scopeManage, scopeAnalytics} }

func (p *Provider) login() google.Login {
	return google.Login{
		HTTP: p.deps.HTTP, Name: "YouTube", Settings: "YOUTUBE_CLIENT_ID and YOUTUBE_CLIENT_SECRET", AuthURL: p.cfg.AuthURL, TokenURL: p.cfg.TokenURL,
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, NewID: p.deps.NewID, Now: p.deps.Now,
	}
}

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return p.login().Begin(in, scopes()), nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	c, err := p.login().Finish(ctx, in, scopeManage)
	if err != nil {
		return social.Connection{}, err
	}
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

// Refresh implements social.Refresher.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	return p.login().Refresh(ctx, t.Credential)
}

// Revoke implements social.Revoker.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	return p.login().Revoke(ctx, t.Credential)
}
