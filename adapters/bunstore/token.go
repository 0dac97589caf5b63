package bunstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
)

type tokenRow struct {
	bun.BaseModel `bun:"table:crier_tokens"`

	Hash      string `bun:"hash,pk"`
	Purpose   string `bun:"purpose"`
	Subject   string `bun:"subject"`
	Bound     string `bun:"bound"`
	CreatedAt int64  `bun:"created_at"`
	ExpiresAt int64  `bun:"expires_at"`
}

func (r *tokenRow) set(t domain.Token) {
	*r = tokenRow{
		Hash: t.Hash, Purpose: string(t.Purpose), Subject: t.Subject, Bound: t.Bound,
		CreatedAt: micros(t.CreatedAt), ExpiresAt: micros(t.ExpiresAt),
	}
}

func (r *tokenRow) value() domain.Token {
	return domain.Token{
		Hash: r.Hash, Purpose: domain.TokenPurpose(r.Purpose), Subject: r.Subject, Bound: r.Bound,
		CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt),
	}
}

// goodToken finds a token that may be used now.
func goodToken(hash string, purpose domain.TokenPurpose, now time.Time) where {
	return func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("hash = ?", hash).Where("purpose = ?", string(purpose)).Where("expires_at > ?", micros(now))
	}
}

type tokens struct{ repos }

func (r tokens) Insert(ctx context.Context, t domain.Token) error {
	return insert[tokenRow](ctx, r.repos, t)
}

func (r tokens) Get(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	return get[tokenRow, domain.Token](ctx, r.repos, goodToken(hash, purpose, now))
}

func (r tokens) Take(ctx context.Context, hash string, purpose domain.TokenPurpose, now time.Time) (domain.Token, error) {
	var row tokenRow
	// One statement, so that of two callers one gets nothing.
	err := r.st.build.NewDelete().Conn(r.writer()).Model(&row).
		ApplyQueryBuilder(goodToken(hash, purpose, now)).Returning("*").Scan(ctx)
	if err != nil {
		return domain.Token{}, translate(ctx, err)
	}
	return row.value(), nil
}

func (r tokens) DeleteOf(ctx context.Context, subject string, purpose domain.TokenPurpose) error {
	_, err := r.exec(ctx, "DELETE FROM crier_tokens WHERE subject = ? AND purpose = ?", subject, string(purpose))
	return err
}

func (r tokens) Purge(ctx context.Context, now time.Time) error {
	_, err := r.exec(ctx, "DELETE FROM crier_tokens WHERE expires_at <= ?", micros(now))
	return err
}
