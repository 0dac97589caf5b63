// Package facebook publishes to pages on Facebook with the Graph API. Profiles
// and groups cannot be published to. One sign-in leads to all pages that the
// person may publish on; each becomes a channel with a token of its own.
//
// https://developers.facebook.com/docs/pages-api
package facebook

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "facebook"

// site is where people see what is published.
const site = "https://www.facebook.com"

// Config is what an operator sets.
type Config struct {
	// AppID and AppSecret are those of the app. Required.
	AppID     string `env:"FACEBOOK_APP_ID" required:"true" doc:"App ID of your app on https://developers.facebook.com."`
	AppSecret string `env:"FACEBOOK_APP_SECRET" required:"true" secret:"true" doc:"App secret of that app."`
	// APIVersion is that of the Graph API.
	APIVersion string `env:"FACEBOOK_API_VERSION" default:"v25.0" doc:"Version of the Graph API that is called."`
	// AuthURL is where people sign in; APIURL, VideoURL and UploadURL are the
	// roots of the API and of the servers that take files.
	AuthURL   string `env:"FACEBOOK_AUTH_URL" default:"https://www.facebook.com" doc:"Address that people sign in at."`
	APIURL    string `env:"FACEBOOK_API_URL" default:"https://graph.facebook.com" doc:"Address of the Graph API."`
	VideoURL  string `env:"FACEBOOK_VIDEO_URL" default:"https://graph-video.facebook.com" doc:"Address of the Graph API for videos."`
	UploadURL string `env:"FACEBOOK_UPLOAD_URL" default:"https://rupload.facebook.com" doc:"Address that reels and stories are uploaded to."`
}

// Provider implements social.Provider for Facebook pages. It is safe for
// concurrent use and keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Chooser           = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	for name, ok := range map[string]bool{
		"AppID": cfg.AppID != "", "AppSecret": cfg.AppSecret != "",
		"Deps.HTTP": deps.HTTP != nil, "Deps.Now": deps.Now != nil,
	} {
		if !ok {
			errs = append(errs, fmt.Errorf("facebook: %s is required", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for to, usual := range map[*string]string{
		&cfg.APIVersion: "v25.0", &cfg.AuthURL: site, &cfg.APIURL: "https://graph.facebook.com",
		&cfg.VideoURL: "https://graph-video.facebook.com", &cfg.UploadURL: "https://rupload.facebook.com",
	} {
		if *to == "" {
			*to = usual
		}
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// scopes are what a person is asked for. business_management shows the pages
// that belong to a business portfolio.
// https://developers.facebook.com/docs/permissions
func scopes() []string {
	return []string{
		"pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_manage_engagement", "read_insights", "business_management",
	}
}

// Descriptor implements social.Provider.
// https://developers.facebook.com/docs/graph-api/reference/page/photos
// https://developers.facebook.com/docs/graph-api/guides/error-handling
func (p *Provider) Descriptor() social.Descriptor {
	const photo, video = 10 << 20, 10 << 30
	return social.Descriptor{
		ID: ID, Name: "Facebook", DocsURL: "https://developers.facebook.com/docs/pages-api",
		Markup: social.MarkupPlain,
		Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 63206, Count: social.CountRunes},
			Media: social.MediaLimit{
				Images: 10, Videos: 1,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: photo},
					{MIME: "image/png", MaxBytes: photo},
					{MIME: "image/gif", MaxBytes: photo},
					{MIME: "image/bmp", MaxBytes: photo},
					{MIME: "image/tiff", MaxBytes: photo},
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

func (p *Provider) api() graph.API {
	return graph.API{
		HTTP: p.deps.HTTP, Name: "Facebook", Base: p.cfg.APIURL, Version: p.cfg.APIVersion,
		Secret: p.cfg.AppSecret, Rules: rules(), Now: p.deps.Now,
	}
}

// call makes a call for a page.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) error {
	_, err := p.api().Call(ctx, t.Credential.Access, r)
	return err
}
