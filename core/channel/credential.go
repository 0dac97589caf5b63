package channel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// TokenSource supplies the credentials of channels whose tokens the embedding
// program keeps itself. Implementations are safe for concurrent use.
type TokenSource interface {
	// Token returns a credential that is good now. It is asked before every
	// call to the platform, and asked again after the platform refused one.
	Token(ctx context.Context, c domain.Channel) (social.Credential, error)
}

// Credentials opens, renews and seals the credentials of channels. It is safe
// for concurrent use. Each credential is renewed once at a time, by all the
// processes on one store together.
type Credentials struct {
	cfg     Config
	flights *flights
	// resume lets go on what waited for a channel.
	resume func(ctx context.Context, r store.Repos, ch domain.Channel, now time.Time) error
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
	text, err := c.cfg.Sealer.Seal(ctx, raw, bound(id))
	if err != nil {
		return "", fmt.Errorf("seal credential of channel %s: %w", id, err)
	}
	return text, nil
}

func (c *Credentials) open(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	raw, err := c.cfg.Sealer.Open(ctx, ch.Secret, bound(ch.ID))
	if err != nil {
		return social.Credential{}, fmt.Errorf("open credential of channel %s: %w", ch.ID, err)
	}
	var s sealed
	if err := json.Unmarshal(raw, &s); err != nil {
		return social.Credential{}, fmt.Errorf("open credential of channel %s: %w", ch.ID, err)
	}
	return social.Credential(s), nil
}

// refreshToken is the refresh token of a connect that gave fresh: many platforms
// send one at the first connect only, so the one that known has stays.
func (c *Credentials) refreshToken(ctx context.Context, known domain.Channel, fresh social.Credential) string {
	if fresh.Refresh != "" || known.Secret == "" {
		return fresh.Refresh
	}
	old, err := c.open(ctx, known)
	if err != nil {
		return "" // what cannot be read cannot be kept
	}
	return old.Refresh
}

// Get returns a credential to use now: the host's, or the stored one, renewed
// first if it is about to end. While it has not ended, it is returned as it is
// if somebody else is renewing it, or if a renewal fails for a while. Errors are
// as those of Renew.
func (c *Credentials) Get(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if ch.HostTokens {
		return c.hostToken(ctx, ch)
	}
	cred, err := c.open(ctx, ch)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	now := c.cfg.Now()
	pf, ok := c.renewable(ch)
	switch {
	case !ch.RenewBeforeUse(now), !ok && !ch.Ended(now):
		return cred, nil
	case !ok:
		return social.Credential{}, notRenewable()
	}
	fresh, err := c.renew(ctx, pf, ch, ch.Ended(now))
	switch {
	case err == nil:
		return fresh, nil
	case needsPerson(err):
		return social.Credential{}, err
	default:
		return cred, nil // it may still be good
	}
}

func (c *Credentials) hostToken(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if c.cfg.Tokens == nil {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "The tokens of this channel come from the host, which offers none.")
	}
	cred, err := c.cfg.Tokens.Token(ctx, ch)
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
	return c.cfg.Journal.Append(ctx, r, journal.Channel(parked, domain.EventChannelReconnect, now))
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

func unavailable(err error) *social.Error {
	if k := fault.KindOf(err); k == fault.Unavailable && errors.Is(err, &fault.Error{Kind: fault.Unavailable, Code: "seal_broken"}) {
		return &social.Error{Code: social.CodeAuthRevoked, Message: "The stored sign-in cannot be read any more. Connect the channel again.", Err: err}
	}
	return &social.Error{Code: social.CodeUnavailable, Message: "The sign-in of the channel could not be read just now.", Err: err}
}

// readTimeout bounds one call that only reads.
const readTimeout = time.Minute

// Ask makes a call for ch that only reads, and makes it again with a renewed
// credential where the platform asks for one.
func Ask[T any](ctx context.Context, c *Credentials, ch domain.Channel, call func(ctx context.Context, t social.Target) (T, error)) (T, error) {
	var zero T
	t, err := c.Target(ctx, ch)
	if err != nil {
		return zero, err
	}
	once := func() (T, error) {
		timed, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		return call(timed, t)
	}
	out, err := once()
	if social.CodeOf(err) != social.CodeAuthExpired {
		return out, err
	}
	if t.Credential, err = c.Renew(ctx, ch); err != nil {
		return zero, err
	}
	return once()
}
