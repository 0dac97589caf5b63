// Package tiktok publishes videos and photos to TikTok with the Content Posting
// API, either straight to an account or to the inbox of its owner, who finishes
// the post in the app.
//
// https://developers.tiktok.com/doc/content-posting-api-get-started
package tiktok

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "tiktok"

// site is where people see what is published.
const site = "https://www.tiktok.com"

// Config is what an operator sets.
type Config struct {
	// ClientID and ClientSecret are those of the app. Required.
	ClientID     string `env:"TIKTOK_CLIENT_ID" required:"true" doc:"Client key of your app on https://developers.tiktok.com."`
	ClientSecret string `env:"TIKTOK_CLIENT_SECRET" required:"true" secret:"true" doc:"Client secret of that app."`
	AuthURL      string `env:"TIKTOK_AUTH_URL" default:"https://www.tiktok.com" doc:"Address that people allow the app at."`
	APIURL       string `env:"TIKTOK_API_URL" default:"https://open.tiktokapis.com" doc:"Address of the API."`
}

// Provider implements social.Provider for TikTok. It is safe for concurrent use
// and keeps nothing between calls.
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
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, fmt.Errorf("tiktok: %s is required", name))
		}
	}
	need(cfg.ClientID != "", "ClientID")
	need(cfg.ClientSecret != "", "ClientSecret")
	need(deps.HTTP != nil, "Deps.HTTP")
	need(deps.Now != nil, "Deps.Now")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg.AuthURL = strings.TrimRight(cmp.Or(cfg.AuthURL, "https://www.tiktok.com"), "/")
	cfg.APIURL = strings.TrimRight(cmp.Or(cfg.APIURL, "https://open.tiktokapis.com"), "/")
	return &Provider{cfg: cfg, deps: deps}, nil
}

// The limits of a post.
// https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
// https://developers.tiktok.com/doc/content-posting-api-reference-photo-post
const (
	maxDescription = 4000 // of photos
	maxCaption     = 2200 // of a video
	maxTitle       = 90   // of photos
	maxPhotos      = 35
)

// Descriptor implements social.Provider. Photos are fetched from this server,
// videos are handed over.
// https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
func (*Provider) Descriptor() social.Descriptor {
	const (
		maxVideo = 4 << 30
		maxPhoto = 20 << 20
	)
	return social.Descriptor{
		ID: ID, Name: "TikTok", DocsURL: "https://developers.tiktok.com/doc/content-posting-api-get-started",
		Markup: social.MarkupPlain, Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: maxDescription, Count: social.CountUTF16},
			Media: social.MediaLimit{
				Required: true, Pulls: []domain.MediaKind{domain.MediaImage}, Images: maxPhotos, Videos: 1,
				Types: []social.MediaType{
					{MIME: "video/mp4", MaxBytes: maxVideo},
					{MIME: "video/quicktime", MaxBytes: maxVideo},
					{MIME: "video/webm", MaxBytes: maxVideo},
					{MIME: "image/jpeg", MaxBytes: maxPhoto},
					{MIME: "image/webp", MaxBytes: maxPhoto},
				},
			},
		},
		Settings: social.SchemaOf[Settings](),
		// An account takes 6 posts a minute. An app that was not audited has 5
		// accounts a day; TikTok says when they are used up, and not how many there
		// are left.
		MinGap:    10 * time.Second,
		AppLimits: []social.RateLimit{{Per: 24 * time.Hour}},
	}
}

// call makes a call for an account, and reads the data of its answer into out.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request, out any) error {
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Refused: refused, Now: p.deps.Now}
	r.Bearer = t.Credential.Access
	r.Out = &struct {
		Data any `json:"data"`
	}{out}
	_, err := api.Do(ctx, r)
	return err
}
