package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type identityRow struct {
	bun.BaseModel `bun:"table:crier_identities"`

	ID        string `bun:"id,pk"`
	User      string `bun:"user_id"`
	Provider  string `bun:"provider"`
	Issuer    string `bun:"issuer"`
	Subject   string `bun:"subject"`
	Email     string `bun:"email"`
	Name      string `bun:"name"`
	CreatedAt int64  `bun:"created_at"`
}

func (r *identityRow) set(i domain.Identity) {
	*r = identityRow{
		ID: string(i.ID), User: string(i.User), Provider: i.Provider, Issuer: i.Issuer, Subject: i.Subject,
		Email: i.Email, Name: i.Name, CreatedAt: micros(i.CreatedAt),
	}
}

func (r *identityRow) value() domain.Identity {
	return domain.Identity{
		ID: domain.IdentityID(r.ID), User: domain.UserID(r.User), Provider: r.Provider, Issuer: r.Issuer, Subject: r.Subject,
		Email: r.Email, Name: r.Name, CreatedAt: instant(r.CreatedAt),
	}
}

type identities struct{ repos }

func (r identities) Insert(ctx context.Context, i domain.Identity) error {
	return insert[identityRow](ctx, r.repos, i)
}

func (r identities) BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error) {
	return get[identityRow, domain.Identity](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("issuer = ?", issuer).Where("subject = ?", subject)
	})
}

func (r identities) OfUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error) {
	return list[identityRow, domain.Identity](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("user_id = ?", string(user)).OrderExpr("created_at, id")
	})
}

func (r identities) Delete(ctx context.Context, user domain.UserID, id domain.IdentityID) error {
	n, err := r.exec(ctx, "DELETE FROM crier_identities WHERE id = ? AND user_id = ?", string(id), string(user))
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}
