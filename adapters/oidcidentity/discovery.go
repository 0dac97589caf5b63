package oidcidentity

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// service is what was discovered of a service.
type service struct {
	metadata
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	cfg      Config
	askedAt  time.Time
}

// metadata is what is read beside what package oidc reads.
type metadata struct {
	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	KeysURL     string   `json:"jwks_uri"`
	UserInfoURL string   `json:"userinfo_endpoint"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	// NamesIssuer says that every answer tells who it is of (RFC 9207).
	NamesIssuer bool `json:"authorization_response_iss_parameter_supported"`
}

// Discover asks the service who it is, unless it did so lately. It need not be
// called: it lets an operator know early that a service cannot be used.
func (p *Provider) Discover(ctx context.Context) error {
	_, err := p.service(ctx)
	return err
}

// service returns what is known of the service. One caller at a time asks it;
// what is known already outlives that it is away.
func (p *Provider) service(ctx context.Context) (*service, error) {
	var s *service
	select {
	case s = <-p.asking:
	case <-ctx.Done():
		return nil, p.unavailable(ctx.Err())
	}
	defer func() { p.asking <- s }()
	now := p.cfg.Now()
	if s != nil && now.Sub(s.askedAt) < discoveryLife {
		return s, nil
	}
	found, err := p.discover(ctx)
	if err == nil {
		found.askedAt = now
		s = found
		return s, nil
	}
	if s == nil {
		return nil, p.unavailable(err)
	}
	p.cfg.Log.WarnContext(ctx, "a sign-in service does not say who it is; what it said last goes on", "service", p.cfg.ID, "cause", err)
	return s, nil
}

func (p *Provider) discover(ctx context.Context) (*service, error) {
	ctx = oidc.ClientContext(ctx, p.cfg.HTTP)
	provider, err := oidc.NewProvider(ctx, p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	s := &service{provider: provider, cfg: p.cfg}
	if err := provider.Claims(&s.metadata); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	if err := s.check(p.cfg.Issuer); err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	s.verifier = provider.VerifierContext(ctx, &oidc.Config{
		ClientID: p.cfg.ClientID,
		// A token that has just expired by our clock is good by theirs.
		Now: func() time.Time { return p.cfg.Now().Add(-leeway) },
	})
	return s, nil
}

// check refuses a service that would have secrets travel less safely than its
// own address promises.
func (m metadata) check(issuer string) error {
	for name, address := range map[string]string{
		"authorization_endpoint": m.AuthURL, "token_endpoint": m.TokenURL, "jwks_uri": m.KeysURL, "userinfo_endpoint": m.UserInfoURL,
	} {
		if address == "" && name == "userinfo_endpoint" {
			continue
		}
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !strings.HasPrefix(issuer, "http:")) {
			return fmt.Errorf("the %s is %q, which is no https address", name, address)
		}
	}
	return nil
}

// oauth is the OAuth 2 side of the service.
func (s *service) oauth(callback string) *oauth2.Config {
	e := s.provider.Endpoint()
	// HTTP Basic is what services must take that say nothing.
	e.AuthStyle = oauth2.AuthStyleInHeader
	if len(s.AuthMethods) > 0 && !slices.Contains(s.AuthMethods, "client_secret_basic") {
		e.AuthStyle = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: s.cfg.ClientID, ClientSecret: s.cfg.ClientSecret, Endpoint: e, RedirectURL: callback,
		Scopes: []string{oidc.ScopeOpenID, oidc.ScopeProfile, oidc.ScopeEmail},
	}
}
