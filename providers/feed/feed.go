// Package feed publishes to feeds that this very server hosts: Atom and JSON
// Feed for programs, and a page for people. No platform and no account is
// needed, and nothing can fail far away.
//
// See RFC 4287 (Atom), RFC 4685 (its threads), https://www.jsonfeed.org/version/1.1
// and https://www.w3.org/TR/websub/.
package feed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// ID names the platform.
const ID domain.ProviderID = "feed"

// Config is what an operator may set. The zero value of every field is its
// default.
type Config struct {
	// Entries is how many entries a feed shows, the newest ones; 0: 50.
	Entries int `env:"FEED_ENTRIES" default:"50" doc:"How many entries a feed shows, the newest ones."`
}

const (
	defaultEntries = 50
	maxEntries     = 1000
)

// Provider implements social.Provider for feeds on this server.
type Provider struct {
	deps    social.Deps
	entries int
	base    *url.URL
}

var (
	_ social.Provider      = (*Provider)(nil)
	_ social.FormConnector = (*Provider)(nil)
	_ social.Preparer      = (*Provider)(nil)
	_ social.Finder        = (*Provider)(nil)
	_ social.Confirmer     = (*Provider)(nil)
	_ social.Editor        = (*Provider)(nil)
	_ social.Deleter       = (*Provider)(nil)
	_ social.Site          = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	p := &Provider{deps: deps, entries: cfg.Entries}
	var errs []error
	demand := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("feed: "+format, args...))
		}
	}
	if p.entries == 0 {
		p.entries = defaultEntries
	}
	demand(p.entries > 0 && p.entries <= maxEntries, "Config.Entries is %d, 1 to %d are allowed", cfg.Entries, maxEntries)
	demand(deps.HTTP != nil, "Deps.HTTP is required")
	demand(deps.Log != nil, "Deps.Log is required")
	demand(deps.Now != nil, "Deps.Now is required")
	demand(deps.NewID != nil, "Deps.NewID is required")
	base, err := hosting(deps.Hosting)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	p.base = base
	return p, nil
}

// hosting reads where the feeds are, or says all that is missing.
func hosting(h *social.Hosting) (*url.URL, error) {
	if h == nil {
		return nil, errors.New("feed: Deps.Hosting is required: feeds are pages of this server, which needs a public address")
	}
	var errs []error
	if h.Documents == nil {
		errs = append(errs, errors.New("feed: Hosting.Documents is required"))
	}
	if h.Files == nil {
		errs = append(errs, errors.New("feed: Hosting.Files is required"))
	}
	base, err := url.Parse(h.BaseURL)
	if err != nil || !isWebAddress(h.BaseURL, []string{"https", "http"}) || base.RawQuery != "" || strings.HasSuffix(base.Path, "/") {
		errs = append(errs, errors.New("feed: Hosting.BaseURL must be a web address without a slash at its end"))
	}
	return base, errors.Join(errs...)
}

// Descriptor implements social.Provider.
func (*Provider) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: ID, Name: "Feed (Atom and JSON Feed)", DocsURL: "https://www.rfc-editor.org/rfc/rfc4287",
		Markup: social.MarkupPlain,
		Limits: social.Limits{
			Text: social.TextLimit{Max: 100_000, Count: social.CountRunes},
			Media: social.MediaLimit{
				Images: maxImages, Videos: maxVideos, Documents: maxDocuments, Mixed: true, Types: mediaTypes(), Alt: 2000,
			},
			Replies: 100,
		},
		Settings: social.SchemaOf[Settings](),
		// An entry is one document under a key made from Target.Key, and it is
		// stored only if it is not there yet.
		Dedupe: social.DedupeForever,
	}
}

// address is a public one below the root of the feeds.
func (p *Provider) address(elems ...string) string { return p.base.JoinPath(elems...).String() }

// Home implements social.Site.
func (p *Provider) Home(account string) *url.URL { return p.base.JoinPath(account) }

// ended is the error of a call whose context is over before it began.
func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &social.Error{Code: social.CodeUnavailable, Message: "There was no time left.", Err: err}
	}
	return nil
}
