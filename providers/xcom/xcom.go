// Package xcom publishes to X, formerly Twitter, with version 2 of its API. An
// account signs in with OAuth 2, or with OAuth 1.0a where the operator has only
// an API key or the person prefers it.
//
// It knows the API as documented on https://docs.x.com/x-api.
package xcom

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "x"

// Config is what an operator sets: the pair of OAuth 2, the pair of OAuth 1.0a,
// or both.
type Config struct {
	ClientID     string `env:"X_CLIENT_ID" doc:"Client ID of the app on developer.x.com, for OAuth 2. X is offered if this or X_API_KEY is set."`
	ClientSecret string `env:"X_CLIENT_SECRET" secret:"true" doc:"Client secret of the app, for OAuth 2. Empty: the app is a public client."`
	APIKey       string `env:"X_API_KEY" doc:"API key of the app, for OAuth 1.0a."`
	APISecret    string `env:"X_API_SECRET" secret:"true" doc:"API key secret of the app, for OAuth 1.0a."`
	APIURL       string `env:"X_API_URL" default:"https://api.x.com" doc:"Address of X's API."`
	WebURL       string `env:"X_WEB_URL" default:"https://x.com" doc:"Address of X's web pages where people sign in."`
}

// Missing names what would have to be set for X to be offered.
func (c Config) Missing() []string {
	switch {
	case c.APIKey != "" && c.APISecret == "":
		return []string{"X_API_SECRET"}
	case c.ClientID == "" && c.APIKey == "":
		return []string{"X_CLIENT_ID or X_API_KEY"}
	}
	return nil
}

// Provider implements social.Provider for X. It is safe for concurrent use and
// keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Refresher         = (*Provider)(nil)
	_ social.Revoker           = (*Provider)(nil)
	_ social.Limiter           = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Reposter          = (*Provider)(nil)
	_ social.Resolver          = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
	_ social.Mentioner         = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP, Now and NewID of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("x: "+format, args...))
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	need(deps.NewID != nil, "Deps.NewID is required")
	missing := cfg.Missing()
	need(len(missing) == 0, "%s is required", strings.Join(missing, ", "))
	base := func(to *string, standard string) {
		if *to == "" {
			*to = standard
		}
		u, err := url.Parse(*to)
		need(err == nil && u.Host != "", "%q is not a web address", *to)
		*to = strings.TrimRight(*to, "/")
	}
	base(&cfg.APIURL, "https://api.x.com")
	base(&cfg.WebURL, "https://x.com")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// Descriptor implements social.Provider. Its limits are those of an account
// without Premium. https://docs.x.com/x-api/fundamentals/rate-limits
func (p *Provider) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: ID, Name: "X", DocsURL: "https://docs.x.com/x-api/posts/create-post",
		Markup:    social.MarkupPlain,
		Scopes:    scopes(),
		Limits:    p.LimitsFor(nil),
		Settings:  social.SchemaOf[Settings](),
		AppLimits: []social.RateLimit{{Calls: 10_000, Per: 24 * time.Hour}},
	}
}

// traitUsername is the name in the account's links, and traitPremium says that
// the account may write long posts. Both are stored, so their names stay.
const (
	traitUsername = "username"
	traitPremium  = "premium"
)

// LimitsFor implements social.Limiter.
// https://docs.x.com/x-api/media/quickstart/best-practices
func (*Provider) LimitsFor(tr social.Traits) social.Limits {
	const mb = 1 << 20
	text := social.TextLimit{Max: 280, Count: social.CountWeighted, URLLength: 23}
	if tr[traitPremium] == "true" {
		text.Max = 25_000
	}
	return social.Limits{
		Text: text,
		Media: social.MediaLimit{
			Images: 4, Videos: 1, Alt: 1000,
			Types: []social.MediaType{
				{MIME: "image/jpeg", MaxBytes: 5 * mb},
				{MIME: "image/png", MaxBytes: 5 * mb},
				{MIME: "image/webp", MaxBytes: 5 * mb},
				{MIME: mimeGIF, MaxBytes: 15 * mb},
				{MIME: "video/mp4", MaxBytes: 512 * mb},
				{MIME: "video/quicktime", MaxBytes: 512 * mb},
			},
		},
		Replies: 99,
	}
}

// api is the client of X's API. Every call has a limit of its own, so only the
// one that publishes says whose limit its headers tell of: see Publish.
func (p *Provider) api() rest.Client {
	return rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Now: p.deps.Now}
}

// call makes a call for an account, the way it signed in.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) (rest.Response, error) {
	return p.callWith(ctx, p.api(), t, r)
}

func (p *Provider) callWith(ctx context.Context, api rest.Client, t social.Target, r rest.Request) (rest.Response, error) {
	secret := t.Credential.Extra[extraTokenSecret]
	if secret == "" {
		r.Bearer = t.Credential.Access
		return api.Do(ctx, r)
	}
	target := p.cfg.APIURL + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	head, err := p.signer(t.Credential.Access, secret).Header(r.Method, target, r.Form, nil)
	if err != nil {
		return rest.Response{}, &social.Error{Code: social.CodeRejected, Message: "The address of X's API is not valid.", Err: err}
	}
	r.Header = http.Header{"Authorization": {head}}
	r.Secrets = append(r.Secrets, t.Credential.Access, secret, p.cfg.APISecret)
	resp, err := api.Do(ctx, r)
	if err == nil {
		return resp, nil
	}
	e := social.AsError(err)
	if e.Code == social.CodeAuthExpired { // A token of OAuth 1.0a ends only when somebody takes it back.
		e.Code, e.Message = social.CodeAuthRevoked, "X no longer knows our permission to post on this account. Please connect it again."
	}
	return resp, e
}

func (p *Provider) signer(token, secret string) oauth.Signer {
	return oauth.Signer{
		Key: p.cfg.APIKey, Secret: p.cfg.APISecret, Token: token, TokenSecret: secret,
		Nonce: func() string { return oauth.Digest(p.deps.NewID()) }, Now: p.deps.Now,
	}
}

// site is where people see accounts and posts.
const site = "https://x.com"

// link is where people see a post.
func (p *Provider) link(username, id string) string {
	if username == "" {
		username = "i"
	}
	return site + "/" + username + "/status/" + id
}
