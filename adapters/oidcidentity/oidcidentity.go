// Package oidcidentity lets people sign in at any service that speaks OpenID
// Connect: Keycloak, Authentik, Zitadel, Okta, Entra, Google and many more. It
// finds out by discovery how to talk to the service.
package oidcidentity

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
)

// GoogleIssuer is the issuer of Google accounts.
const GoogleIssuer = "https://accounts.google.com"

// Config says which service to use, and as which client of it.
type Config struct {
	// ID and Name are those of the Descriptor. Required.
	ID, Name string
	// Issuer is the address of the service, exactly as it calls itself. Required.
	Issuer string
	// ClientID and ClientSecret are what the service gave this installation.
	// Required.
	ClientID, ClientSecret string
	// HTTP makes all calls to the service. Required: a client that does not reach
	// where the operator does not want it to, such as that of guardhttp.
	HTTP *http.Client
	// Log is told why somebody was not signed in. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Provider implements identity.Provider.
type Provider struct {
	cfg Config
	// asking holds one value: who takes it may look at found and ask again.
	asking chan *service
}

var _ identity.Provider = (*Provider)(nil)

const (
	// discoveryLife is how long what was discovered is good.
	discoveryLife = 12 * time.Hour
	// leeway is how far the clocks of two servers may differ.
	leeway = time.Minute
)

// New returns a Provider, or an error that names everything that is wrong with
// cfg. It does not ask the service yet, which may be away.
func New(cfg Config) (*Provider, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, asking: make(chan *service, 1)}
	p.asking <- nil
	return p, nil
}

func (cfg Config) check() error {
	var errs []error
	if !identity.ValidID(cfg.ID) {
		errs = append(errs, fmt.Errorf("oidcidentity: Config.ID is %q; it may have small letters, digits and hyphens", cfg.ID))
	}
	for name, value := range map[string]string{"Name": cfg.Name, "ClientID": cfg.ClientID, "ClientSecret": cfg.ClientSecret} {
		if value == "" {
			errs = append(errs, fmt.Errorf("oidcidentity: Config.%s is required", name))
		}
	}
	if u, err := url.Parse(cfg.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		errs = append(errs, errors.New("oidcidentity: Config.Issuer must be an address such as https://accounts.example.org"))
	}
	if cfg.HTTP == nil {
		errs = append(errs, errors.New("oidcidentity: Config.HTTP is required"))
	}
	return errors.Join(errs...)
}

// Descriptor implements identity.Provider.
func (p *Provider) Descriptor() identity.Descriptor {
	return identity.Descriptor{ID: p.cfg.ID, Name: p.cfg.Name}
}

// Begin implements identity.Provider. It asks the service who it is, unless it
// did so lately.
func (p *Provider) Begin(ctx context.Context, r identity.Request) (string, error) {
	s, err := p.service(ctx)
	if err != nil {
		return "", err
	}
	return s.oauth(r.Callback).AuthCodeURL(r.State, oidc.Nonce(r.Nonce), oauth2.S256ChallengeOption(r.Verifier)), nil
}

// Complete implements identity.Provider.
func (p *Provider) Complete(ctx context.Context, r identity.Return) (identity.Identity, error) {
	s, err := p.service(ctx)
	if err != nil {
		return identity.Identity{}, err
	}
	if r.Code == "" {
		return identity.Identity{}, p.invalid(ctx, errors.New("there is no code"))
	}
	if r.Issuer != p.cfg.Issuer && (r.Issuer != "" || s.NamesIssuer) {
		return identity.Identity{}, p.invalid(ctx, fmt.Errorf("the answer is of the issuer %q", r.Issuer))
	}
	ctx = oidc.ClientContext(ctx, p.cfg.HTTP)
	tokens, err := s.oauth(r.Callback).Exchange(ctx, r.Code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		return identity.Identity{}, p.exchangeFault(ctx, err)
	}
	return p.identify(ctx, s, tokens, r.Nonce)
}

// identify reads who the tokens speak of.
func (p *Provider) identify(ctx context.Context, s *service, tokens *oauth2.Token, nonce string) (identity.Identity, error) {
	var c claims
	verified, err := p.verify(ctx, s, tokens, nonce, &c)
	if err != nil {
		return identity.Identity{}, p.invalid(ctx, err)
	}
	if c.Email == "" || c.Name == "" {
		if err := p.askUserInfo(ctx, s, tokens, verified.Subject, &c); err != nil {
			return identity.Identity{}, err
		}
	}
	return identity.Identity{
		Issuer: p.cfg.Issuer, Subject: verified.Subject, Email: c.Email, EmailVerified: c.Email != "" && bool(c.EmailVerified), Name: c.Name,
	}, nil
}

// verify checks all of the ID token that can be checked, and reads its claims
// into c.
func (p *Provider) verify(ctx context.Context, s *service, tokens *oauth2.Token, nonce string, c *claims) (*oidc.IDToken, error) {
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("there is no ID token")
	}
	verified, err := s.verifier.Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(nonce)) != 1 {
		return nil, errors.New("the nonce is another one")
	}
	if err := verified.Claims(c); err != nil {
		return nil, err
	}
	if verified.AccessTokenHash != "" {
		if err := verified.VerifyAccessToken(tokens.AccessToken); err != nil {
			return nil, err
		}
	}
	return verified, c.check(verified, p.cfg.ClientID)
}

// claims are what is read beside what package oidc reads.
type claims struct {
	AuthorizedParty string `json:"azp"`
	Email           string `json:"email"`
	EmailVerified   truth  `json:"email_verified"`
	Name            string `json:"name"`
}

// check looks at the claims of an ID token that package oidc does not judge.
func (c claims) check(t *oidc.IDToken, client string) error {
	switch {
	case t.Subject == "":
		return errors.New("the subject is missing")
	case c.AuthorizedParty != "" && c.AuthorizedParty != client:
		return fmt.Errorf("the token is for the party %q", c.AuthorizedParty)
	case len(t.Audience) > 1 && c.AuthorizedParty == "":
		return errors.New("the token has several audiences, and names no party")
	}
	return nil
}

// askUserInfo fills in what the ID token leaves out: many services tell the
// address there only.
func (p *Provider) askUserInfo(ctx context.Context, s *service, tokens *oauth2.Token, subject string, c *claims) error {
	if s.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := s.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return p.unavailable(err)
	}
	var more claims
	if err := info.Claims(&more); err != nil {
		return p.invalid(ctx, err)
	}
	if info.Subject != subject {
		return p.invalid(ctx, errors.New("the user info is of another subject"))
	}
	if c.Email == "" {
		// The proof belongs to the address that it comes with.
		c.Email, c.EmailVerified = more.Email, more.EmailVerified
	}
	if c.Name == "" {
		c.Name = more.Name
	}
	return nil
}

// truth is a truth value that some services write as a text.
type truth bool

// UnmarshalJSON implements json.Unmarshaler. What is neither is not true.
func (t *truth) UnmarshalJSON(b []byte) error {
	*t = string(b) == "true" || string(b) == `"true"`
	return nil
}

var _ json.Unmarshaler = (*truth)(nil)

// exchangeFault says what it means that a code was not traded.
func (p *Provider) exchangeFault(ctx context.Context, err error) error {
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if ok && refused.ErrorCode == "invalid_grant" {
		return p.invalid(ctx, fmt.Errorf("the code was refused: %s", refused.ErrorCode))
	}
	if ok {
		// What else it says may hold the request.
		err = fmt.Errorf("the token endpoint answered %d %s", refused.Response.StatusCode, refused.ErrorCode)
	}
	return p.unavailable(err)
}

func (p *Provider) invalid(ctx context.Context, cause error) error {
	p.cfg.Log.WarnContext(ctx, "the answer of a sign-in service proves nothing", "service", p.cfg.ID, "cause", cause)
	return &fault.Error{
		Kind: fault.Unauthenticated, Code: "identity_invalid", Err: cause,
		Message: fmt.Sprintf("What %s sent does not prove who you are. Start again.", p.cfg.Name),
	}
}

func (p *Provider) unavailable(cause error) error {
	return &fault.Error{
		Kind: fault.Unavailable, Code: "identity_unavailable", Err: cause,
		Message: p.cfg.Name + " cannot be asked now. Try again later.",
	}
}
