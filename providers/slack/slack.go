// Package slack publishes to the channels of a workspace on Slack, through a
// bot.
//
// https://docs.slack.dev/reference/methods
package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/oauth"
	"github.com/crierhq/crier/providers/kit/rest"
)

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "slack"

// Config is what an operator sets.
type Config struct {
	// ClientID and ClientSecret are those of the app. Required.
	ClientID     string `env:"SLACK_CLIENT_ID" required:"true" doc:"Client ID of your app on https://api.slack.com/apps."`
	ClientSecret string `env:"SLACK_CLIENT_SECRET" required:"true" secret:"true" doc:"Client secret of that app."`
	AuthURL      string `env:"SLACK_AUTH_URL" default:"https://slack.com" doc:"Address that people allow the app at."`
	APIURL       string `env:"SLACK_API_URL" default:"https://slack.com/api" doc:"Address of the API."`
}

// Provider implements social.Provider for Slack. It is safe for concurrent use
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
			errs = append(errs, fmt.Errorf("slack: %s is required", name))
		}
	}
	need(cfg.ClientID != "", "ClientID")
	need(cfg.ClientSecret != "", "ClientSecret")
	need(deps.HTTP != nil, "Deps.HTTP")
	need(deps.Now != nil, "Deps.Now")
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg.AuthURL = strings.TrimRight(cmp.Or(cfg.AuthURL, "https://slack.com"), "/")
	cfg.APIURL = strings.TrimRight(cmp.Or(cfg.APIURL, "https://slack.com/api"), "/")
	return &Provider{cfg: cfg, deps: deps}, nil
}

// scopes are what a workspace is asked for, all of it for the bot.
// https://docs.slack.dev/reference/scopes
func scopes() []string {
	return []string{
		"channels:history", "channels:join", "channels:read", "chat:write", "chat:write.customize",
		"files:read", "files:write", "groups:history", "groups:read", "reactions:read", "users:read",
	}
}

// Descriptor implements social.Provider. The text is measured as it is typed;
// Validate measures what becomes of it.
// https://docs.slack.dev/reference/methods/chat.postMessage
func (p *Provider) Descriptor() social.Descriptor {
	const gb = 1 << 30
	return social.Descriptor{
		ID: ID, Name: "Slack", DocsURL: "https://docs.slack.dev/apis/web-api", Markup: social.MarkupMarkdown,
		Scopes: scopes(),
		Limits: social.Limits{
			Text: social.TextLimit{Max: maxText, Count: social.CountRunes},
			Media: social.MediaLimit{
				Images: maxFiles, Videos: maxFiles, Documents: maxFiles, Max: maxFiles, Mixed: true, Alt: 1000,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: gb},
					{MIME: "image/png", MaxBytes: gb},
					{MIME: "image/gif", MaxBytes: gb},
					{MIME: "image/webp", MaxBytes: gb},
					{MIME: "video/mp4", MaxBytes: gb},
					{MIME: "video/quicktime", MaxBytes: gb},
					{MIME: "application/pdf", MaxBytes: gb},
				},
			},
			Replies: 30,
		},
		Settings: social.SchemaOf[Settings](),
		MinGap:   time.Second, // A channel takes one message a second.
	}
}

// api is the client. Slack says in the body whether it did what was asked.
func (p *Provider) api(classify rest.Classify) rest.Client {
	return rest.Client{
		HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Refused: refused, Now: p.deps.Now, Rates: social.ScopeAccount,
	}
}

// get calls a method that reads.
func (p *Provider) get(ctx context.Context, token, method string, query url.Values, out any) error {
	return p.call(ctx, token, method, rest.Request{Method: http.MethodGet, Query: query, Out: out})
}

// post calls a method that changes something.
func (p *Provider) post(ctx context.Context, token, method string, body, out any) error {
	return p.call(ctx, token, method, rest.Request{Method: http.MethodPost, JSON: body, Out: out})
}

// repeat calls a method whose change is the same however often it is called.
func (p *Provider) repeat(ctx context.Context, token, method string, r rest.Request) error {
	r.Method, r.Reads = http.MethodPost, true
	return p.call(ctx, token, method, r)
}

func (p *Provider) call(ctx context.Context, token, method string, r rest.Request) error {
	r.Path, r.Bearer = "/"+method, token
	api := p.api(classify)
	_, err := api.Do(ctx, r)
	return err
}

func (p *Provider) app() oauth.App {
	return oauth.App{
		REST: p.api(classifySignIn),
		Name: "Slack", Settings: "SLACK_CLIENT_ID and SLACK_CLIENT_SECRET",
		AuthURL: p.cfg.AuthURL + "/oauth/v2/authorize", TokenURL: p.cfg.APIURL + "/oauth.v2.access",
		ID: p.cfg.ClientID, Secret: p.cfg.ClientSecret, ScopeSep: ",", Now: p.deps.Now,
	}
}
