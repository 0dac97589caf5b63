package threads

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// scopes are what we ask for. https://developers.facebook.com/docs/threads/get-started
func scopes() []string {
	return []string{
		"threads_basic", "threads_content_publish", "threads_manage_replies", "threads_read_replies", "threads_manage_insights", "threads_delete",
	}
}

func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Classify: classify}, Name: "Threads", Settings: "THREADS_APP_ID and THREADS_APP_SECRET",
		AuthURL: p.cfg.WebURL + "/oauth/authorize", TokenURL: p.cfg.APIURL + "/oauth/access_token",
		ID: p.cfg.AppID, Secret: p.cfg.AppSecret, ScopeSep: ",", Now: p.deps.Now,
	}
}

// RedirectForm implements social.RedirectConnector.
func (*Provider) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	return p.app().Begin(in, scopes(), nil), nil
}

// FinishConnect implements social.RedirectConnector. The first token is good for
// an hour, and traded for one of 60 days.
// https://developers.facebook.com/docs/threads/get-started/long-lived-tokens
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	query := make(map[string]string, len(in.Query))
	for k, v := range in.Query {
		query[k] = strings.TrimSuffix(v, "#_") // Meta ends addresses that way.
	}
	in.Query = query
	app := p.app()
	short, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	cred, err := p.longLived(ctx, "/access_token", url.Values{
		"grant_type": {"th_exchange_token"}, "client_secret": {p.cfg.AppSecret}, "access_token": {short.Access},
	}, social.Credential{})
	if err != nil {
		return social.Connection{}, err
	}
	t := social.Target{Credential: cred}
	var me struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Picture  string `json:"threads_profile_picture_url"`
	}
	if err := p.get(ctx, t, "/me", url.Values{"fields": {"id,username,name,threads_profile_picture_url"}}, &me); err != nil {
		return social.Connection{}, err
	}
	if me.ID == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "Threads did not say whose account this is.")
	}
	return social.Connection{
		Account: me.ID, Name: cmp.Or(me.Name, me.Username), Handle: "@" + me.Username,
		URL: "https://www.threads.net/@" + me.Username, Avatar: me.Picture, Credential: cred,
	}, nil
}

// longLived makes a call that answers with a token of 60 days.
func (p *Provider) longLived(ctx context.Context, path string, q url.Values, old social.Credential) (social.Credential, error) {
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Now: p.deps.Now}
	resp, err := api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: path, Query: q, Secrets: []string{q.Get("access_token"), p.cfg.AppSecret},
	})
	if err != nil {
		return social.Credential{}, err
	}
	// Not Request.Out: an answer that cannot be read would end up as evidence,
	// with the token in it.
	token, err := oauth.ParseToken(resp.Body)
	if err != nil {
		return social.Credential{}, social.Errorf(social.CodeUnavailable, "Threads gave us no permission that we can read.")
	}
	return p.app().Credential(token, old), nil
}

// Refresh implements social.Refresher. Threads renews a token that is at least a
// day old and still good.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	cred, err := p.longLived(ctx, "/refresh_access_token", url.Values{
		"grant_type": {"th_refresh_token"}, "access_token": {t.Credential.Access},
	}, t.Credential)
	if e := social.AsError(err); err != nil {
		if e.Code == social.CodeAuthExpired { // What has run out cannot be renewed any more.
			e.Code, e.Message = social.CodeAuthRevoked, "The permission to post on this account has run out. Connect it again."
		}
		return social.Credential{}, e
	}
	return cred, nil
}
