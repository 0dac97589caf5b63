package xcom

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// extraTokenSecret is the second half of a token of OAuth 1.0a, in a Credential
// and in what a Redirect keeps. Its presence says which way was taken.
const (
	extraTokenSecret = "token_secret"
	keepToken        = "token"
)

// scopes are those of OAuth 2. https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
func scopes() []string {
	return []string{"tweet.read", "tweet.write", "users.read", "media.write", "offline.access"}
}

// waysForm asks how to sign in, where the operator has set up both ways.
type waysForm struct {
	SignIn string `json:"signIn,omitempty" enum:"oauth2,oauth1" default:"oauth2" doc:"How to sign in: oauth2 asks for exactly what is needed and is renewed by itself; oauth1 stays until you take it back on x.com."`
}

// RedirectForm implements social.RedirectConnector.
func (p *Provider) RedirectForm() social.Schema {
	if p.cfg.ClientID != "" && p.cfg.APIKey != "" {
		return social.SchemaOf[waysForm]()
	}
	return social.Schema{}
}

func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Classify: classify}, Name: "X", Settings: "X_CLIENT_ID and X_CLIENT_SECRET",
		AuthURL: p.cfg.WebURL + "/i/oauth2/authorize", TokenURL: p.cfg.APIURL + "/2/oauth2/token", RevokeURL: p.cfg.APIURL + "/2/oauth2/revoke",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, Auth: oauth.AuthBasic, PKCE: true, NewID: p.deps.NewID, Now: p.deps.Now,
	}
}

// BeginConnect implements social.RedirectConnector.
func (p *Provider) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	if p.cfg.ClientID == "" || p.cfg.APIKey != "" && in.Values["signIn"] == "oauth1" {
		return p.beginOAuth1(ctx, in)
	}
	return p.app().Begin(in, scopes(), nil), nil
}

// beginOAuth1 asks for a token of the sign-in. X has no state: it comes back
// because it is a part of the address that X sends the person back to.
// https://docs.x.com/fundamentals/authentication/oauth-1-0a/obtaining-user-access-tokens
func (p *Provider) beginOAuth1(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	sep := "?"
	if strings.Contains(in.Callback, "?") {
		sep = "&"
	}
	back := in.Callback + sep + url.Values{"state": {in.State}}.Encode()
	got, err := p.token(ctx, "/oauth/request_token", p.signer("", ""), map[string]string{"oauth_callback": back})
	if err != nil {
		return social.Redirect{}, err
	}
	token, secret := got.Get("oauth_token"), got.Get("oauth_token_secret")
	if token == "" || secret == "" {
		return social.Redirect{}, social.Errorf(social.CodeUnavailable, "X gave us no token for this sign-in. Please start again.")
	}
	return social.Redirect{
		// X does not look at state; it tells a person's browser history apart.
		URL:  p.cfg.APIURL + "/oauth/authorize?" + url.Values{"oauth_token": {token}, "state": {in.State}}.Encode(),
		Keep: map[string]string{keepToken: token, extraTokenSecret: secret},
	}, nil
}

// token makes one of the calls that answer with a form.
func (p *Provider) token(ctx context.Context, path string, s oauth.Signer, extra map[string]string) (url.Values, error) {
	head, err := s.Header(http.MethodPost, p.cfg.APIURL+path, nil, extra)
	if err != nil {
		return nil, &social.Error{Code: social.CodeRejected, Message: "The address of X's API is not valid.", Err: err}
	}
	api := p.api()
	resp, err := api.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: path, Header: http.Header{"Authorization": {head}},
		Secrets: []string{p.cfg.APISecret, s.Token, s.TokenSecret, extra["oauth_verifier"]},
	})
	if err != nil {
		return nil, refused(err)
	}
	got, err := url.ParseQuery(string(resp.Body))
	if err != nil {
		return nil, social.Errorf(social.CodeUnavailable, "X sent an answer that we cannot read. Please start again.")
	}
	return got, nil
}

// refused explains a sign-in that X does not begin or end.
func refused(err error) error {
	e := *social.AsError(err)
	switch e.Status {
	case http.StatusUnauthorized:
		e.Code, e.Message = social.CodeRejected, "X does not accept the app of this server, or this sign-in took too long. Please start again; if it fails again, the operator must look at X_API_KEY and X_API_SECRET."
	case http.StatusForbidden:
		e.Code, e.Message = social.CodeRejected, "X does not accept the address that it must send you back to. The operator must add it to the app on developer.x.com."
	}
	return &e
}

// FinishConnect implements social.RedirectConnector.
func (p *Provider) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	if in.Keep[extraTokenSecret] != "" {
		return p.finishOAuth1(ctx, in)
	}
	app := p.app()
	token, err := app.Exchange(ctx, in, nil)
	if err != nil {
		return social.Connection{}, err
	}
	if err := app.Demand(token, "tweet.read", "tweet.write", "users.read"); err != nil {
		return social.Connection{}, err
	}
	return p.connection(ctx, app.Credential(token, social.Credential{}))
}

func (p *Provider) finishOAuth1(ctx context.Context, in social.Callback) (social.Connection, error) {
	switch {
	case in.Query["denied"] != "":
		return social.Connection{}, social.Errorf(social.CodeRejected, "You did not allow the connection on X.")
	case in.Query["oauth_verifier"] == "" || in.Query["oauth_token"] != in.Keep[keepToken]:
		return social.Connection{}, social.Errorf(social.CodeRejected, "X sent you back without an answer. Please start again.")
	}
	got, err := p.token(ctx, "/oauth/access_token", p.signer(in.Keep[keepToken], in.Keep[extraTokenSecret]),
		map[string]string{"oauth_verifier": in.Query["oauth_verifier"]})
	if err != nil {
		return social.Connection{}, err
	}
	token, secret := got.Get("oauth_token"), got.Get("oauth_token_secret")
	if token == "" || secret == "" {
		return social.Connection{}, social.Errorf(social.CodeUnavailable, "X gave us no permission that we can read. Please start again.")
	}
	return p.connection(ctx, social.Credential{Access: token, Extra: map[string]string{extraTokenSecret: secret}})
}

// connection asks whose credential c is.
func (p *Provider) connection(ctx context.Context, c social.Credential) (social.Connection, error) {
	me, err := p.me(ctx, social.Target{Credential: c})
	if err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: me.ID, Name: me.Name, Handle: "@" + me.Username,
		URL: site + "/" + me.Username, Avatar: me.Image,
		Traits:     social.Traits{traitUsername: me.Username, traitPremium: strconv.FormatBool(me.Verified)},
		Credential: c,
	}, nil
}

func (p *Provider) me(ctx context.Context, t social.Target) (user, error) {
	var out data[user]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/users/me", Out: &out,
		Query: url.Values{"user.fields": {"name,profile_image_url,public_metrics,username,verified"}},
	})
	if err == nil && (out.Data.ID == "" || out.Data.Username == "") {
		err = social.Errorf(social.CodeUnavailable, "X did not say whose account this is.")
	}
	return out.Data, err
}

// Refresh implements social.Refresher.
func (p *Provider) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	if t.Credential.Extra[extraTokenSecret] != "" {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "X no longer knows our permission to post on this account. Please connect it again.")
	}
	app := p.app()
	token, err := app.Refresh(ctx, t.Credential, nil)
	if e := social.AsError(err); err != nil {
		if e.Code == social.CodeRejected && e.Status == http.StatusBadRequest { // X calls a token that it took back an invalid request.
			e.Code, e.Message = social.CodeAuthRevoked, "X has ended this sign-in. Please connect the account again."
		}
		return social.Credential{}, e
	}
	return app.Credential(token, t.Credential), nil
}

// Revoke implements social.Revoker. Tokens of OAuth 1.0a are taken back by the
// call of version 1.1: https://docs.x.com/fundamentals/authentication/api-reference.
func (p *Provider) Revoke(ctx context.Context, t social.Target) error {
	if t.Credential.Extra[extraTokenSecret] != "" {
		_, err := p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/1.1/oauth/invalidate_token", Reads: true})
		return err
	}
	return p.app().Revoke(ctx, t.Credential.Access, nil)
}
