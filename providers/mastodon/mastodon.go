// Package mastodon publishes to Mastodon and to the servers that speak its
// client API. Every account brings its own server, so no app of the operator
// is needed: the first connection registers one with the server by itself.
//
// It knows the API as documented on https://docs.joinmastodon.org and nothing
// of a server's insides.
package mastodon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "mastodon"

// dedupe is for how long a repeated Idempotency-Key gives the first post
// again. The documentation says "up to 1 hour"; the rest is for clocks that
// differ. https://docs.joinmastodon.org/methods/statuses/#headers
const dedupe = 50 * time.Minute

// Config is what an operator may set. Nothing of it is required.
type Config struct {
	// AppName is what people read when their server asks them to let us in.
	AppName string `env:"MASTODON_APP_NAME" default:"Crier" doc:"Name of the app that people are asked to allow, and that their posts show."`
	// Website is where that name links to.
	Website string `env:"MASTODON_APP_WEBSITE" doc:"Address that the name of the app links to, such as https://crier.example."`
	// Instance is the server for people who do not name one.
	Instance string `env:"MASTODON_INSTANCE" doc:"Server of people who name none when they connect, such as https://mastodon.social."`
}

// Provider implements social.Provider for Mastodon. It is safe for concurrent
// use and keeps nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Revoker           = (*Provider)(nil)
	_ social.Limiter           = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Reposter          = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.Resolver          = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP, Now, NewID and Vault of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("mastodon: "+format, args...))
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	need(deps.NewID != nil, "Deps.NewID is required")
	need(deps.Vault != nil, "Deps.Vault is required")
	if cfg.Website != "" {
		u, err := url.Parse(cfg.Website)
		need(err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http"), "Website %q is not a web address", cfg.Website)
	}
	if cfg.Instance != "" {
		origin, err := originOf(cfg.Instance)
		need(err == nil, "Instance %q is not the address of a server", cfg.Instance)
		cfg.Instance = origin
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.AppName == "" {
		cfg.AppName = "Crier"
	}
	if deps.Log == nil {
		deps.Log = slog.New(slog.DiscardHandler)
	}
	return &Provider{cfg: cfg, deps: deps}, nil
}

// Descriptor implements social.Provider. Its limits are those of a Mastodon
// server as it comes; LimitsFor has an account's own.
func (p *Provider) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: ID, Name: "Mastodon", DocsURL: "https://docs.joinmastodon.org/methods/statuses/",
		Markup:   social.MarkupPlain,
		Scopes:   scopesFor(nil),
		Limits:   p.LimitsFor(nil),
		Settings: social.SchemaOf[Settings](),
		Dedupe:   dedupe,
	}
}

// api is the client of one server. Its limits are those of the account:
// https://docs.joinmastodon.org/api/rate-limits/.
func (p *Provider) api(origin string) *rest.Client {
	return &rest.Client{HTTP: p.deps.HTTP, Base: origin, Classify: classify, Now: p.deps.Now, Rates: social.ScopeAccount}
}

// call makes a call for an account, to its own server.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) (rest.Response, error) {
	host, _, _ := strings.Cut(t.Account, "/")
	origin := t.Traits[traitInstance]
	if origin == "" {
		origin = "https://" + host
	}
	r.Bearer = t.Credential.Access
	return p.do(ctx, origin, r)
}

// do asks for messages in English, because errors.go reads some of them: a
// server has no other way to tell its refusals apart.
func (p *Provider) do(ctx context.Context, origin string, r rest.Request) (rest.Response, error) {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Accept-Language", "en")
	return p.api(origin).Do(ctx, r)
}
