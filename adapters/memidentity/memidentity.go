// Package memidentity is a service that vouches for people, kept in memory. It
// is for tests and for demonstrations: nobody has to prove anything to it.
package memidentity

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"sync"

	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/identity"
)

// Config tunes a Service.
type Config struct {
	// ID and Name are those of the Descriptor; empty: "memory" and "Memory".
	ID, Name string
	// Issuer is that of the identities; empty: "https://" and ID and ".example".
	Issuer string
}

// Service implements identity.Provider.
type Service struct {
	cfg Config

	mu     sync.Mutex
	codes  map[string]grant
	broken error
}

var _ identity.Provider = (*Service)(nil)

// grant is a code that was not traded yet, and what it is bound to.
type grant struct {
	callback, nonce, challenge string
	who                        identity.Identity
}

// New returns a service that knows nobody yet, or an error if the ID cannot be
// one.
func New(cfg Config) (*Service, error) {
	cfg.ID, cfg.Name = cmp.Or(cfg.ID, "memory"), cmp.Or(cfg.Name, "Memory")
	if !identity.ValidID(cfg.ID) {
		return nil, fmt.Errorf("memidentity: %q cannot be an id", cfg.ID)
	}
	cfg.Issuer = cmp.Or(cfg.Issuer, "https://"+cfg.ID+".example")
	return &Service{cfg: cfg, codes: map[string]grant{}}, nil
}

// Descriptor implements identity.Provider.
func (s *Service) Descriptor() identity.Descriptor {
	return identity.Descriptor{ID: s.cfg.ID, Name: s.cfg.Name}
}

// Begin implements identity.Provider.
func (s *Service) Begin(ctx context.Context, r identity.Request) (string, error) {
	if err := s.away(ctx); err != nil {
		return "", err
	}
	q := url.Values{
		"response_type": {"code"}, "redirect_uri": {r.Callback}, "state": {r.State}, "nonce": {r.Nonce},
		"code_challenge": {challenge(r.Verifier)}, "code_challenge_method": {"S256"},
	}
	return s.cfg.Issuer + "/authorize?" + q.Encode(), nil
}

// Approve is the person at the service: it takes the address that Begin made,
// and returns the address that they are sent back to. The issuer of who is that
// of the service.
func (s *Service) Approve(address string, who identity.Identity) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("memidentity: %w", err)
	}
	q := u.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("code_challenge_method") != "S256" {
		return "", errors.New("memidentity: this address was not made by Begin")
	}
	code := rand.Text()
	who.Issuer = s.cfg.Issuer
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = grant{callback: q.Get("redirect_uri"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), who: who}
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {s.cfg.Issuer}}.Encode()
	return back.String(), nil
}

// Complete implements identity.Provider.
func (s *Service) Complete(ctx context.Context, r identity.Return) (identity.Identity, error) {
	if err := s.away(ctx); err != nil {
		return identity.Identity{}, err
	}
	s.mu.Lock()
	g, ok := s.codes[r.Code]
	delete(s.codes, r.Code)
	s.mu.Unlock()
	ok = ok && g.callback == r.Callback && same(g.nonce, r.Nonce) && same(g.challenge, challenge(r.Verifier)) &&
		(r.Issuer == "" || r.Issuer == s.cfg.Issuer)
	if !ok {
		return identity.Identity{}, fault.New(fault.Unauthenticated, "identity_invalid", "What %s sent does not prove who you are. Start again.", s.cfg.Name)
	}
	return g.who, nil
}

// Break has the service be out of reach with this cause, until Break(nil).
func (s *Service) Break(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = cause
}

func (s *Service) away(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmp.Or(ctx.Err(), s.broken); err != nil {
		return &fault.Error{
			Kind: fault.Unavailable, Code: "identity_unavailable", Err: err,
			Message: s.cfg.Name + " cannot be reached now. Try again later.",
		}
	}
	return nil
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
