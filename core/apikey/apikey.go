// Package apikey is keys by which programs act for the person who made them, in
// one organization. A key may do what its scope says and its maker still may,
// whichever is less; once the maker has left the organization it may do nothing,
// until somebody else rotates it and so becomes its maker.
package apikey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const (
	maxName     = 128 // in characters
	maxChannels = 200
	// usedEvery is how often the last use of a key is written down at most. It is
	// looked at whenever the key is read from the store.
	usedEvery = time.Minute
)

// resource is what the audit log calls a key.
const resource = "api_key"

// Config is what the service needs. All fields are required.
type Config struct {
	Store  store.Store
	Access *access.Checker
	Audit  *audit.Log
	Recall *recall.Memory
	Log    *slog.Logger
	Now    func() time.Time
	NewID  func() string
}

// Service makes, ends and recognizes API keys. Only people manage keys: no key
// makes another one.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Input is what a person wants of a key.
type Input struct {
	// Name tells people what the key is for. Required, at most 128 characters.
	Name  string
	Scope domain.Scope
	// Channels narrows what the key sees and does to these channels; empty: all.
	Channels []domain.ChannelID
	// ExpiresAt is when it ends by itself. Zero: never.
	ExpiresAt time.Time
}

// Made is a key with its secret, which is shown this once and kept nowhere.
type Made struct {
	Key    domain.APIKey
	Secret string
}

// Create makes a key that acts for the actor. Errors: Invalid with all problems;
// Denied if the actor may not do themselves what the key would.
func (s *Service) Create(ctx context.Context, a domain.Actor, in Input) (Made, error) {
	if err := s.cfg.Access.Check(a, permit.APIKeys, permit.Create); err != nil {
		return Made{}, err
	}
	in.Name = strings.TrimSpace(in.Name)
	now := domain.Instant(s.cfg.Now())
	if err := fault.Check(in.problems(now)); err != nil {
		return Made{}, err
	}
	if err := mayLend(a, in.Scope); err != nil {
		return Made{}, err
	}
	secret := newSecret()
	k := domain.APIKey{
		ID: domain.APIKeyID(s.cfg.NewID()), Organization: a.Organization, Name: in.Name, Hash: hashOf(secret), Hint: secret[:hintLength],
		Scope: in.Scope, Channels: slices.Compact(slices.Sorted(slices.Values(in.Channels))), Maker: a.User,
		CreatedAt: now, ExpiresAt: domain.Instant(in.ExpiresAt), Version: 1,
	}
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if err := in.checkChannels(ctx, r, a.Organization); err != nil {
			return err
		}
		if err := r.APIKeys().Insert(ctx, a.Organization, k); err != nil {
			return err
		}
		return s.cfg.Audit.Append(ctx, r, a, entry("api_key.created", k))
	})
	if err != nil {
		return Made{}, fmt.Errorf("create API key: %w", err)
	}
	return Made{Key: k, Secret: secret}, nil
}

// List returns the keys of the actor's organization that were not revoked, the
// newest first.
func (s *Service) List(ctx context.Context, a domain.Actor, p store.Page) ([]domain.APIKey, error) {
	if err := s.cfg.Access.Check(a, permit.APIKeys, permit.Read); err != nil {
		return nil, err
	}
	out, err := s.cfg.Store.APIKeys().List(ctx, a.Organization, p)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	return out, nil
}

// Revoke ends a key at once and for good. One that is not there, or has been
// revoked, is NotFound.
func (s *Service) Revoke(ctx context.Context, a domain.Actor, id domain.APIKeyID) error {
	if err := s.cfg.Access.Check(a, permit.APIKeys, permit.Delete); err != nil {
		return err
	}
	_, err := s.change(ctx, a, id, "api_key.revoked", func(k *domain.APIKey) error {
		k.RevokedAt = domain.Instant(s.cfg.Now())
		return nil
	})
	return err
}

// Rotate gives a key a new secret; the old one is worth nothing from now on. The
// actor becomes its maker. Errors: Denied if the actor may not do themselves
// what the key would; Conflict "key_expired".
func (s *Service) Rotate(ctx context.Context, a domain.Actor, id domain.APIKeyID) (Made, error) {
	if err := s.cfg.Access.Check(a, permit.APIKeys, permit.Update); err != nil {
		return Made{}, err
	}
	secret, now := newSecret(), domain.Instant(s.cfg.Now())
	k, err := s.change(ctx, a, id, "api_key.rotated", func(k *domain.APIKey) error {
		if !k.Live(now) {
			return fault.New(fault.Conflict, "key_expired", "This API key has expired. Make a new one.")
		}
		if err := mayLend(a, k.Scope); err != nil {
			return err
		}
		k.Hash, k.Hint, k.Maker, k.RotatedAt = hashOf(secret), secret[:hintLength], a.User, now
		return nil
	})
	return Made{Key: k, Secret: secret}, err
}

// change changes a key that was not revoked, and says so in the audit log. Nothing
// remembers the key from before.
func (s *Service) change(ctx context.Context, a domain.Actor, id domain.APIKeyID, action string, do func(*domain.APIKey) error) (domain.APIKey, error) {
	var out domain.APIKey
	err := s.cfg.Recall.Change(ctx, func(ctx context.Context) error {
		return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
			out, err = s.changeIn(ctx, r, a, id, action, do)
			return err
		})
	}, recall.OfOrganization(a.Organization))
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return domain.APIKey{}, fault.New(fault.NotFound, "api_key_not_found", "There is no such API key.")
	case err != nil:
		return domain.APIKey{}, fmt.Errorf("API key %s: %w", id, err)
	}
	return out, nil
}

func (s *Service) changeIn(ctx context.Context, r store.Repos, a domain.Actor, id domain.APIKeyID, action string, do func(*domain.APIKey) error) (domain.APIKey, error) {
	out, err := r.APIKeys().Update(ctx, a.Organization, id, func(k *domain.APIKey) error {
		if !k.RevokedAt.IsZero() {
			return fault.ErrNotFound
		}
		return do(k)
	})
	if err != nil {
		return out, err
	}
	return out, s.cfg.Audit.Append(ctx, r, a, entry(action, out))
}

// mayLend refuses to give away more than the actor has.
func mayLend(a domain.Actor, scope domain.Scope) error {
	if role := roleOf(scope); lesser(role, a.Role) != role {
		return fault.New(fault.Denied, "scope_exceeds_role", "Your role does not allow what a key of this scope may do.")
	}
	return nil
}

// roles are the rights of each scope: those of a role.
var roles = map[domain.Scope]domain.Role{
	domain.ScopeRead: domain.RoleViewer, domain.ScopeWrite: domain.RoleUser, domain.ScopeAdmin: domain.RoleAdmin,
}

func roleOf(scope domain.Scope) domain.Role { return roles[scope] }

// lesser returns the role that may do less. What is no role may do nothing.
func lesser(a, b domain.Role) domain.Role {
	order := []domain.Role{domain.RoleViewer, domain.RoleUser, domain.RoleAdmin, domain.RoleOwner}
	i, j := slices.Index(order, a), slices.Index(order, b)
	if i < 0 || j < 0 {
		return ""
	}
	return order[min(i, j)]
}

func (in Input) problems(now time.Time) []fault.Problem {
	var out []fault.Problem
	add := func(field, rule, message string) {
		out = append(out, fault.Problem{Field: field, Rule: rule, Message: message})
	}
	switch n := utf8.RuneCountInString(in.Name); {
	case n == 0:
		add("name", "required", "Say what the key is for.")
	case n > maxName:
		add("name", "too_long", fmt.Sprintf("This has %d characters; %d are allowed.", n, maxName))
	case !utf8.ValidString(in.Name) || strings.ContainsRune(in.Name, 0):
		add("name", "characters", "This holds characters that cannot be stored.")
	}
	if roleOf(in.Scope) == "" {
		add("scope", "enum", "This must be one of: read, write, admin.")
	}
	if len(in.Channels) > maxChannels {
		add("channels", "too_many", fmt.Sprintf("At most %d channels are allowed; without any, the key reaches all.", maxChannels))
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(now) {
		add("expiresAt", "past", "This is over already. Choose a time that is to come.")
	}
	return out
}

// checkChannels refuses channels that are not there.
func (in Input) checkChannels(ctx context.Context, r store.Repos, org domain.OrganizationID) error {
	if len(in.Channels) == 0 {
		return nil
	}
	found, err := r.Channels().GetMany(ctx, org, in.Channels)
	if err != nil {
		return err
	}
	var out []fault.Problem
	for i, id := range in.Channels {
		if !slices.ContainsFunc(found, func(c domain.Channel) bool { return c.ID == id && c.State != domain.ChannelDisconnected }) {
			out = append(out, fault.Problem{Field: fmt.Sprintf("channels[%d]", i), Rule: "not_found", Message: "There is no such channel."})
		}
	}
	return fault.Check(out)
}

// entry tells what was done to a key, and what it may do.
func entry(action string, k domain.APIKey) audit.Entry {
	e := audit.Entry{Action: action, Resource: resource, ID: string(k.ID), Name: k.Name}
	if action == "api_key.created" {
		names := make([]string, len(k.Channels))
		for i, id := range k.Channels {
			names[i] = string(id)
		}
		e.Changes = audit.Changes([3]string{"scope", "", string(k.Scope)}, [3]string{"channels", "", strings.Join(names, ", ")})
		if !k.ExpiresAt.IsZero() {
			e.Changes = append(e.Changes, domain.AuditChange{Field: "expiresAt", After: k.ExpiresAt.Format(time.RFC3339)})
		}
	}
	return e
}
