package memstore

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type tokens repos

func (r tokens) Insert(ctx context.Context, v domain.Token) error {
	return r.run(ctx, func(t *tx) error { return t.tokens.insert(t, v) })
}

func (r tokens) Get(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	return query(ctx, r.run, func(t *tx) (domain.Token, error) { return t.goodToken(hash, purpose, now) })
}

func (r tokens) Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	return query(ctx, r.run, func(t *tx) (domain.Token, error) {
		v, err := t.goodToken(hash, purpose, now)
		if err == nil {
			t.tokens.write(t, hash, nil)
		}
		return v, err
	})
}

func (t *tx) goodToken(hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	v, err := t.tokens.get(hash)
	if err != nil || v.Purpose != purpose || !v.ExpiresAt.After(now) {
		return domain.Token{}, fault.ErrNotFound
	}
	return v, nil
}

func (r tokens) DeleteOf(ctx context.Context, subject string, purpose domain.TokenPurpose) error {
	return r.deleteIf(ctx, func(v domain.Token) bool { return v.Subject == subject && v.Purpose == purpose })
}

func (r tokens) Purge(ctx context.Context, now time.Time) error {
	return r.deleteIf(ctx, func(v domain.Token) bool { return !v.ExpiresAt.After(now) })
}

func (r tokens) deleteIf(ctx context.Context, unwanted func(domain.Token) bool) error {
	return r.run(ctx, func(t *tx) error {
		for hash, v := range t.tokens.rows {
			if unwanted(v) {
				t.tokens.write(t, hash, nil)
			}
		}
		return nil
	})
}
