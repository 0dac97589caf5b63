// Package instagram publishes to professional accounts on Instagram. There are
// two ways in, for one API: New for accounts that are linked to a page on
// Facebook, signed in through Facebook, and NewStandalone for accounts that
// sign in on Instagram itself.
//
// https://developers.facebook.com/docs/instagram-platform
package instagram

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID and StandaloneID are the providers' ids. They are stored for ever.
const (
	ID           domain.ProviderID = "instagram"
	StandaloneID domain.ProviderID = "instagram-standalone"
)

// site is where people see what is published.
const site = "https://www.instagram.com"

// Config is what an operator sets for accounts that are linked to a page.
type Config struct {
	// AppID and AppSecret are those of the app on Facebook. Required.
	AppID     string `env:"INSTAGRAM_APP_ID" required:"true" doc:"App ID of your app on https://developers.facebook.com; it may be that of FACEBOOK_APP_ID."`
	AppSecret string `env:"INSTAGRAM_APP_SECRET" required:"true" secret:"true" doc:"App secret of that app."`
	// ManageContents asks for the permission to delete.
	ManageContents bool   `env:"INSTAGRAM_MANAGE_CONTENTS" default:"false" doc:"Ask for the permission instagram_manage_contents, which deleting needs. Only for apps that have it."`
	APIVersion     string `env:"INSTAGRAM_API_VERSION" default:"v25.0" doc:"Version of the Graph API that is called."`
	AuthURL        string `env:"INSTAGRAM_AUTH_URL" default:"https://www.facebook.com" doc:"Address that people sign in at."`
	APIURL         string `env:"INSTAGRAM_API_URL" default:"https://graph.facebook.com" doc:"Address of the Graph API."`
}

// StandaloneConfig is what an operator sets for accounts that sign in on
// Instagram itself.
type StandaloneConfig struct {
	// AppID and AppSecret are those of Instagram in the app. Required.
	AppID      string `env:"INSTAGRAM_STANDALONE_APP_ID" required:"true" doc:"Instagram app ID of your app on https://developers.facebook.com, which is another than its app ID."`
	AppSecret  string `env:"INSTAGRAM_STANDALONE_APP_SECRET" required:"true" secret:"true" doc:"Instagram app secret of that app."`
	APIVersion string `env:"INSTAGRAM_STANDALONE_API_VERSION" default:"v25.0" doc:"Version of the Graph API that is called."`
	AuthURL    string `env:"INSTAGRAM_STANDALONE_AUTH_URL" default:"https://www.instagram.com" doc:"Address that people sign in at."`
	TokenURL   string `env:"INSTAGRAM_STANDALONE_TOKEN_URL" default:"https://api.instagram.com" doc:"Address that trades codes for tokens."`
	APIURL     string `env:"INSTAGRAM_STANDALONE_API_URL" default:"https://graph.instagram.com" doc:"Address of the Graph API of Instagram."`
}

// account is what both providers can do.
type account struct {
	api  graph.API
	deps social.Deps
}

// Provider implements social.Provider for accounts that are linked to a page on
// Facebook. It is safe for concurrent use and keeps nothing between calls.
type Provider struct {
	account
	cfg Config
}

// Standalone implements social.Provider for accounts that sign in on Instagram
// itself. It is safe for concurrent use and keeps nothing between calls.
type Standalone struct {
	account
	cfg StandaloneConfig
}

// both is what the two have in common.
type both interface {
	social.Provider
	social.RedirectConnector
	social.Preparer
	social.Finder
	social.Confirmer
	social.Meter
	social.AccountMeter
}

var (
	_ both             = (*Provider)(nil)
	_ social.Chooser   = (*Provider)(nil)
	_ social.Deleter   = (*Provider)(nil)
	_ both             = (*Standalone)(nil)
	_ social.Refresher = (*Standalone)(nil)
)

// New returns a Provider for accounts that are linked to a page, or every
// problem of cfg and deps at once. It needs the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	if err := complete(ID, cfg.AppID, cfg.AppSecret, deps); err != nil {
		return nil, err
	}
	cfg.APIVersion = cmp.Or(cfg.APIVersion, "v25.0")
	cfg.AuthURL = cmp.Or(cfg.AuthURL, "https://www.facebook.com")
	cfg.APIURL = cmp.Or(cfg.APIURL, "https://graph.facebook.com")
	return &Provider{cfg: cfg, account: account{deps: deps, api: graph.API{
		HTTP: deps.HTTP, Name: "Instagram", Base: cfg.APIURL, Version: cfg.APIVersion, Secret: cfg.AppSecret, Rules: rules(), Now: deps.Now,
	}}}, nil
}

// NewStandalone returns a Provider for accounts that sign in on Instagram, or
// every problem of cfg and deps at once. It needs the HTTP and Now of deps.
func NewStandalone(cfg StandaloneConfig, deps social.Deps) (*Standalone, error) {
	if err := complete(StandaloneID, cfg.AppID, cfg.AppSecret, deps); err != nil {
		return nil, err
	}
	cfg.APIVersion = cmp.Or(cfg.APIVersion, "v25.0")
	cfg.AuthURL = cmp.Or(cfg.AuthURL, "https://www.instagram.com")
	cfg.TokenURL = cmp.Or(cfg.TokenURL, "https://api.instagram.com")
	cfg.APIURL = cmp.Or(cfg.APIURL, "https://graph.instagram.com")
	return &Standalone{cfg: cfg, account: account{deps: deps, api: graph.API{
		HTTP: deps.HTTP, Name: "Instagram", Base: cfg.APIURL, Version: cfg.APIVersion, Rules: rules(), Now: deps.Now,
	}}}, nil
}

func complete(id domain.ProviderID, appID, secret string, deps social.Deps) error {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s is required", id, name))
		}
	}
	need(appID != "", "AppID")
	need(secret != "", "AppSecret")
	need(deps.HTTP != nil, "Deps.HTTP")
	need(deps.Now != nil, "Deps.Now")
	return errors.Join(errs...)
}

// descriptor is what both have in common.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/ig-user/media
func descriptor() social.Descriptor {
	const video = 300 << 20
	return social.Descriptor{
		Markup: social.MarkupPlain,
		Limits: social.Limits{
			Text: social.TextLimit{Max: 2200, Count: social.CountRunes},
			Media: social.MediaLimit{
				Required: true, Pulls: []domain.MediaKind{domain.MediaImage, domain.MediaVideo}, Images: 10, Videos: 10, Mixed: true, Max: 10,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: 8 << 20},
					{MIME: "video/mp4", MaxBytes: video},
					{MIME: "video/quicktime", MaxBytes: video},
				},
			},
			Replies: 20,
		},
		Settings: social.SchemaOf[Settings](),
		// The platform tells how much of the limit is used up, and not the limit.
		AppLimits: []social.RateLimit{{Per: time.Hour}},
	}
}

// Descriptor implements social.Provider.
func (p *Provider) Descriptor() social.Descriptor {
	d := descriptor()
	d.ID, d.Name, d.Scopes = ID, "Instagram", p.scopes()
	d.DocsURL = "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login"
	return d
}

// Descriptor implements social.Provider.
func (p *Standalone) Descriptor() social.Descriptor {
	d := descriptor()
	d.ID, d.Name, d.Scopes = StandaloneID, "Instagram (standalone)", standaloneScopes()
	d.DocsURL = "https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login"
	return d
}

// call makes a call for an account.
func (a *account) call(ctx context.Context, t social.Target, r rest.Request) error {
	_, err := a.api.Call(ctx, t.Credential.Access, r)
	return err
}
