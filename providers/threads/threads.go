// Package threads publishes to Threads, with Meta's Threads API. Threads fetches
// files by their address, so the host must have public ones.
//
// It knows the API as documented on https://developers.facebook.com/docs/threads.
package threads

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "threads"

// Config is what an operator sets.
type Config struct {
	AppID     string `env:"THREADS_APP_ID" required:"true" doc:"Threads app ID, from the use case Threads of an app on developers.facebook.com. It is not the app's own ID."`
	AppSecret string `env:"THREADS_APP_SECRET" required:"true" secret:"true" doc:"Threads app secret, beside it."`
	Version   string `env:"THREADS_API_VERSION" default:"v1.0" doc:"Version of the Threads API."`
	APIURL    string `env:"THREADS_API_URL" default:"https://graph.threads.net" doc:"Address of the Threads API."`
	WebURL    string `env:"THREADS_WEB_URL" default:"https://threads.net" doc:"Address of the web pages where people sign in."`
}

// Provider implements social.Provider for Threads. It is safe for concurrent use
// and keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Refresher         = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs the
// HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("threads: "+format, args...))
		}
	}
	or := func(to *string, standard string) {
		if *to == "" {
			*to = standard
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	need(cfg.AppID != "" && cfg.AppSecret != "", "AppID and AppSecret are required")
	or(&cfg.Version, "v1.0")
	or(&cfg.APIURL, "https://graph.threads.net")
	or(&cfg.WebURL, "https://threads.net")
	for _, base := range []*string{&cfg.APIURL, &cfg.WebURL} {
		u, err := url.Parse(*base)
		need(err == nil && u.Host != "", "%q is not a web address", *base)
		*base = strings.TrimRight(*base, "/")
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// Descriptor implements social.Provider.
// https://developers.facebook.com/docs/threads/overview#limitations
func (p *Provider) Descriptor() social.Descriptor {
	const mb = 1 << 20
	return social.Descriptor{
		ID: ID, Name: "Threads", DocsURL: "https://developers.facebook.com/docs/threads/posts",
		Markup: social.MarkupPlain, Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: maxText, Count: social.CountRunes},
			Media: social.MediaLimit{
				Pulls: []domain.MediaKind{domain.MediaImage, domain.MediaVideo}, Images: 20, Videos: 20, Mixed: true, Max: 20, Alt: 1000,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: 8 * mb},
					{MIME: "image/png", MaxBytes: 8 * mb},
					{MIME: "video/mp4", MaxBytes: 1024 * mb},
					{MIME: "video/quicktime", MaxBytes: 1024 * mb},
				},
			},
			Replies: 50,
		},
		Settings: social.SchemaOf[Settings](),
	}
}

// get reads what is at path, below the version.
func (p *Provider) get(ctx context.Context, t social.Target, path string, q url.Values, out any) error {
	if q == nil {
		q = url.Values{}
	}
	q.Set("access_token", t.Credential.Access)
	return p.do(ctx, t, rest.Request{Method: http.MethodGet, Path: "/" + p.cfg.Version + path, Query: q, Out: out})
}

// post sends a form. reads: the public sees nothing of it.
func (p *Provider) post(ctx context.Context, t social.Target, path string, form url.Values, reads bool, out any) error {
	form.Set("access_token", t.Credential.Access)
	return p.do(ctx, t, rest.Request{Method: http.MethodPost, Path: "/" + p.cfg.Version + path, Form: form, Reads: reads, Out: out})
}

func (p *Provider) do(ctx context.Context, t social.Target, r rest.Request) error {
	r.Secrets = []string{t.Credential.Access, p.cfg.AppSecret}
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Now: p.deps.Now}
	_, err := api.Do(ctx, r)
	if e := social.AsError(err); err != nil {
		if e.Code == social.CodeOutcomeUnknown && (r.Reads || r.Method == http.MethodGet) {
			e.Code = social.CodeUnavailable
		}
		return e
	}
	return nil
}
