// Package discord publishes to Discord: to the channels of a server through the
// operator's bot (New), and to one channel through a webhook that somebody made
// there (NewWebhook).
//
// It knows the API as documented on https://discord.com/developers/docs/reference.
package discord

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// The ids of the providers. They are stored for ever.
const (
	ID        domain.ProviderID = "discord"
	WebhookID domain.ProviderID = "discord-webhook"
)

// Config is what an operator sets for the bot.
type Config struct {
	ClientID     string `env:"DISCORD_CLIENT_ID" required:"true" doc:"Client ID of the app on https://discord.com/developers/applications."`
	ClientSecret string `env:"DISCORD_CLIENT_SECRET" required:"true" secret:"true" doc:"Client secret of the app."`
	BotToken     string `env:"DISCORD_BOT_TOKEN" required:"true" secret:"true" doc:"Token of the app's bot."`
	Permissions  string `env:"DISCORD_PERMISSIONS" default:"563276371053568" doc:"What the bot asks for when it is added to a server, as the number that Discord's calculator of permissions gives."`
	APIURL       string `env:"DISCORD_API_URL" default:"https://discord.com/api/v10" doc:"Address of Discord's API, with its version."`
	WebURL       string `env:"DISCORD_WEB_URL" default:"https://discord.com" doc:"Address of Discord's web pages where people sign in."`
}

// WebhookConfig is what an operator may set for webhooks.
type WebhookConfig struct {
	APIURL string `env:"DISCORD_WEBHOOK_API_URL" default:"https://discord.com/api/v10" doc:"Address of Discord's API, with its version."`
}

const (
	standardAPI         = "https://discord.com/api/v10"
	standardWeb         = "https://discord.com"
	standardPermissions = "563276371053568"
)

// Where people see messages, and where pictures are.
const (
	site = "https://discord.com"
	cdn  = "https://cdn.discordapp.com"
)

// dedupe is for how long Discord surely knows a nonce: it says "the past few
// minutes".
const dedupe = 3 * time.Minute

// Provider implements social.Provider for the bot. It is safe for concurrent
// use and keeps nothing between calls.
type Provider struct {
	api
	cfg Config
}

// Webhook implements social.Provider for webhooks. It is safe for concurrent
// use and keeps nothing between calls.
type Webhook struct{ api }

var (
	_ social.Provider          = (*Provider)(nil)
	_ social.RedirectConnector = (*Provider)(nil)
	_ social.Chooser           = (*Provider)(nil)
	_ social.Limiter           = (*Provider)(nil)
	_ social.OptionLister      = (*Provider)(nil)
	_ social.Mentioner         = (*Provider)(nil)
	_ social.Finder            = (*Provider)(nil)
	_ social.Confirmer         = (*Provider)(nil)
	_ social.Editor            = (*Provider)(nil)
	_ social.Deleter           = (*Provider)(nil)
	_ social.Meter             = (*Provider)(nil)
	_ social.AccountMeter      = (*Provider)(nil)

	_ social.Provider      = (*Webhook)(nil)
	_ social.FormConnector = (*Webhook)(nil)
	_ social.Confirmer     = (*Webhook)(nil)
	_ social.Editor        = (*Webhook)(nil)
	_ social.Deleter       = (*Webhook)(nil)
)

// New returns the Provider for the bot, or every problem of cfg and deps at
// once. It needs the HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	or(&cfg.APIURL, standardAPI)
	or(&cfg.WebURL, standardWeb)
	or(&cfg.Permissions, standardPermissions)
	var errs []error
	if cfg.ClientID == "" || cfg.ClientSecret == "" || cfg.BotToken == "" {
		errs = append(errs, errors.New("discord: a client id, a client secret and a bot token are required"))
	}
	if strings.Trim(cfg.Permissions, "0123456789") != "" {
		errs = append(errs, fmt.Errorf("discord: Permissions %q is not a number", cfg.Permissions))
	}
	errs = append(errs, needs(deps, &cfg.APIURL, &cfg.WebURL)...)
	return &Provider{api: api{base: cfg.APIURL, deps: deps}, cfg: cfg}, errors.Join(errs...)
}

// NewWebhook returns the provider for webhooks, or every problem of cfg and deps
// at once. It needs the HTTP and Now of deps.
func NewWebhook(cfg WebhookConfig, deps social.Deps) (*Webhook, error) {
	or(&cfg.APIURL, standardAPI)
	errs := needs(deps, &cfg.APIURL)
	return &Webhook{api{base: cfg.APIURL, deps: deps}}, errors.Join(errs...)
}

func or(to *string, standard string) {
	if *to == "" {
		*to = standard
	}
}

// needs says what is missing for both, and cuts the slash off addresses.
func needs(deps social.Deps, bases ...*string) []error {
	var errs []error
	if deps.HTTP == nil {
		errs = append(errs, errors.New("discord: Deps.HTTP is required"))
	}
	if deps.Now == nil {
		errs = append(errs, errors.New("discord: Deps.Now is required"))
	}
	for _, base := range bases {
		if u, err := url.Parse(*base); err != nil || u.Host == "" {
			errs = append(errs, fmt.Errorf("discord: %q is not a web address", *base))
		}
		*base = strings.TrimRight(*base, "/")
	}
	return errs
}

// Descriptor implements social.Provider.
func (p *Provider) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: ID, Name: "Discord", DocsURL: "https://discord.com/developers/docs/resources/message",
		Markup: social.MarkupMarkdown, Scopes: scopes(), Limits: p.LimitsFor(nil), Settings: social.SchemaOf[Settings](), Dedupe: dedupe,
		// A bot may make 50 requests a second, and a publication takes up to three.
		AppLimits: []social.RateLimit{{Calls: 16, Per: time.Second}},
	}
}

// Descriptor implements social.Provider. A webhook cannot answer a message.
func (*Webhook) Descriptor() social.Descriptor {
	limits := limitsOf(standardFile)
	limits.Replies = 0
	return social.Descriptor{
		ID: WebhookID, Name: "Discord Webhook", DocsURL: "https://discord.com/developers/docs/resources/webhook",
		Markup: social.MarkupMarkdown, Limits: limits, Settings: social.SchemaOf[WebhookSettings](),
	}
}

// LimitsFor implements social.Limiter. A server that was boosted takes larger
// files: https://discord.com/developers/docs/reference#uploading-files.
func (*Provider) LimitsFor(tr social.Traits) social.Limits { return limitsOf(largestFile(tr)) }

// limitsOf are the limits where a file may have so many bytes. The text is
// measured in UTF-16, which is never less than what Discord counts.
func limitsOf(file int64) social.Limits {
	var types []social.MediaType
	for _, mime := range []string{
		"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4", "video/quicktime", "video/webm", "application/pdf",
	} {
		types = append(types, social.MediaType{MIME: mime, MaxBytes: file})
	}
	return social.Limits{
		Text: social.TextLimit{Max: maxText, Count: social.CountUTF16},
		Media: social.MediaLimit{
			Images: maxFiles, Videos: maxFiles, Documents: maxFiles, Max: maxFiles, Mixed: true, Types: types, Alt: maxAlt,
		},
		Replies: 30,
	}
}

// largestFile is how many bytes a file may have on a server.
func largestFile(tr social.Traits) int64 {
	switch tr[traitTier] {
	case "2":
		return 50 << 20
	case "3":
		return 100 << 20
	}
	return standardFile
}
