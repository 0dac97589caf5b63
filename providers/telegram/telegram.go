// Package telegram publishes to channels and groups on Telegram, through a bot.
//
// It knows the Bot API as documented on https://core.telegram.org/bots/api. A
// person makes the bot and types its token in, so an operator has nothing to set.
package telegram

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

// ID is the provider's id. It is stored for ever.
const ID domain.ProviderID = "telegram"

// Config is what an operator sets.
type Config struct {
	APIURL string `env:"TELEGRAM_API_URL" default:"https://api.telegram.org" doc:"Address of the Bot API; that of a Bot API server of your own, if you run one."`
	WebURL string `env:"TELEGRAM_WEB_URL" default:"https://t.me" doc:"Address that links to posts begin with."`
}

// Provider implements social.Provider. It is safe for concurrent use and keeps
// nothing between calls.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider      = (*Provider)(nil)
	_ social.FormConnector = (*Provider)(nil)
	_ social.Editor        = (*Provider)(nil)
	_ social.Deleter       = (*Provider)(nil)
	_ social.AccountMeter  = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs the
// HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("telegram: "+format, args...))
		}
	}
	need(deps.HTTP != nil, "Deps.HTTP is required")
	need(deps.Now != nil, "Deps.Now is required")
	if cfg.APIURL == "" {
		cfg.APIURL = "https://api.telegram.org"
	}
	if cfg.WebURL == "" {
		cfg.WebURL = "https://t.me"
	}
	for _, base := range []*string{&cfg.APIURL, &cfg.WebURL} {
		u, err := url.Parse(*base)
		need(err == nil && u.Host != "", "%q is not a web address", *base)
		*base = strings.TrimRight(*base, "/")
	}
	return &Provider{cfg: cfg, deps: deps}, errors.Join(errs...)
}

// Descriptor implements social.Provider. The limits are those that
// https://core.telegram.org/bots/api and https://core.telegram.org/bots/faq
// document. The text is measured with its marks, which Telegram does not count:
// what passes here passes there.
func (p *Provider) Descriptor() social.Descriptor {
	const mb = 1_000_000
	return social.Descriptor{
		ID: ID, Name: "Telegram", DocsURL: "https://core.telegram.org/bots/api", Markup: social.MarkupMarkdown,
		Limits: social.Limits{
			Text: social.TextLimit{Max: maxText, Count: social.CountUTF16},
			Media: social.MediaLimit{
				Images: maxAlbum, Videos: maxAlbum, Documents: maxAlbum, Max: maxAlbum, Mixed: true,
				Types: []social.MediaType{
					{MIME: "image/jpeg", MaxBytes: 10 * mb},
					{MIME: "image/png", MaxBytes: 10 * mb},
					{MIME: "image/webp", MaxBytes: 10 * mb},
					{MIME: "image/gif", MaxBytes: 50 * mb},
					{MIME: "video/mp4", MaxBytes: 50 * mb},
					{MIME: "application/pdf", MaxBytes: 50 * mb},
				},
			},
			Replies: 30,
		},
		Settings: social.SchemaOf[Settings](),
		MinGap:   3 * time.Second, // A group takes 20 messages a minute.
	}
}

// answer is what every method answers.
type answer[T any] struct {
	Result T `json:"result"`
}

// call makes a call of the Bot API, whose address holds the token.
func (p *Provider) call(ctx context.Context, token, method string, r rest.Request) error {
	r.Method, r.Path = http.MethodPost, "/bot"+url.PathEscape(token)+"/"+method
	r.Secrets = []string{token, url.PathEscape(token)}
	api := rest.Client{HTTP: p.deps.HTTP, Base: p.cfg.APIURL, Classify: classify, Now: p.deps.Now}
	_, err := api.Do(ctx, r)
	return err
}
