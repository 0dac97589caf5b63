// Package youtube publishes videos to YouTube channels with version 3 of the
// YouTube Data API.
//
// It knows the API as documented on https://developers.google.com/youtube/v3.
package youtube

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
const ID domain.ProviderID = "youtube"

// Config is what an operator sets.
type Config struct {
	ClientID     string `env:"YOUTUBE_CLIENT_ID" doc:"Client ID of the OAuth client on console.cloud.google.com. YouTube is offered if it is set."`
	ClientSecret string `env:"YOUTUBE_CLIENT_SECRET" secret:"true" doc:"Client secret of the OAuth client."`
	AuthURL      string `env:"YOUTUBE_AUTH_URL" default:"https://accounts.google.com" doc:"Address of Google's sign-in pages."`
	TokenURL     string `env:"YOUTUBE_TOKEN_URL" default:"https://oauth2.googleapis.com" doc:"Address where Google gives tokens."`
	APIURL       string `env:"YOUTUBE_API_URL" default:"https://www.googleapis.com" doc:"Address of the YouTube Data API."`
	AnalyticsURL string `env:"YOUTUBE_ANALYTICS_URL" default:"https://youtubeanalytics.googleapis.com" doc:"Address of the YouTube Analytics API."`
}

// Missing names what would have to be set for YouTube to be offered.
func (c Config) Missing() []string {
	var out []string
	if c.ClientID == "" {
		out = append(out, "YOUTUBE_CLIENT_ID")
	}
	if c.ClientSecret == "" {
		out = append(out, "YOUTUBE_CLIENT_SECRET")
	}
	return out
}

// Provider implements social.Provider for YouTube. It is safe for concurrent use
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
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP, Now and NewID of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("youtube: "+format, args...))
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
	base(&cfg.AuthURL, "https://accounts.google.com")
	base(&cfg.TokenURL, "https://oauth2.googleapis.com")
	base(&cfg.APIURL, "https://www.googleapis.com")
	base(&cfg.AnalyticsURL, "https://youtubeanalytics.googleapis.com")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// Descriptor implements social.Provider. A picture beside the video is its
// thumbnail, and what follows it are comments.
// https://developers.google.com/youtube/v3/determine_quota_cost
func (*Provider) Descriptor() social.Descriptor {
	const (
		maxVideo     = 256 << 30
		maxThumbnail = 2 << 20
	)
	return social.Descriptor{
		ID: ID, Name: "YouTube", DocsURL: "https://developers.google.com/youtube/v3/docs/videos/insert",
		Markup: social.MarkupPlain, Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 5000, Count: social.CountBytes},
			Media: social.MediaLimit{
				Required: true, Videos: 1, Images: 1, Mixed: true,
				Types: []social.MediaType{
					{MIME: "video/mp4", MaxBytes: maxVideo},
					{MIME: "video/quicktime", MaxBytes: maxVideo},
					{MIME: "video/webm", MaxBytes: maxVideo},
					{MIME: "image/jpeg", MaxBytes: maxThumbnail},
					{MIME: "image/png", MaxBytes: maxThumbnail},
				},
			},
			Replies: 20,
		},
		Settings:  social.SchemaOf[Settings](),
		AppLimits: []social.RateLimit{{Calls: 100, Per: 24 * time.Hour}},
	}
}

// call makes a call for an account.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) (rest.Response, error) {
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: p.classify, Now: p.deps.Now}
	r.Bearer = t.Credential.Access
	return api.Do(ctx, r)
}

// refOf is where people see a video.
func refOf(id string) social.Ref {
	return social.Ref{ID: id, URL: "https://www.youtube.com/watch?v=" + url.QueryEscape(id)}
}
