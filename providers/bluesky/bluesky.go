// Package bluesky publishes to Bluesky and to every other account of the AT
// Protocol, wherever its personal data server (PDS) is.
//
// A post is a record in a repository that its author's PDS keeps, and a client
// may choose the key of a record. This provider derives the key from
// Target.Key, so a repeated request names the same record and cannot make a
// second post.
package bluesky

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id.
const ID domain.ProviderID = "bluesky"

const (
	defaultService = "https://bsky.social"
	defaultVideo   = "https://video.bsky.app"
	appURL         = "https://bsky.app"
)

// Config is what an operator may set. The zero value is the public network.
type Config struct {
	// Service is the server that accounts log in at when a person names none.
	Service string `env:"BLUESKY_SERVICE" doc:"Server that accounts log in at when a person names none." default:"https://bsky.social"`
	// VideoService encodes videos before they are stored on the account's PDS.
	VideoService string `env:"BLUESKY_VIDEO_SERVICE" doc:"Service that encodes videos." default:"https://video.bsky.app"`
	// VideoDirect stores videos on the account's PDS as they are, without the
	// video service: for networks of one's own.
	VideoDirect bool `env:"BLUESKY_VIDEO_DIRECT" doc:"Store videos on the account's own server without encoding them." default:"false"`
}

// Provider implements social.Provider for Bluesky. It is safe for concurrent
// use.
type Provider struct {
	cfg  Config
	deps social.Deps
	// api has no Base: every account has its own server.
	api rest.Client
}

var (
	_ social.Provider      = (*Provider)(nil)
	_ social.FormConnector = (*Provider)(nil)
	_ social.Refresher     = (*Provider)(nil)
	_ social.Revoker       = (*Provider)(nil)
	_ social.Preparer      = (*Provider)(nil)
	_ social.Finder        = (*Provider)(nil)
	_ social.Confirmer     = (*Provider)(nil)
	_ social.Deleter       = (*Provider)(nil)
	_ social.Reposter      = (*Provider)(nil)
	_ social.Meter         = (*Provider)(nil)
	_ social.Resolver      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	for _, f := range []struct {
		name, fallback string
		value          *string
	}{
		{"Service", defaultService, &cfg.Service},
		{"VideoService", defaultVideo, &cfg.VideoService},
	} {
		if *f.value == "" {
			*f.value = f.fallback
		}
		origin, ok := originOf(*f.value)
		if !ok {
			errs = append(errs, fmt.Errorf("bluesky: %s must be an https address without a path", f.name))
		}
		*f.value = origin
	}
	if deps.HTTP == nil {
		errs = append(errs, errors.New("bluesky: Deps.HTTP is required"))
	}
	if deps.Now == nil {
		errs = append(errs, errors.New("bluesky: Deps.Now is required"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Provider{
		cfg: cfg, deps: deps,
		// Limits are of an account, or of an address for what anybody may read:
		// https://docs.bsky.app/docs/advanced-guides/rate-limits.
		api: rest.Client{HTTP: deps.HTTP, Classify: classify, Now: deps.Now, Rates: social.ScopeAccount},
	}, nil
}

// Descriptor implements social.Provider. The limits of text, images and tags
// are those of the lexicons app.bsky.feed.post and app.bsky.embed.*. Files have
// the older, smaller sizes (1 MB an image, 100 MB a video), because servers
// that were not updated still refuse more.
func (*Provider) Descriptor() social.Descriptor {
	const imageBytes, videoBytes = 1_000_000, 100_000_000
	return social.Descriptor{
		ID: ID, Name: "Bluesky", DocsURL: "https://docs.bsky.app",
		Markup: social.MarkupPlain,
		Limits: social.Limits{
			Text: social.TextLimit{Max: 300, Count: social.CountGraphemes, MaxBytes: 3000},
			Media: social.MediaLimit{
				Images: 4, Videos: 1,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: imageBytes},
					{MIME: "image/png", MaxBytes: imageBytes},
					{MIME: "image/webp", MaxBytes: imageBytes},
					{MIME: "video/mp4", MaxBytes: videoBytes},
				},
			},
			// The platform has no bound; a hundred posts is what a person would
			// still call one thread.
			Replies: 99,
		},
		Settings: social.SchemaOf[Settings](),
		Dedupe:   social.DedupeForever,
	}
}

// call makes an XRPC request to the server at host.
func (p *Provider) call(ctx context.Context, host, nsid string, r rest.Request) (rest.Response, error) {
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	r.Path = host + "/xrpc/" + nsid
	return p.api.Do(ctx, r)
}
