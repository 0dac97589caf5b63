package apikey

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/recall"
)

// Authenticate returns the actor of a key, as things stand now. What cannot be a
// key is refused without asking the store. Every refusal is Unauthenticated; it
// tells no more than whoever holds the key may know.
func (s *Service) Authenticate(ctx context.Context, secret string) (domain.Actor, error) {
	if !wellFormed(secret) {
		return domain.Actor{}, fault.New(fault.Unauthenticated, "key_malformed", "This is not a whole API key. Copy it again; it has not been looked for.")
	}
	hash, now := hashOf(secret), domain.Instant(s.cfg.Now())
	f, err := s.find(ctx, hash)
	k := f.key
	switch {
	case errors.Is(err, fault.ErrNotFound) || err == nil && k.Hash != hash: // it had this secret before it was rotated
		return domain.Actor{}, fault.New(fault.Unauthenticated, "key_unknown", "There is no such API key.")
	case err != nil:
		return domain.Actor{}, fmt.Errorf("authenticate an API key: %w", err)
	case !k.RevokedAt.IsZero():
		return domain.Actor{}, fault.New(fault.Unauthenticated, "key_revoked", "This API key was revoked.")
	case !k.Live(now):
		return domain.Actor{}, fault.New(fault.Unauthenticated, "key_expired", "This API key has expired.")
	case f.orphaned:
		return domain.Actor{}, fault.New(fault.Unauthenticated, "key_orphaned", "Whoever made this API key has left the organization. Rotate it, or make a new one.")
	}
	if f.fresh {
		s.used(ctx, k, now)
	}
	role := roleOf(k.Scope)
	if k.Maker != "" { // else a program made it, which acts for the whole organization
		role = lesser(role, f.maker)
	}
	return domain.Actor{Organization: k.Organization, User: k.Maker, Role: role, Key: k.ID, Reach: domain.NewReach(k.Channels)}, nil
}

// found is what a key is worth now.
type found struct {
	key domain.APIKey
	// fresh says that key was read from the store just now, and is whole.
	fresh bool
	// maker is the role of its maker; orphaned says that they have none any more.
	maker    domain.Role
	orphaned bool
}

// address tells where the key is whose secret has a hash. It never changes: who
// rotates a key gives it another hash, and becomes its maker.
type address struct {
	Organization domain.OrganizationID
	ID           domain.APIKeyID
	Maker        domain.UserID
}

// worth is what is remembered of a key beside its address.
type worth struct {
	Hash      string
	Scope     domain.Scope
	Channels  []domain.ChannelID `json:",omitempty"`
	ExpiresAt time.Time          `json:",omitzero"`
	RevokedAt time.Time          `json:",omitzero"`
}

// find returns the key whose secret has a hash, or had it before the key was
// rotated.
func (s *Service) find(ctx context.Context, hash string) (found, error) {
	var f found
	var err error
	if !s.cfg.Recall.Reads() {
		f.fresh = true
		if f.key, err = s.cfg.Store.APIKeys().ByHash(ctx, hash); err == nil && f.key.Maker != "" {
			f.maker, err = s.roleOfMaker(ctx, f.key.Organization, f.key.Maker)
		}
		return f.judged(err)
	}
	var at address
	err = s.cfg.Recall.Read(ctx, recall.Ask(recall.Secret(hash), &at, func(ctx context.Context) (address, error) {
		k, err := s.cfg.Store.APIKeys().ByHash(ctx, hash)
		return address{k.Organization, k.ID, k.Maker}, err
	}))
	if err != nil {
		return f, err
	}
	var w worth
	questions := []recall.Question{recall.Ask(recall.APIKey(at.Organization, at.ID), &w, func(ctx context.Context) (worth, error) {
		k, err := s.cfg.Store.APIKeys().Get(ctx, at.Organization, at.ID)
		f.key, f.fresh = k, true
		return worth{k.Hash, k.Scope, k.Channels, k.ExpiresAt, k.RevokedAt}, err
	})}
	if at.Maker != "" {
		questions = append(questions, recall.Ask(recall.Role(at.Organization, at.Maker), &f.maker, func(ctx context.Context) (domain.Role, error) {
			return s.roleOfMaker(ctx, at.Organization, at.Maker)
		}))
	}
	err = s.cfg.Recall.Read(ctx, questions...)
	if !f.fresh {
		f.key = domain.APIKey{
			ID: at.ID, Organization: at.Organization, Maker: at.Maker,
			Hash: w.Hash, Scope: w.Scope, Channels: w.Channels, ExpiresAt: w.ExpiresAt, RevokedAt: w.RevokedAt,
		}
	}
	return f.judged(err)
}

// errOrphaned says that the maker of a key is no member any more.
var errOrphaned = errors.New("the maker of the API key has left")

func (s *Service) roleOfMaker(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Role, error) {
	m, err := s.cfg.Store.Members().Get(ctx, org, user)
	if errors.Is(err, fault.ErrNotFound) {
		err = errOrphaned
	}
	return m.Role, err
}

// judged takes down that the maker has left, which is no error yet: whoever holds
// a key that was revoked is told that.
func (f found) judged(err error) (found, error) {
	f.orphaned = errors.Is(err, errOrphaned)
	if f.orphaned {
		err = nil
	}
	return f, err
}

// errFresh leaves a key as it is.
var errFresh = errors.New("its last use was written down just now")

// used writes down that a key was used. A request does not fail where that
// cannot be done.
func (s *Service) used(ctx context.Context, k domain.APIKey, now time.Time) {
	if now.Sub(k.UsedAt) < usedEvery {
		return
	}
	_, err := s.cfg.Store.APIKeys().Update(ctx, k.Organization, k.ID, func(k *domain.APIKey) error {
		if now.Sub(k.UsedAt) < usedEvery {
			return errFresh // another request was quicker
		}
		k.UsedAt = now
		return nil
	})
	if err != nil && !errors.Is(err, errFresh) {
		s.cfg.Log.WarnContext(ctx, "the last use of an API key could not be written down", "key", k.ID, "organization", k.Organization, "error", err)
	}
}
