package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

type apiKeyRow struct {
	bun.BaseModel `bun:"table:crier_api_keys"`

	ID           string                     `bun:"id,pk"`
	Organization string                     `bun:"organization_id"`
	Name         string                     `bun:"name"`
	Hash         string                     `bun:"hash"`
	Hint         string                     `bun:"hint"`
	Scope        string                     `bun:"scope"`
	Channels     object[[]domain.ChannelID] `bun:"channels"`
	Maker        string                     `bun:"maker_id"`
	CreatedAt    int64                      `bun:"created_at"`
	RotatedAt    int64                      `bun:"rotated_at"`
	ExpiresAt    int64                      `bun:"expires_at"`
	UsedAt       int64                      `bun:"used_at"`
	RevokedAt    *int64                     `bun:"revoked_at"`
	Version      int                        `bun:"version"`
}

func (r *apiKeyRow) set(k domain.APIKey) {
	*r = apiKeyRow{
		ID: string(k.ID), Organization: string(k.Organization), Name: k.Name, Hash: k.Hash, Hint: k.Hint, Scope: string(k.Scope),
		Channels: object[[]domain.ChannelID]{k.Channels}, Maker: string(k.Maker), CreatedAt: micros(k.CreatedAt), RotatedAt: micros(k.RotatedAt),
		ExpiresAt: micros(k.ExpiresAt), UsedAt: micros(k.UsedAt), RevokedAt: orNull(k.RevokedAt), Version: k.Version,
	}
}

func (r *apiKeyRow) value() domain.APIKey {
	return domain.APIKey{
		ID: domain.APIKeyID(r.ID), Organization: domain.OrganizationID(r.Organization), Name: r.Name, Hash: r.Hash, Hint: r.Hint,
		Scope: domain.Scope(r.Scope), Channels: r.Channels.of, Maker: domain.UserID(r.Maker),
		CreatedAt: instant(r.CreatedAt), RotatedAt: instant(r.RotatedAt), ExpiresAt: instant(r.ExpiresAt),
		UsedAt: instant(r.UsedAt), RevokedAt: orZero(r.RevokedAt), Version: r.Version,
	}
}

type apiKeys struct{ repos }

func (r apiKeys) Insert(ctx context.Context, org domain.OrganizationID, k domain.APIKey) error {
	return insertIn[apiKeyRow](ctx, r.repos, org, k.Organization, k)
}

func (r apiKeys) Get(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID) (domain.APIKey, error) {
	return get[apiKeyRow, domain.APIKey](ctx, r.repos, in(org, id))
}

func (r apiKeys) ByHash(ctx context.Context, hash string) (domain.APIKey, error) {
	return get[apiKeyRow, domain.APIKey](ctx, r.repos, func(q bun.QueryBuilder) bun.QueryBuilder {
		return q.Where("hash = ?", hash)
	})
}

func (r apiKeys) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.APIKey, error) {
	return list[apiKeyRow, domain.APIKey](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org)).Where("revoked_at IS NULL")
		if !p.After.IsZero() {
			q = q.Where("(created_at, id) < (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("created_at DESC, id DESC").Limit(int64(p.Limit))
	})
}

func (r apiKeys) Update(ctx context.Context, org domain.OrganizationID, id domain.APIKeyID, change func(*domain.APIKey) error) (domain.APIKey, error) {
	return updateUnique[apiKeyRow](ctx, r.repos, in(org, id), change, func(old domain.APIKey, k *domain.APIKey) {
		k.ID, k.Organization, k.Version = old.ID, old.Organization, old.Version+1
	})
}
