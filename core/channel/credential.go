package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// refreshAhead is how long before its end a credential is renewed when it is
// about to be used.
const refreshAhead = 5 * time.Minute

// refreshTimeout bounds one renewal.
const refreshTimeout = 30 * time.Second

// TokenSource supplies the credentials of channels whose tokens the embedding
// program keeps itself. Implementations are safe for concurrent use.
type TokenSource interface {
	// Token returns a credential that is good now. It is asked before every
	// call to the platform, and asked again after the platform refused one.
	Token(ctx context.Context, c domain.Channel) (social.Credential, error)
}

// Credentials opens, renews and seals the credentials of channels. It is safe
// for concurrent use and renews each credential once at a time.
type Credentials struct {
	store   store.Store
	sealer  seal.Sealer
	catalog *Catalog
	tokens  TokenSource
	journal *journal.Journal
	now     func() time.Time
	flights *flights
}

// flights holds one lock for each credential that is being renewed.
type flights struct {
	mu sync.Mutex
	by map[domain.ChannelID]*flight
}

type flight struct {
	sync.Mutex
	waiting int
}

func (f *flights) lock(id domain.ChannelID) (unlock func()) {
	f.mu.Lock()
	one, ok := f.by[id]
	if !ok {
		one = &flight{}
		f.by[id] = one
	}
	one.waiting++
	f.mu.Unlock()
	one.Lock()
	return func() {
		one.Unlock()
		f.mu.Lock()
		defer f.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(f.by, id)
		}
	}
}

func bound(id domain.ChannelID) string { return "channel/" + string(id) }

// sealed is how a credential is kept; its names never change.
type sealed struct {
	Access  string            `json:"access,omitempty"`
	Refresh string            `json:"refresh,omitempty"`
	Extra   map[string]string `json:"extra,omitempty"`
	Expiry  time.Time         `json:"expiry,omitzero"`
}

// Seal returns the text to store for a credential of the channel.
func (c *Credentials) Seal(ctx context.Context, id domain.ChannelID, cred social.Credential) (string, error) {
	raw, err := json.Marshal(sealed(cred))
	if err != nil {
		return "", fmt.Errorf("seal credential of channel %s: %w", id, err)
	}
	text, err := c.sealer.Seal(ctx, raw, bound(id))
	if err != nil {
		return "", fmt.Errorf("seal credential of channel %s: %w", id, err)
	}
	return text, nil
}

func (c *Credentials) open(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	raw, err := c.sealer.Open(ctx, ch.Secret, bound(ch.ID))
	if err != nil {
		return social.Credential{}, fmt.Errorf("open credential of channel %s: %w", ch.ID, err)
	}
	var s sealed
	if err := json.Unmarshal(raw, &s); err != nil {
		return social.Credential{}, fmt.Errorf("open credential of channel %s: %w", ch.ID, err)
	}
	return social.Credential(s), nil
}

// Get returns a credential to use now: the host's, or the stored one, renewed
// first if it is about to end. A renewal that fails for a while leaves the old
// one in use; it may still be good. Errors are as those of Renew.
func (c *Credentials) Get(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if ch.HostTokens {
		return c.hostToken(ctx, ch)
	}
	cred, err := c.open(ctx, ch)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	if ch.SecretExpires.IsZero() || c.now().Before(ch.SecretExpires.Add(-refreshAhead)) {
		return cred, nil
	}
	fresh, err := c.Renew(ctx, ch)
	switch code := social.CodeOf(err); {
	case err == nil:
		return fresh, nil
	case code == social.CodeAuthRevoked || code == social.CodeAccountBlocked || code == social.CodeScopeMissing:
		return social.Credential{}, err
	default:
		return cred, nil
	}
}

// Renew returns a new credential after the one of ch was refused or is about to
// end. If somebody else has renewed it since ch was read, theirs is returned.
// Errors are *social.Error; CodeAuthRevoked means that a person must reconnect,
// every other code that it may work later.
func (c *Credentials) Renew(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if ch.HostTokens {
		return c.hostToken(ctx, ch)
	}
	pf, err := c.catalog.Get(ch.Provider)
	if err != nil || pf.Can.Refresh == nil {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "The sign-in has ended and cannot be renewed. Connect the channel again.")
	}
	defer c.flights.lock(ch.ID)()
	cur, err := c.store.Channels().Get(ctx, ch.Organization, ch.ID)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	cred, err := c.open(ctx, cur)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	if cur.Secret != ch.Secret {
		return cred, nil
	}
	call, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	fresh, err := pf.Can.Refresh.Refresh(call, social.Target{Account: cur.Account, Traits: cur.Traits, Credential: cred})
	if err != nil {
		return c.overtaken(ctx, cur, err)
	}
	if fresh.Refresh == "" {
		fresh.Refresh = cred.Refresh
	}
	if fresh.Access == "" {
		return social.Credential{}, social.Errorf(social.CodeUnavailable, "The platform answered without a token.")
	}
	return c.keep(ctx, cur, fresh)
}

// overtaken returns the credential that another process has stored since ch was
// read, or cause. A platform that replaces refresh tokens refuses the old one
// as soon as somebody else has used it: that is no reason to ask a person.
func (c *Credentials) overtaken(ctx context.Context, ch domain.Channel, cause error) (social.Credential, error) {
	cur, err := c.store.Channels().Get(ctx, ch.Organization, ch.ID)
	if err != nil || cur.Secret == ch.Secret || cur.Secret == "" {
		return social.Credential{}, cause
	}
	cred, err := c.open(ctx, cur)
	if err != nil {
		return social.Credential{}, cause
	}
	return cred, nil
}

// keep stores a renewed credential, unless another one got there first.
func (c *Credentials) keep(ctx context.Context, ch domain.Channel, fresh social.Credential) (social.Credential, error) {
	text, err := c.Seal(ctx, ch.ID, fresh)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	stored, err := c.store.Channels().Update(ctx, ch.Organization, ch.ID, func(cur *domain.Channel) error {
		if cur.Secret == ch.Secret {
			cur.Secret, cur.SecretExpires, cur.UpdatedAt = text, domain.Instant(fresh.Expiry), domain.Instant(c.now())
		}
		return nil
	})
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	if stored.Secret != text {
		cred, err := c.open(ctx, stored)
		if err != nil {
			return social.Credential{}, unavailable(err)
		}
		return cred, nil
	}
	return fresh, nil
}

func (c *Credentials) hostToken(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if c.tokens == nil {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "The tokens of this channel come from the host, which offers none.")
	}
	cred, err := c.tokens.Token(ctx, ch)
	if err != nil {
		if e, ok := errors.AsType[*social.Error](err); ok {
			return social.Credential{}, e
		}
		return social.Credential{}, unavailable(err)
	}
	return cred, nil
}

// Park records that ch needs a person to reconnect it, and tells so once.
func (c *Credentials) Park(ctx context.Context, r store.Repos, ch domain.Channel, reason string, now time.Time) error {
	changed := false
	parked, err := r.Channels().Update(ctx, ch.Organization, ch.ID, func(cur *domain.Channel) error {
		changed = false
		if cur.Secret != ch.Secret {
			return nil // somebody has connected it again meanwhile
		}
		changed = cur.NeedReconnect(reason, now)
		return nil
	})
	if err != nil || !changed {
		return err
	}
	return c.journal.Append(ctx, r, journal.Channel(parked, domain.EventChannelReconnect, now))
}

// Target returns on whose behalf a call for ch is made, with a credential that
// is good now.
func (c *Credentials) Target(ctx context.Context, ch domain.Channel) (social.Target, error) {
	cred, err := c.Get(ctx, ch)
	if err != nil {
		return social.Target{}, err
	}
	return social.Target{Account: ch.Account, Traits: ch.Traits, Credential: cred}, nil
}

func unavailable(err error) error {
	if k := fault.KindOf(err); k == fault.Unavailable && errors.Is(err, &fault.Error{Kind: fault.Unavailable, Code: "seal_broken"}) {
		return &social.Error{Code: social.CodeAuthRevoked, Message: "The stored sign-in cannot be read any more. Connect the channel again.", Err: err}
	}
	return &social.Error{Code: social.CodeUnavailable, Message: "The sign-in of the channel could not be read just now.", Err: err}
}
