// Package pinterest publishes pins to the boards of an account on Pinterest.
//
// https://developers.pinterest.com/docs/api/v5/
package pinterest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "pinterest"

// site is where people see what is published.
const site = "https://www.pinterest.com"

// Config is what an operator sets.
type Config struct {
	// ClientID and ClientSecret are those of the app. Required.
	ClientID     string `env:"PINTEREST_CLIENT_ID" required:"true" doc:"App ID of your app on https://developers.pinterest.com."`
	ClientSecret string `env:"PINTEREST_CLIENT_SECRET" required:"true" secret:"true" doc:"App secret key of that app."`
	APIVersion   string `env:"PINTEREST_API_VERSION" default:"v5" doc:"Version of the API that is called."`
	AuthURL      string `env:"PINTEREST_AUTH_URL" default:"https://www.pinterest.com" doc:"Address that people sign in at."`
	APIURL       string `env:"PINTEREST_API_URL" default:"https://api.pinterest.com" doc:"Address of the API. Apps with trial access may use https://api-sandbox.pinterest.com, which takes no videos."`
}

// Provider implements social.Provider for Pinterest. It is safe for concurrent
// use and keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Refresher         = (*Provider)(nil)
	_ social.Revoker           = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, fmt.Errorf("pinterest: %s is required", name))
		}
	}
	need(cfg.ClientID != "", "ClientID")
	need(cfg.ClientSecret != "", "ClientSecret")
	need(deps.HTTP != nil, "Deps.HTTP")
	need(deps.Now != nil, "Deps.Now")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg.APIVersion = cmp.Or(cfg.APIVersion, "v5")
	cfg.AuthURL = cmp.Or(cfg.AuthURL, site)
	cfg.APIURL = cmp.Or(cfg.APIURL, "https://api.pinterest.com")
	return &Provider{cfg: cfg, deps: deps}, nil
}

// scopes are what a person is asked for.
func scopes() []string {
	return []string{
		"boards:read", "boards:read_secret", "boards:write", "boards:write_secret",
		"pins:read", "pins:read_secret", "pins:write", "pins:write_secret", "user_accounts:read",
	}
}

// Descriptor implements social.Provider. A video may come with a picture that
// is its cover. The sizes of files are those of Pinterest's help pages.
// https://developers.pinterest.com/docs/api/v5/pins-create
func (p *Provider) Descriptor() social.Descriptor {
	const image, video = 20 << 20, 2 << 30
	return social.Descriptor{
		ID: ID, Name: "Pinterest", DocsURL: "https://developers.pinterest.com/docs/api/v5/",
		Markup: social.MarkupPlain,
		Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 800, Count: social.CountRunes},
			Media: social.MediaLimit{
				Required: true, Pulls: []domain.MediaKind{domain.MediaImage}, Images: maxImages, Videos: 1, Mixed: true, Max: maxImages, Alt: 500,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: image},
					{MIME: "image/png", MaxBytes: image},
					{MIME: "image/gif", MaxBytes: image},
					{MIME: "image/webp", MaxBytes: image},
					{MIME: "video/mp4", MaxBytes: video},
					{MIME: "video/quicktime", MaxBytes: video},
				},
			},
		},
		Settings: social.SchemaOf[Settings](),
	}
}

// api is the client. Its limits are those of an account within an app.
// https://developers.pinterest.com/docs/reference/ratelimits/
func (p *Provider) api() *rest.Client {
	return &rest.Client{
		HTTP: p.deps.HTTP, Base: p.cfg.APIURL + "/" + p.cfg.APIVersion, Classify: classify, Now: p.deps.Now, Rates: social.ScopeAccount,
	}
}

// call makes a call for an account.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) error {
	r.Bearer = t.Credential.Access
	_, err := p.api().Do(ctx, r)
	return err
}

func (p *Provider) app() oauth.App {
	base := p.cfg.APIURL + "/" + p.cfg.APIVersion + "/oauth/token"
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Now: p.deps.Now, Classify: classifySignIn},
		Name: "Pinterest", Settings: "PINTEREST_CLIENT_ID and PINTEREST_CLIENT_SECRET",
		AuthURL: p.cfg.AuthURL + "/oauth/", TokenURL: base, RevokeURL: base + "/revoke",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, Auth: oauth.AuthBasic, ScopeSep: ",", Now: p.deps.Now,
	}
}

// words is s without differences in its white space.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
