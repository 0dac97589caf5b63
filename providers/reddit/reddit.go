// Package reddit publishes to communities on Reddit, and to the profile of an
// account there.
//
// https://www.reddit.com/dev/api/
package reddit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "reddit"

// site is where people see what is published.
const site = "https://www.reddit.com"

// agent is how a server calls itself whose operator did not name it.
const agent = "server:com.github.crierhq.crier:v1"

// Config is what an operator sets.
type Config struct {
	// ClientID and ClientSecret are those of the app. Required.
	ClientID     string `env:"REDDIT_CLIENT_ID" required:"true" doc:"Id of your web app on https://www.reddit.com/prefs/apps."`
	ClientSecret string `env:"REDDIT_CLIENT_SECRET" required:"true" secret:"true" doc:"Secret of that app."`
	UserAgent    string `env:"REDDIT_USER_AGENT" default:"server:com.github.crierhq.crier:v1" doc:"What this server calls itself on Reddit, which slows down whoever uses a common name: server:NAME OF YOUR APP:v1 (by /u/YOUR NAME)."`
	AuthURL      string `env:"REDDIT_AUTH_URL" default:"https://www.reddit.com" doc:"Address that people sign in at."`
	APIURL       string `env:"REDDIT_API_URL" default:"https://oauth.reddit.com" doc:"Address of the API."`
}

// Provider implements social.Provider for Reddit. It is safe for concurrent use
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
	_ social.Resolver          = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
	_ social.Mentioner         = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs
// the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, name string) {
		if !ok {
			errs = append(errs, fmt.Errorf("reddit: %s is required", name))
		}
	}
	need(cfg.ClientID != "", "ClientID")
	need(cfg.ClientSecret != "", "ClientSecret")
	need(deps.HTTP != nil, "Deps.HTTP")
	need(deps.Now != nil, "Deps.Now")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg.UserAgent = cmp.Or(cfg.UserAgent, agent)
	cfg.AuthURL = cmp.Or(cfg.AuthURL, site)
	cfg.APIURL = cmp.Or(cfg.APIURL, "https://oauth.reddit.com")
	return &Provider{cfg: cfg, deps: deps}, nil
}

// scopes are what a person is asked for. https://www.reddit.com/api/v1/scopes
func scopes() []string {
	return []string{"edit", "flair", "history", "identity", "mysubreddits", "read", "submit"}
}

// Descriptor implements social.Provider. The limits of text are those that
// Reddit names when it refuses more; those of files are of its help pages.
func (p *Provider) Descriptor() social.Descriptor {
	const image, video = 20 << 20, 1 << 30
	return social.Descriptor{
		ID: ID, Name: "Reddit", DocsURL: "https://www.reddit.com/dev/api/",
		Markup: social.MarkupMarkdown,
		Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: maxText, Count: social.CountRunes},
			Media: social.MediaLimit{
				Images: maxGallery, Videos: 1, Mixed: true, Max: maxGallery,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: image},
					{MIME: "image/png", MaxBytes: image},
					{MIME: "image/gif", MaxBytes: image},
					{MIME: "video/mp4", MaxBytes: video},
					{MIME: "video/quicktime", MaxBytes: video},
				},
			},
			Replies: 30,
		},
		Settings: social.SchemaOf[Settings](),
		// 100 calls a minute, over ten minutes. What remains is told with every answer.
		// https://support.reddithelp.com/hc/en-us/articles/16160319875092-Reddit-Data-API-Wiki
		AppLimits: []social.RateLimit{{Calls: 1000, Per: 10 * time.Minute}},
	}
}

// named is what Reddit wants every client to say of itself.
func (p *Provider) named() http.Header { return http.Header{"User-Agent": {p.cfg.UserAgent}} }

// call makes a call for an account. Its limits are those of the app.
func (p *Provider) call(ctx context.Context, t social.Target, r rest.Request) error {
	r.Bearer = t.Credential.Access
	api := rest.Client{
		HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Header: p.named(), Classify: classify, Now: p.deps.Now, Rates: social.ScopeApp,
	}
	_, err := api.Do(ctx, r)
	return err
}

// change makes a call that answers with what was wrong in the body, under the
// status of success.
func (p *Provider) change(ctx context.Context, t social.Target, r rest.Request) (answer, error) {
	var out answer
	r.Out = &out
	if err := p.call(ctx, t, r); err != nil {
		return answer{}, err
	}
	return out, out.refusal()
}

func (p *Provider) app() oauth.App {
	base := p.cfg.AuthURL + "/api/v1"
	return oauth.App{
		REST: rest.Client{HTTP: p.deps.HTTP, Header: p.named(), Now: p.deps.Now, Classify: classifySignIn},
		Name: "Reddit", Settings: "REDDIT_CLIENT_ID and REDDIT_CLIENT_SECRET",
		AuthURL: base + "/authorize", TokenURL: base + "/access_token", RevokeURL: base + "/revoke_token",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, Auth: oauth.AuthBasic, Now: p.deps.Now,
	}
}

// words is s without differences in its white space.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }
