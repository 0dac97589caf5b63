package bunstore

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type sessionRow struct {
	bun.BaseModel `bun:"table:crier_sessions"`

	ID           string `bun:"id,pk"`
	User         string `bun:"user_id"`
	Organization string `bun:"organization_id"`
	TokenHash    string `bun:"token_hash"`
	PreviousHash string `bun:"previous_hash"`
	Nonce        string `bun:"nonce"`
	RotatedAt    *int64 `bun:"rotated_at"`
	UserAgent    string `bun:"user_agent"`
	Address      string `bun:"address"`
	CreatedAt    int64  `bun:"created_at"`
	LastUsedAt   int64  `bun:"last_used_at"`
	ExpiresAt    int64  `bun:"expires_at"`
	RevokedAt    int64  `bun:"revoked_at"`
	Version      int    `bun:"version"`
}

func (r *sessionRow) set(s domain.Session) {
	*r = sessionRow{
		ID: string(s.ID), User: string(s.User), Organization: string(s.Organization),
		TokenHash: s.TokenHash, PreviousHash: s.PreviousHash, Nonce: s.Nonce, RotatedAt: orNull(s.RotatedAt),
		UserAgent: s.UserAgent, Address: s.Address,
		CreatedAt: micros(s.CreatedAt), LastUsedAt: micros(s.LastUsedAt), ExpiresAt: micros(s.ExpiresAt),
		RevokedAt: micros(s.RevokedAt), Version: s.Version,
	}
}

func (r *sessionRow) value() domain.Session {
	return domain.Session{
		ID: domain.SessionID(r.ID), User: domain.UserID(r.User), Organization: domain.OrganizationID(r.Organization),
		TokenHash: r.TokenHash, PreviousHash: r.PreviousHash, Nonce: r.Nonce, RotatedAt: orZero(r.RotatedAt),
		UserAgent: r.UserAgent, Address: r.Address,
		CreatedAt: instant(r.CreatedAt), LastUsedAt: instant(r.LastUsedAt), ExpiresAt: instant(r.ExpiresAt),
		RevokedAt: instant(r.RevokedAt), Version: r.Version,
	}
}

type sessions struct{ repos }

func (r sessions) Insert(ctx context.Context, s domain.Session) error {
	return insert[sessionRow](ctx, r.repos, s)
}

func (r sessions) Get(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	return get[sessionRow, domain.Session](ctx, r.repos, byID(id))
}

func (r sessions) Update(ctx context.Context, id domain.SessionID, change func(*domain.Session) error) (domain.Session, error) {
	return update[sessionRow](ctx, r.repos, byID(id), change, func(old domain.Session, s *domain.Session) {
		s.ID, s.Version = old.ID, old.Version+1
	})
}

// unset is how the zero time is stored where null is not.
func unset() int64 { return micros(time.Time{}) }

func (r sessions) Member(ctx context.Context, id domain.SessionID, user domain.UserID, org domain.OrganizationID, now time.Time) (domain.Member, error) {
	return get[memberRow, domain.Member](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("organization_id = ?", string(org)).Where("user_id = ?", string(user)).
			Where("EXISTS (SELECT 1 FROM crier_sessions WHERE id = ? AND user_id = ? AND revoked_at = ? AND expires_at > ?)",
				string(id), string(user), unset(), micros(now))
	})
}

func (r sessions) OfUser(ctx context.Context, user domain.UserID, now time.Time) ([]domain.Session, error) {
	return list[sessionRow, domain.Session](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", string(user)).Where("revoked_at = ?", unset()).Where("expires_at > ?", micros(now)).
			OrderExpr("last_used_at DESC, id")
	})
}

func (r sessions) RevokeOf(ctx context.Context, user domain.UserID, except domain.SessionID, now time.Time) (int, error) {
	n, err := r.exec(ctx, "UPDATE crier_sessions SET revoked_at = ?, version = version + 1 WHERE user_id = ? AND id <> ? AND revoked_at = ? AND expires_at > ?",
		micros(now), string(user), string(except), unset(), micros(now))
	return int(n), err
}

func (r sessions) Purge(ctx context.Context, now time.Time) error {
	_, err := r.exec(ctx, "DELETE FROM crier_sessions WHERE expires_at <= ?", micros(now))
	return err
}

type strikesRow struct {
	bun.BaseModel `bun:"table:crier_strikes"`

	Key    string `bun:"key,pk"`
	Count  int    `bun:"count"`
	LastAt int64  `bun:"last_at"`
	Until  int64  `bun:"until"`
}

func (r *strikesRow) set(s domain.Strikes) {
	*r = strikesRow{Key: s.Key, Count: s.Count, LastAt: micros(s.LastAt), Until: micros(s.Until)}
}

func (r *strikesRow) value() domain.Strikes {
	return domain.Strikes{Key: r.Key, Count: r.Count, LastAt: instant(r.LastAt), Until: instant(r.Until)}
}

type strikes struct{ repos }

func (r strikes) Update(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error) {
	for {
		out, err := r.updateOnce(ctx, key, change)
		if !errors.Is(err, errForgotten) {
			return out, err
		}
	}
}

// errForgotten says that a count was deleted between two statements.
var errForgotten = errors.New("the count was forgotten meanwhile")

func (r strikes) updateOnce(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error) {
	var out domain.Strikes
	err := r.joinTx(ctx, func(r repos) error {
		made := insert[strikesRow](ctx, r, domain.Strikes{Key: key})
		if made != nil && !errors.Is(made, fault.ErrConflict) {
			return made
		}
		seen := false
		var err error
		out, err = update[strikesRow](ctx, r, byKey(key), func(s *domain.Strikes) error {
			seen = true
			return change(s)
		}, func(_ domain.Strikes, s *domain.Strikes) { s.Key = key })
		switch {
		case err == nil:
			return nil
		case !seen && errors.Is(err, fault.ErrNotFound):
			return errForgotten
		case made == nil:
			// The transaction may go on, and must not keep what was not wanted.
			if gone := (strikes{r}).Delete(ctx, key); gone != nil {
				return gone
			}
		}
		return err
	})
	return out, err
}

func byKey(key string) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder { return q.Where("key = ?", key) }
}

func (r strikes) Delete(ctx context.Context, key string) error {
	_, err := r.exec(ctx, "DELETE FROM crier_strikes WHERE key = ?", key)
	return err
}

func (r strikes) Purge(ctx context.Context, before time.Time) error {
	_, err := r.exec(ctx, "DELETE FROM crier_strikes WHERE last_at <= ?", micros(before))
	return err
}

type secondFactorRow struct {
	bun.BaseModel `bun:"table:crier_second_factors"`

	User        string           `bun:"user_id,pk"`
	Sealed      string           `bun:"sealed"`
	ConfirmedAt int64            `bun:"confirmed_at"`
	LastStep    int64            `bun:"last_step"`
	Recovery    object[[]string] `bun:"recovery"`
	CreatedAt   int64            `bun:"created_at"`
	Version     int              `bun:"version"`
}

func (r *secondFactorRow) set(f domain.SecondFactor) {
	*r = secondFactorRow{
		User: string(f.User), Sealed: f.Sealed, ConfirmedAt: micros(f.ConfirmedAt), LastStep: f.LastStep,
		Recovery: object[[]string]{f.Recovery}, CreatedAt: micros(f.CreatedAt), Version: f.Version,
	}
}

func (r *secondFactorRow) value() domain.SecondFactor {
	return domain.SecondFactor{
		User: domain.UserID(r.User), Sealed: r.Sealed, ConfirmedAt: instant(r.ConfirmedAt), LastStep: r.LastStep,
		Recovery: r.Recovery.of, CreatedAt: instant(r.CreatedAt), Version: r.Version,
	}
}

type secondFactors struct{ repos }

func ofUser(user domain.UserID) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder { return q.Where("user_id = ?", string(user)) }
}

func (r secondFactors) Insert(ctx context.Context, f domain.SecondFactor) error {
	return insert[secondFactorRow](ctx, r.repos, f)
}

func (r secondFactors) Get(ctx context.Context, user domain.UserID) (domain.SecondFactor, error) {
	return get[secondFactorRow, domain.SecondFactor](ctx, r.repos, ofUser(user))
}

func (r secondFactors) Update(ctx context.Context, user domain.UserID, change func(*domain.SecondFactor) error) (domain.SecondFactor, error) {
	return update[secondFactorRow](ctx, r.repos, ofUser(user), change, func(old domain.SecondFactor, f *domain.SecondFactor) {
		f.User, f.Version = old.User, old.Version+1
	})
}

func (r secondFactors) Delete(ctx context.Context, user domain.UserID) error {
	_, err := r.exec(ctx, "DELETE FROM crier_second_factors WHERE user_id = ?", string(user))
	return err
}
