package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func tokenKind() kind[domain.Token] {
	type T = domain.Token
	return kind[T]{
		name:   "token",
		keys:   func(v *T) (*string, *org, *int) { return &v.Hash, nil, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Tokens().Insert(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Tokens().Get(ctx, v.Hash, v.Purpose, v.ExpiresAt.Add(-time.Minute))
		},
	}
}

func tokenChecks() []Check {
	return []Check{
		{"token/is taken once", tokenOnce},
		{"token/take gives every field", tokenTakeKeeps},
		{"token/is taken for good with its transaction only", tokenInTx},
		{"token/is useless for another purpose", tokenPurpose},
		{"token/ends", tokenEnds},
		{"token/those of a subject and purpose are removed", tokensDeleteOf},
		{"token/purge removes what ended", tokensPurge},
	}
}

// freshToken stores a token that is good for an hour from noon on.
func (b *bench) freshToken(change func(*domain.Token)) domain.Token {
	t := tokenKind().new(b)
	t.ExpiresAt = at(time.Hour)
	if change != nil {
		change(&t)
	}
	b.must(b.Tokens().Insert(b, t), "insert")
	return t
}

// tokenGone checks that a token can be neither seen nor taken.
func (b *bench) tokenGone(why string, t domain.Token, now time.Time) {
	if _, err := b.Tokens().Get(b, t.Hash, t.Purpose, now); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get of a token %s: got error %v, want fault.ErrNotFound", why, err)
	}
	if _, err := b.Tokens().Take(b, t.Hash, t.Purpose, now); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("take of a token %s: got error %v, want fault.ErrNotFound", why, err)
	}
}

func tokenOnce(b *bench) {
	t := b.freshToken(nil)
	took := make(chan struct{}, 8)
	b.parallel(cap(took), func(int) {
		_, err := b.Tokens().Take(b, t.Hash, t.Purpose, noon())
		switch {
		case err == nil:
			took <- struct{}{}
		case !errors.Is(err, fault.ErrNotFound):
			b.errorf("parallel take: got error %q, want fault.ErrNotFound", err)
		}
	})
	if len(took) != 1 {
		b.errorf("a token was taken %d times, want once", len(took))
	}
	b.tokenGone("that was taken", t, noon())
}

func tokenTakeKeeps(b *bench) {
	t := b.freshToken(nil)
	b.same("get", must2[domain.Token](b, "get")(b.Tokens().Get(b, t.Hash, t.Purpose, noon())), t)
	b.same("take after get", must2[domain.Token](b, "take")(b.Tokens().Take(b, t.Hash, t.Purpose, noon())), t)
}

func tokenInTx(b *bench) {
	t := b.freshToken(nil)
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		_, err := r.Tokens().Take(ctx, t.Hash, t.Purpose, noon())
		b.must(err, "take in a transaction")
		if _, err := r.Tokens().Take(ctx, t.Hash, t.Purpose, noon()); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("second take in one transaction: got error %v, want fault.ErrNotFound", err)
		}
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("transaction: got error %v, want that of its function", err)
	}
	_, err = b.Tokens().Take(b, t.Hash, t.Purpose, noon())
	b.must(err, "take after a transaction that was given up")
}

func tokenPurpose(b *bench) {
	t := b.freshToken(func(t *domain.Token) { t.Purpose = "one" })
	other := t
	other.Purpose = "other"
	b.tokenGone("for another purpose", other, noon())
	if err := b.Tokens().Insert(b, other); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert of the hash for another purpose: got error %v, want fault.ErrConflict", err)
	}
	_, err := b.Tokens().Take(b, t.Hash, t.Purpose, noon())
	b.must(err, "take for its purpose, after others were refused")
}

func tokenEnds(b *bench) {
	t := b.freshToken(func(t *domain.Token) { t.ExpiresAt = at(time.Microsecond) })
	b.tokenGone("at its end", t, at(time.Microsecond))
	b.tokenGone("after its end", t, at(time.Hour))
	_, err := b.Tokens().Take(b, t.Hash, t.Purpose, noon())
	b.must(err, "take just before the end, after others were refused")
}

func tokensDeleteOf(b *bench) {
	mine := func(t *domain.Token) { t.Subject, t.Purpose = "mine", "one" }
	one, two := b.freshToken(mine), b.freshToken(mine)
	purpose := b.freshToken(func(t *domain.Token) { t.Subject, t.Purpose = "mine", "other" })
	subject := b.freshToken(func(t *domain.Token) { t.Subject, t.Purpose = "yours", "one" })
	b.must(b.Tokens().DeleteOf(b, "nobody", "one"), "DeleteOf nobody")
	b.must(b.Tokens().DeleteOf(b, "mine", "one"), "DeleteOf")
	b.tokenGone("that was removed with its subject", one, noon())
	b.tokenGone("that was removed with its subject", two, noon())
	for what, t := range map[string]domain.Token{"of another purpose": purpose, "of another subject": subject} {
		_, err := b.Tokens().Take(b, t.Hash, t.Purpose, noon())
		b.must(err, "take of a token "+what)
	}
}

func tokensPurge(b *bench) {
	old := b.freshToken(func(t *domain.Token) { t.ExpiresAt = noon() })
	living := b.freshToken(func(t *domain.Token) { t.ExpiresAt = at(time.Microsecond) })
	b.must(b.Tokens().Purge(b, noon()), "purge")
	b.tokenGone("that was purged", old, at(-time.Hour))
	_, err := b.Tokens().Take(b, living.Hash, living.Purpose, noon())
	b.must(err, "take of a token that outlived the purge")
}
