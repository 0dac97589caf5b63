// Package ntfy publishes to topics of ntfy (https://ntfy.sh), a service that
// pushes messages to phones. It is an example of a provider that lives in a
// module of its own: it imports Crier's public packages alone, and passes the
// same kit as the providers of the repository.
//
//	topic, err := ntfy.New(ntfy.Config{}, deps)
//	engine, err := core.New(core.Config{Providers: []social.Provider{topic}, …})
package ntfy

import (
	"context"
	"encoding/json"
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
const ID domain.ProviderID = "ntfy"

// Config is what an operator may set.
type Config struct {
	// Server is for people who name none. Default: https://ntfy.sh.
	Server string `env:"NTFY_SERVER" default:"https://ntfy.sh" doc:"Server of people who name none."`
}

// Provider implements social.Provider for ntfy. It is safe for concurrent use.
type Provider struct {
	cfg  Config
	deps social.Deps
}

var (
	_ social.Provider      = (*Provider)(nil)
	_ social.FormConnector = (*Provider)(nil)
)

// New returns a Provider, or every problem of cfg and deps at once. It needs the
// HTTP and Now of deps.
func New(cfg Config, deps social.Deps) (*Provider, error) {
	var errs []error
	if deps.HTTP == nil {
		errs = append(errs, errors.New("ntfy: Deps.HTTP is required"))
	}
	if deps.Now == nil {
		errs = append(errs, errors.New("ntfy: Deps.Now is required"))
	}
	if cfg.Server == "" {
		cfg.Server = "https://ntfy.sh"
	}
	return &Provider{cfg: cfg, deps: deps}, errors.Join(errs...)
}

// Settings are the choices that an author has for one message.
type Settings struct {
	Title    string `json:"title,omitempty" maxLength:"250" doc:"What is shown above the message."`
	Priority string `json:"priority,omitempty" enum:"min,low,default,high,max" doc:"How much it disturbs people."`
}

// Descriptor implements social.Provider.
func (*Provider) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: ID, Name: "ntfy", DocsURL: "https://docs.ntfy.sh/publish/", Markup: social.MarkupPlain,
		// https://docs.ntfy.sh/publish/#limitations
		Limits:   social.Limits{Text: social.TextLimit{Max: 4096, Count: social.CountBytes}},
		Settings: social.SchemaOf[Settings](),
	}
}

// Validate implements social.Provider: its Limits say all.
func (*Provider) Validate(social.Item, social.Traits) []social.Problem { return nil }

// form is what a person types in.
type form struct {
	Topic  string `json:"topic" required:"true" pattern:"[-_A-Za-z0-9]{1,64}" doc:"The topic: letters, digits, dashes and underscores."`
	Server string `json:"server,omitempty" maxLength:"300" doc:"Your server, such as https://ntfy.example.org. Empty: the usual one."`
	Token  string `json:"token,omitempty" secret:"true" doc:"An access token, if the topic needs one to publish."`
}

// ConnectForm implements social.FormConnector.
func (*Provider) ConnectForm() social.Schema { return social.SchemaOf[form]() }

// traitServer is where the server of an account is kept.
const traitServer = "server"

// ConnectWith implements social.FormConnector.
func (p *Provider) ConnectWith(ctx context.Context, v social.Values) (social.Connection, error) {
	server := strings.TrimRight(v["server"], "/")
	if server == "" {
		server = p.cfg.Server
	}
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return social.Connection{}, social.Errorf(social.CodeRejected, "The server must be a web address, such as https://ntfy.sh.")
	}
	topic := v["topic"]
	// https://docs.ntfy.sh/subscribe/api/#authentication
	api := p.api(server)
	if _, err := api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/" + topic + "/auth", Bearer: v["token"]}); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: u.Host + "/" + topic, Name: topic, URL: server + "/" + topic,
		Traits: social.Traits{traitServer: server}, Credential: social.Credential{Access: v["token"]},
	}, nil
}

// message is a message in ntfy's words: https://docs.ntfy.sh/publish/#publish-as-json
type message struct {
	ID       string `json:"id,omitempty"`
	Topic    string `json:"topic"`
	Message  string `json:"message"`
	Title    string `json:"title,omitempty"`
	Priority int    `json:"priority,omitempty"`
}

// Publish implements social.Provider. ntfy has no key by which a message could be
// told from the same one sent again, so a lost answer is for a person to clear up.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	_, topic, _ := strings.Cut(t.Account, "/")
	var out message
	api := p.api(t.Traits[traitServer])
	_, err = api.Do(ctx, rest.Request{
		Method: http.MethodPost, Path: "/", Bearer: t.Credential.Access, Out: &out,
		JSON: message{Topic: topic, Message: it.Text, Title: set.Title, Priority: priorities()[set.Priority]},
	})
	if err != nil {
		return social.Outcome{}, err
	}
	if out.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The server did not say what became of the message.")
	}
	return social.Published(social.Ref{ID: out.ID, URL: t.Traits[traitServer] + "/" + topic}), nil
}

// priorities are the numbers of https://docs.ntfy.sh/publish/#message-priority.
func priorities() map[string]int {
	return map[string]int{"min": 1, "low": 2, "default": 3, "high": 4, "max": 5}
}

func (p *Provider) api(server string) rest.Client {
	return rest.Client{HTTP: p.deps.HTTP, Base: server, Classify: classify, Now: p.deps.Now, Rates: social.ScopeAccount}
}

// classify reads ntfy's error codes: https://docs.ntfy.sh/publish/#limitations.
func classify(_ int, body []byte) *social.Error {
	var e struct {
		Code  int    `json:"code"`
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // What is no JSON has no code either.
	switch e.Code {
	case 40101, 40301:
		return social.Errorf(social.CodeAuthRevoked, "This token may not publish to the topic.")
	case 42901:
		return social.Errorf(social.CodeRateLimited, "The server asks us to slow down.")
	case 42908: // the messages of a day
		return social.Errorf(social.CodeQuota, "The server takes no more messages today.")
	case 0:
		return nil
	default:
		return social.Errorf(social.CodeRejected, "The server refused the message: %s", fmt.Sprintf("%.100s.", e.Error))
	}
}
