// Package googlebusiness publishes to the profiles that businesses have on
// Google Search and Google Maps. One sign-in leads to all locations that the
// person manages; each becomes a channel.
//
// It knows the APIs as documented on https://developers.google.com/my-business.
package googlebusiness

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "google-business"

// Config is what an operator sets.
type Config struct {
	// ClientID and ClientSecret are those of the OAuth client. Required.
	ClientID       string `env:"GOOGLE_BUSINESS_CLIENT_ID" required:"true" doc:"Client ID of the OAuth client on console.cloud.google.com; it may be that of YOUTUBE_CLIENT_ID."`
	ClientSecret   string `env:"GOOGLE_BUSINESS_CLIENT_SECRET" required:"true" secret:"true" doc:"Client secret of the OAuth client."`
	AuthURL        string `env:"GOOGLE_BUSINESS_AUTH_URL" default:"https://accounts.google.com" doc:"Address of Google's sign-in pages."`
	TokenURL       string `env:"GOOGLE_BUSINESS_TOKEN_URL" default:"https://oauth2.googleapis.com" doc:"Address where Google gives tokens."`
	PeopleURL      string `env:"GOOGLE_BUSINESS_PEOPLE_URL" default:"https://www.googleapis.com" doc:"Address where Google says who signed in."`
	APIURL         string `env:"GOOGLE_BUSINESS_API_URL" default:"https://mybusiness.googleapis.com" doc:"Address of the My Business API, which takes posts."`
	AccountsURL    string `env:"GOOGLE_BUSINESS_ACCOUNTS_URL" default:"https://mybusinessaccountmanagement.googleapis.com" doc:"Address of the Account Management API."`
	LocationsURL   string `env:"GOOGLE_BUSINESS_LOCATIONS_URL" default:"https://mybusinessbusinessinformation.googleapis.com" doc:"Address of the Business Information API."`
	PerformanceURL string `env:"GOOGLE_BUSINESS_PERFORMANCE_URL" default:"https://businessprofileperformance.googleapis.com" doc:"Address of the Performance API."`
}

// Provider implements social.Provider for Google Business Profile. It is safe
// for concurrent use and keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

// One sign-in serves many channels, and what Google takes back is the sign-in:
// a social.Revoker would end the other locations with the one that is left.
var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Chooser           = (*Provider)(nil)
	_ social.Refresher         = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP, Now and NewID of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("google-business: "+format, args...))
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	need(deps.NewID != nil, "Deps.NewID is required")
	need(cfg.ClientID != "", "ClientID is required")
	need(cfg.ClientSecret != "", "ClientSecret is required")
	for to, usual := range map[*string]string{
		&cfg.AuthURL: "https://accounts.google.com", &cfg.TokenURL: "https://oauth2.googleapis.com",
		&cfg.PeopleURL: "https://www.googleapis.com", &cfg.APIURL: "https://mybusiness.googleapis.com",
		&cfg.AccountsURL:    "https://mybusinessaccountmanagement.googleapis.com",
		&cfg.LocationsURL:   "https://mybusinessbusinessinformation.googleapis.com",
		&cfg.PerformanceURL: "https://businessprofileperformance.googleapis.com",
	} {
		if *to == "" {
			*to = usual
		}
		u, err := url.Parse(*to)
		need(err == nil && u.Host != "", "%q is not a web address", *to)
		*to = strings.TrimRight(*to, "/")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// Descriptor implements social.Provider. Google takes 300 calls a minute from an
// app, of which a post needs about three, and 10 changes a minute of a profile.
// https://developers.google.com/my-business/content/limits
// https://support.google.com/business/answer/7213077
func (*Provider) Descriptor() social.Descriptor {
	const photo = 5 << 20
	return social.Descriptor{
		ID: ID, Name: "Google Business Profile", DocsURL: "https://developers.google.com/my-business/reference/rest/v4/accounts.locations.localPosts",
		Markup: social.MarkupPlain, Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 1500, Count: social.CountRunes},
			Media: social.MediaLimit{
				Images: 1, Pulls: []domain.MediaKind{domain.MediaImage},
				Types: []social.MediaType{{MIME: "image/jpeg", MaxBytes: photo}, {MIME: "image/png", MaxBytes: photo}},
			},
		},
		Settings:  social.SchemaOf[Settings](),
		AppLimits: []social.RateLimit{{Calls: 100, Per: time.Minute}},
		MinGap:    6 * time.Second,
	}
}

// call makes a call for an account.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) error {
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Now: p.deps.Now}
	r.Bearer = t.Credential.Access
	_, err := api.Do(ctx, r)
	return err
}
