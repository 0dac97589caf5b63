// Package githubidentity lets people sign in with their GitHub account. GitHub
// speaks OAuth 2 without OpenID Connect, so who somebody is comes from its API:
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
package githubidentity

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"golang.org/x/oauth2"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
)

// Config says as which OAuth app to speak to GitHub.
type Config struct {
	// ClientID and ClientSecret are those of the OAuth app. Required.
	ClientID, ClientSecret string
	// HTTP makes all calls. Required: such as the client of guardhttp.
	HTTP *http.Client
	// Log is told why somebody was not signed in. Default: nothing is logged.
	Log *slog.Logger
	// WebURL and APIURL are where GitHub is, without a slash at the end. Empty:
	// https://github.com and https://api.github.com. The first one is the issuer
	// of the identities.
	WebURL, APIURL string
}

// Provider implements identity.Provider. GitHub signs no nonce: the code is
// bound to the sign-in by the verifier of RFC 7636 alone.
type Provider struct {
	cfg   Config
	oauth oauth2.Config
}

var _ identity.Provider = (*Provider)(nil)

const (
	id   = "github"
	name = "GitHub"
	// apiVersion is the version of the API that this package was written for.
	apiVersion = "2022-11-28"
)

// New returns a Provider, or an error that names everything that is wrong with
// cfg.
func New(cfg Config) (*Provider, error) {
	var errs []error
	for field, value := range map[string]string{"ClientID": cfg.ClientID, "ClientSecret": cfg.ClientSecret} {
		if value == "" {
			errs = append(errs, fmt.Errorf("githubidentity: Config.%s is required", field))
		}
	}
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("githubidentity: Config.HTTP is required"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.WebURL, cfg.APIURL = cmp.Or(cfg.WebURL, "https://github.com"), cmp.Or(cfg.APIURL, "https://api.github.com")
	return &Provider{cfg: cfg, oauth: oauth2.Config{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
		Endpoint: oauth2.Endpoint{
			AuthURL: cfg.WebURL + "/login/oauth/authorize", TokenURL: cfg.WebURL + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
		// The least that tells who somebody is, and which addresses are theirs.
		Scopes: []string{"read:user", "user:email"},
	}}, nil
}

// Descriptor implements identity.Provider.
func (p *Provider) Descriptor() identity.Descriptor { return identity.Descriptor{ID: id, Name: name} }

// Begin implements identity.Provider.
func (p *Provider) Begin(_ context.Context, r identity.Request) (string, error) {
	return p.at(r.Callback).AuthCodeURL(r.State, oauth2.S256ChallengeOption(r.Verifier)), nil
}

func (p *Provider) at(callback string) *oauth2.Config {
	c := p.oauth
	c.RedirectURL = callback
	return &c
}

// user is an account of GitHub, as GET /user tells it. Its login and its name
// can change, and a login can be given to somebody else; the number cannot.
type user struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
	Name  string `json:"name"`
}

// address is one of GET /user/emails.
type address struct {
	Email    string `json:"email"`
	Primary  bool   `json:"primary"`
	Verified bool   `json:"verified"`
}

// Complete implements identity.Provider. It does not look at the issuer of the
// answer: the address to come back to is that of GitHub alone.
func (p *Provider) Complete(ctx context.Context, r identity.Return) (identity.Identity, error) {
	if r.Code == "" {
		return identity.Identity{}, p.invalid(ctx, errors.New("there is no code"))
	}
	tokens, err := p.at(r.Callback).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.cfg.HTTP), r.Code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		return identity.Identity{}, p.exchangeFault(ctx, err)
	}
	var who user
	if err := p.get(ctx, tokens, "/user", &who); err != nil {
		return identity.Identity{}, unavailable(err)
	}
	var addresses []address
	// 100 is the most that one page has.
	if err := p.get(ctx, tokens, "/user/emails?per_page=100", &addresses); err != nil {
		return identity.Identity{}, unavailable(err)
	}
	if who.ID <= 0 {
		return identity.Identity{}, p.invalid(ctx, errors.New("the account has no number"))
	}
	out := identity.Identity{Issuer: p.cfg.WebURL, Subject: strconv.FormatInt(who.ID, 10), Name: cmp.Or(who.Name, who.Login)}
	for _, a := range addresses {
		if a.Primary {
			out.Email, out.EmailVerified = a.Email, a.Verified
		}
	}
	return out, nil
}

// get reads one address of the API.
func (p *Provider) get(ctx context.Context, tokens *oauth2.Token, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.cfg.APIURL+path, nil)
	if err != nil {
		return err
	}
	tokens.SetAuthHeader(req)
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("X-GitHub-Api-Version", apiVersion)
	res, err := p.cfg.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		u, _ := url.Parse(path)
		return fmt.Errorf("GET %s answered %d", u.Path, res.StatusCode)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// exchangeFault says what it means that a code was not traded. GitHub says so
// with status 200 and a word.
func (p *Provider) exchangeFault(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return unavailable(err)
	}
	cause := fmt.Errorf("the token endpoint answered %d %s", refused.Response.StatusCode, refused.ErrorCode)
	if refused.ErrorCode == "bad_verification_code" {
		return p.invalid(ctx, cause)
	}
	return unavailable(cause)
}

func (p *Provider) invalid(ctx context.Context, cause error) error {
	p.cfg.Log.WarnContext(ctx, "the answer of a sign-in service proves nothing", "service", id, "cause", cause)
	return &fault.Error{
		Kind: fault.Unauthenticated, Code: "identity_invalid", Err: cause,
		Message: "What " + name + " sent does not prove who you are. Start again.",
	}
}

func unavailable(cause error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Code: "identity_unavailable", Err: cause,
		Message: name + " cannot be asked now. Try again later.",
	}
}
