package account

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/token"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/store"
)

const (
	// identityLife is how long a person may take at a service.
	identityLife = 10 * time.Minute
	// exchangeLife is how long a program may take to fetch what was proven.
	exchangeLife = 2 * time.Minute
	// identityTimeout bounds what we ask a service at a time.
	identityTimeout = 20 * time.Second
)

// IdentityStart is a sign-in at a service that is to begin.
type IdentityStart struct {
	// Callback is the address that the service sends the person back to.
	Callback string
	// Return says where the person goes on in the end. It is opaque here, and
	// comes back in IdentityFinished.
	Return string
}

// IdentityStarted is a sign-in at a service that is under way.
type IdentityStarted struct {
	// URL is where to send the person.
	URL string
	// Browser is a secret for the browser in which it began to keep. Without it
	// nobody can finish, so that nobody can have somebody else finish a sign-in
	// of their own.
	Browser   string
	ExpiresAt time.Time
}

// IdentityReturn is a person who came back from a service.
type IdentityReturn struct {
	// Browser is the secret that their browser kept.
	Browser string
	// State, Code, Issuer and Error are the parameters state, code, iss and error
	// that the service sent along.
	State, Code, Issuer, Error string
}

// IdentityFinished is what came of a sign-in at a service.
type IdentityFinished struct {
	// Return is that of IdentityStart. It is known with most errors, too.
	Return string
	// Code fetches the sign-in: see ExchangeIdentity. It is empty where an
	// identity was linked.
	Code string
	// ExpiresAt is when Code ends.
	ExpiresAt time.Time
	// Linked is the identity that was linked, if that was what was begun.
	Linked *domain.Identity
}

// away is what is sealed while the person is at the service; its names never
// change.
type away struct {
	Callback string `json:"callback"`
	Return   string `json:"return,omitempty"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Browser is the hash of the browser's secret.
	Browser string `json:"browser"`
	// User is who links an identity; empty where somebody signs in.
	User domain.UserID `json:"user,omitempty"`
}

// IdentityProviders lists the services at which people may prove who they are.
func (s *Service) IdentityProviders() []identity.Descriptor {
	out := make([]identity.Descriptor, len(s.cfg.Identities))
	for i, p := range s.cfg.Identities {
		out[i] = p.Descriptor()
	}
	return out
}

func (s *Service) identityProvider(id string) (identity.Provider, error) {
	for _, p := range s.cfg.Identities {
		if p.Descriptor().ID == id {
			return p, nil
		}
	}
	return nil, fault.New(fault.NotFound, "identity_provider_not_found", "This way to sign in is not set up here.")
}

// BeginIdentity starts a sign-in at a service. Errors: NotFound if there is no
// such service, and those of identity.Provider.
func (s *Service) BeginIdentity(ctx context.Context, provider string, in IdentityStart) (IdentityStarted, error) {
	return s.begin(ctx, provider, in, "")
}

// BeginLink starts to link an identity at a service to the person who asks, so
// that they can sign in with it.
func (s *Service) BeginLink(ctx context.Context, a domain.Actor, provider string, in IdentityStart) (IdentityStarted, error) {
	if err := person(a); err != nil {
		return IdentityStarted{}, err
	}
	return s.begin(ctx, provider, in, a.User)
}

func (s *Service) begin(ctx context.Context, provider string, in IdentityStart, user domain.UserID) (IdentityStarted, error) {
	if err := s.ready(); err != nil {
		return IdentityStarted{}, err
	}
	p, err := s.identityProvider(provider)
	if err != nil {
		return IdentityStarted{}, err
	}
	state, stateHash := token.New()
	browser, browserHash := token.New()
	nonce, _ := token.New()
	verifier, _ := token.New()
	call, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	to, err := p.Begin(call, identity.Request{Callback: in.Callback, State: state, Nonce: nonce, Verifier: verifier})
	if err != nil {
		return IdentityStarted{}, fmt.Errorf("begin sign-in with %s: %w", provider, err)
	}
	kept := away{Callback: in.Callback, Return: in.Return, Nonce: nonce, Verifier: verifier, Browser: browserHash, User: user}
	t := s.newToken(stateHash, domain.TokenIdentity, provider, identityLife)
	if t.Bound, err = s.sealAway(ctx, kept, stateHash); err != nil {
		return IdentityStarted{}, err
	}
	if err := s.keep(ctx, t); err != nil {
		return IdentityStarted{}, fmt.Errorf("begin sign-in with %s: %w", provider, err)
	}
	return IdentityStarted{URL: to, Browser: browser, ExpiresAt: t.ExpiresAt}, nil
}

func (s *Service) newToken(hash string, purpose domain.TokenPurpose, subject string, life time.Duration) domain.Token {
	now := domain.Instant(s.cfg.Now())
	return domain.Token{Hash: hash, Purpose: purpose, Subject: subject, CreatedAt: now, ExpiresAt: now.Add(life)}
}

// keep stores a token, and forgets those that ended.
func (s *Service) keep(ctx context.Context, t domain.Token) error {
	return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := r.Tokens().Purge(ctx, t.CreatedAt); err != nil {
			return err
		}
		return r.Tokens().Insert(ctx, t)
	})
}

func (s *Service) sealAway(ctx context.Context, kept away, stateHash string) (string, error) {
	raw, err := json.Marshal(kept)
	if err != nil {
		return "", fmt.Errorf("seal sign-in: %w", err)
	}
	text, err := s.cfg.Sealer.Seal(ctx, raw, "identity/"+stateHash)
	if err != nil {
		return "", fmt.Errorf("seal sign-in: %w", err)
	}
	return text, nil
}

// takeAway returns what was kept of a sign-in at provider, once.
func (s *Service) takeAway(ctx context.Context, provider, state string) (away, error) {
	hash := token.Hash(state)
	t, err := s.cfg.Store.Tokens().Take(ctx, hash, domain.TokenIdentity, domain.Instant(s.cfg.Now()))
	if errors.Is(err, fault.ErrNotFound) || err == nil && t.Subject != provider {
		return away{}, identityEnded()
	}
	if err != nil {
		return away{}, err
	}
	raw, err := s.cfg.Sealer.Open(ctx, t.Bound, "identity/"+hash)
	if err != nil {
		return away{}, err
	}
	var kept away
	return kept, json.Unmarshal(raw, &kept)
}

// FinishIdentity takes in a person who came back from a service: it works once,
// in the browser in which it began, and only for some minutes. A person whom
// nobody knows yet is registered, if somebody may register now. Errors beside
// those of identity.Provider:
//
//   - Invalid "sign_in_ended": it was finished already, took too long, or was
//     begun in another browser or at another service.
//   - Denied "identity_denied": the person said no at the service.
//   - Conflict "link_required": there is an account with the same e-mail address.
//     Its owner signs in and links the identity; nobody gets in by address alone.
//   - Conflict "identity_taken": it is linked to somebody else.
//   - Denied "email_missing", "email_unverified", "registration_closed".
func (s *Service) FinishIdentity(ctx context.Context, provider string, in IdentityReturn) (IdentityFinished, error) {
	p, err := s.identityProvider(provider)
	if err != nil {
		return IdentityFinished{}, err
	}
	kept, err := s.takeAway(ctx, provider, in.State)
	if err != nil {
		return IdentityFinished{}, fmt.Errorf("finish sign-in with %s: %w", provider, err)
	}
	out := IdentityFinished{Return: kept.Return}
	if !sameBrowser(kept.Browser, in.Browser) {
		return IdentityFinished{}, identityEnded()
	}
	who, err := s.identify(ctx, p, kept, in)
	if err != nil {
		return out, fmt.Errorf("finish sign-in with %s: %w", provider, err)
	}
	if kept.User != "" {
		out.Linked, err = s.link(ctx, p.Descriptor(), kept.User, who)
		return out, err
	}
	user, err := s.personOf(ctx, p.Descriptor(), who)
	if err != nil {
		return out, err
	}
	code, hash := token.New()
	t := s.newToken(hash, domain.TokenExchange, string(user), exchangeLife)
	t.Bound = kept.Browser
	if err := s.keep(ctx, t); err != nil {
		return out, fmt.Errorf("finish sign-in with %s: %w", provider, err)
	}
	out.Code, out.ExpiresAt = code, t.ExpiresAt
	return out, nil
}

// identify asks the service who came back.
func (s *Service) identify(ctx context.Context, p identity.Provider, kept away, in IdentityReturn) (identity.Identity, error) {
	if in.Error != "" {
		return identity.Identity{}, refusal(p.Descriptor(), in.Error)
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	who, err := p.Complete(ctx, identity.Return{
		Callback: kept.Callback, Nonce: kept.Nonce, Verifier: kept.Verifier, Code: in.Code, Issuer: in.Issuer,
	})
	if err == nil && (who.Issuer == "" || who.Subject == "") {
		err = fmt.Errorf("%s vouches for nobody", p.Descriptor().ID)
	}
	return who, err
}

// ExchangeIdentity trades the code of FinishIdentity for the sign-in, once and
// in the same browser. Errors: Invalid "sign_in_ended". Who has a second factor
// gets a *Challenge as the error, as from Login.
func (s *Service) ExchangeIdentity(ctx context.Context, code, browser string, from Origin) (SignedIn, error) {
	t, err := s.cfg.Store.Tokens().Take(ctx, token.Hash(code), domain.TokenExchange, domain.Instant(s.cfg.Now()))
	if errors.Is(err, fault.ErrNotFound) || err == nil && !sameBrowser(t.Bound, browser) {
		return SignedIn{}, identityEnded()
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("exchange sign-in: %w", err)
	}
	user, err := s.cfg.Store.Users().Get(ctx, domain.UserID(t.Subject))
	if errors.Is(err, fault.ErrNotFound) {
		return SignedIn{}, identityEnded()
	}
	if err != nil {
		return SignedIn{}, fmt.Errorf("exchange sign-in: %w", err)
	}
	if err := s.challenge(ctx, user); err != nil {
		return SignedIn{}, err
	}
	return s.admitNow(ctx, user, from)
}

// sameBrowser reports whether secret is the one that hash was made from.
func sameBrowser(hash, secret string) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(token.Hash(secret))) == 1
}

func identityEnded() error {
	return fault.New(fault.Invalid, "sign_in_ended", "This sign-in was finished already, took too long, or was begun in another browser. Start again.")
}

// refusal words the error that a service sent the person back with.
func refusal(d identity.Descriptor, code string) error {
	switch code {
	case "access_denied":
		return fault.New(fault.Denied, "identity_denied", "You did not allow %s to say who you are. Start again if that was a mistake.", d.Name)
	case "server_error", "temporarily_unavailable":
		return fault.New(fault.Unavailable, "identity_unavailable", "%s cannot sign anybody in now. Try again later.", d.Name)
	}
	if len(code) > 64 || strings.Trim(code, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		code = "unknown"
	}
	return fault.New(fault.Unavailable, "identity_unavailable",
		"%s did not sign you in (%s). Whoever runs this installation should check how it is set up there.", d.Name, code)
}
