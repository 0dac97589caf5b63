// Package linkedin publishes to LinkedIn: as a member (New) and as a page of an
// organization (NewPage). Both are one API, of which an operator's app is
// granted more or less.
//
// It knows the API as documented on
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/.
package linkedin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The ids of the providers. They are stored for ever.
const (
	ID     domain.ProviderID = "linkedin"
	PageID domain.ProviderID = "linkedin-page"
)

// Config is what an operator sets, for members and pages.
type Config struct {
	ClientID         string `env:"LINKEDIN_CLIENT_ID" required:"true" doc:"Client ID of the app on LinkedIn's developer portal."`
	ClientSecret     string `env:"LINKEDIN_CLIENT_SECRET" required:"true" secret:"true" doc:"Client secret of the app."`
	PageClientID     string `env:"LINKEDIN_PAGE_CLIENT_ID" doc:"Client ID of another app for pages: LinkedIn gives the Community Management API only to an app that has no other product. Empty: the same app."`
	PageClientSecret string `env:"LINKEDIN_PAGE_CLIENT_SECRET" secret:"true" doc:"Client secret of that app."`
	Scopes           string `env:"LINKEDIN_SCOPES" default:"openid profile w_member_social" doc:"What members are asked for. Add r_member_postAnalytics where the app was granted it, to count what happens to posts."`
	PageScopes       string `env:"LINKEDIN_PAGE_SCOPES" default:"r_basicprofile rw_organization_admin w_organization_social r_organization_social" doc:"What people are asked for to connect a page."`
	Version          string `env:"LINKEDIN_VERSION" default:"202608" doc:"Version of the API, as YYYYMM. LinkedIn keeps one for about a year."`
	APIURL           string `env:"LINKEDIN_API_URL" default:"https://api.linkedin.com" doc:"Address of LinkedIn's API."`
	WebURL           string `env:"LINKEDIN_WEB_URL" default:"https://www.linkedin.com" doc:"Address of LinkedIn's web pages where people sign in."`
}

// common is what members and pages share.
type common struct {
	cfg  Config
	deps social.Deps
	page bool
}

// Provider implements social.Provider for members. It is safe for concurrent
// use and keeps nothing between calls.
type Provider struct{ common }

// Page implements social.Provider for pages. It is safe for concurrent use and
// keeps nothing between calls.
type Page struct{ common }

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Refresher         = (*Provider)(nil)
	_ social.Preparer          = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Resolver          = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)

	_ social.Provider          = (*Page)(nil)
	_ social.RedirectConnector = (*Page)(nil)
	_ social.Chooser           = (*Page)(nil)
	_ social.Refresher         = (*Page)(nil)
	_ social.Preparer          = (*Page)(nil)
	_ social.Finder            = (*Page)(nil)
	_ social.Confirmer         = (*Page)(nil)
	_ social.Editor            = (*Page)(nil)
	_ social.Deleter           = (*Page)(nil)
	_ social.Resolver          = (*Page)(nil)
	_ social.Meter             = (*Page)(nil)
	_ social.AccountMeter      = (*Page)(nil)
	_ social.Mentioner         = (*Page)(nil)
)

// New returns the Provider for members, or every problem of cfg and deps at
// once. It needs the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	c, err := newCommon(cfg, deps)
	if err != nil {
		return nil, err
	}
	return &Provider{c}, nil
}

// NewPage returns the provider for pages, or every problem of cfg and deps at
// once. It needs the HTTP and Now of deps.
func NewPage(cfg Config, deps social.Deps) (*Page, error) {
	if cfg.PageClientID != "" {
		cfg.ClientID, cfg.ClientSecret = cfg.PageClientID, cfg.PageClientSecret
	}
	c, err := newCommon(cfg, deps)
	if err != nil {
		return nil, err
	}
	c.page = true
	return &Page{c}, nil
}

func newCommon(cfg Config, deps social.Deps) (common, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("linkedin: "+format, args...))
		}
	}
	or := func(to *string, standard string) {
		if *to == "" {
			*to = standard
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	need(cfg.ClientID != "" && cfg.ClientSecret != "", "a client id and a client secret are required")
	or(&cfg.Scopes, "openid profile w_member_social")
	or(&cfg.PageScopes, "r_basicprofile rw_organization_admin w_organization_social r_organization_social")
	or(&cfg.Version, "202608")
	or(&cfg.APIURL, "https://api.linkedin.com")
	or(&cfg.WebURL, "https://www.linkedin.com")
	need(len(cfg.Version) >= 6 && strings.Trim(cfg.Version, "0123456789.") == "", "Version %q is not of the form YYYYMM", cfg.Version)
	for _, base := range []*string{&cfg.APIURL, &cfg.WebURL} {
		u, err := url.Parse(*base)
		need(err == nil && u.Host != "", "%q is not a web address", *base)
		*base = strings.TrimRight(*base, "/")
	}
	return common{cfg: cfg, deps: deps}, errors.Join(errs...)
}

// Descriptor implements social.Provider.
func (p *Provider) Descriptor() social.Descriptor {
	return p.describe(ID, "LinkedIn", p.cfg.Scopes)
}

// Descriptor implements social.Provider.
func (p *Page) Descriptor() social.Descriptor {
	return p.describe(PageID, "LinkedIn Page", p.cfg.PageScopes)
}

// describe has the limits that LinkedIn documents.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
func (c common) describe(id domain.ProviderID, name, scopes string) social.Descriptor {
	const mb = 1 << 20
	const pixels = 36_152_320
	return social.Descriptor{
		ID: id, Name: name, DocsURL: "https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api",
		Markup: social.MarkupPlain, Scopes: strings.Fields(scopes),
		Limits: social.Limits{
			Text: social.TextLimit{Max: 3000, Count: social.CountUTF16},
			Media: social.MediaLimit{
				Images: 20, Videos: 1, Documents: 1, Alt: 4086,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxPixels: pixels},
					{MIME: "image/png", MaxPixels: pixels},
					{MIME: "image/gif", MaxPixels: pixels},
					{MIME: "video/mp4", MaxBytes: 500 * mb},
					{MIME: "application/pdf", MaxBytes: 100 * mb},
				},
			},
			Replies: 30,
		},
		Settings:  social.SchemaOf[Settings](),
		AppLimits: []social.RateLimit{{Calls: 100_000, Per: 24 * time.Hour}},
	}
}

// author is the URN of the account.
func (c common) author(t social.Target) string {
	if c.page {
		return "urn:li:organization:" + t.Account
	}
	return "urn:li:person:" + t.Account
}

// site is where people see posts and pages.
const site = "https://www.linkedin.com"

// link is where people see a post.
func link(urn string) string { return site + "/feed/update/" + urn }

// call makes a call of the versioned API. method is that of Rest.li where it is
// not that of HTTP; it may be empty. Parentheses of a query stay as they are,
// which is why queries are a part of the path.
func (c common) call(ctx context.Context, t social.Target, r rest.Request, method string) (rest.Response, error) {
	r.Bearer = t.Credential.Access
	r.Header = http.Header{"Linkedin-Version": {c.cfg.Version}, "X-Restli-Protocol-Version": {"2.0.0"}}
	if method != "" {
		r.Header.Set("X-Restli-Method", method)
	}
	return c.do(ctx, r)
}

func (c common) do(ctx context.Context, r rest.Request) (rest.Response, error) {
	api := rest.Client{HTTP: c.deps.HTTP, Base: c.cfg.APIURL, Classify: c.classify, Now: c.deps.Now}
	resp, err := api.Do(ctx, r)
	if err == nil {
		return resp, nil
	}
	e := social.AsError(err)
	if e.Code == social.CodeQuota && e.RetryAfter == 0 { // Days of LinkedIn end at midnight in UTC.
		now := c.deps.Now().UTC()
		e.RetryAfter = now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)
	}
	return resp, e
}

// escaped is a URN as a part of a path or a query.
func escaped(urn string) string { return url.QueryEscape(urn) }
