package storetest_test

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// retakable leaves a token where it is.
type retakable struct{ store.Tokens }

func (t retakable) Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	return t.Get(ctx, hash, purpose, now)
}

// purposeless takes a token for whatever purpose.
type purposeless struct{ store.Tokens }

func (t purposeless) Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	for _, p := range []domain.TokenPurpose{purpose, "one", "other"} {
		if v, err := t.Tokens.Take(ctx, hash, p, now); err == nil {
			return v, nil
		}
	}
	return t.Tokens.Take(ctx, hash, purpose, now)
}

// endless tokens are good a moment too long.
type endless struct{ store.Tokens }

func (t endless) Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	return t.Tokens.Take(ctx, hash, purpose, now.Add(-time.Microsecond))
}

// sweeping removes the tokens of a subject for every purpose.
type sweeping struct{ store.Tokens }

func (t sweeping) DeleteOf(ctx context.Context, subject string, _ domain.TokenPurpose) error {
	for _, p := range []domain.TokenPurpose{"one", "other"} {
		if err := t.Tokens.DeleteOf(ctx, subject, p); err != nil {
			return err
		}
	}
	return nil
}

// hoarding purges nothing that ended.
type hoarding struct{ store.Tokens }

func (hoarding) Purge(context.Context, time.Time) error { return nil }
