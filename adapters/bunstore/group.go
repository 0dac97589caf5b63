package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type groupRow struct {
	bun.BaseModel `bun:"table:crier_groups"`

	ID           string `bun:"id,pk"`
	Organization string `bun:"organization_id"`
	Name         string `bun:"name"`
	CreatedAt    int64  `bun:"created_at"`
	Version      int    `bun:"version"`
}

func (r *groupRow) set(g domain.Group) {
	*r = groupRow{ID: string(g.ID), Organization: string(g.Organization), Name: g.Name, CreatedAt: micros(g.CreatedAt), Version: g.Version}
}

func (r *groupRow) value() domain.Group {
	return domain.Group{
		ID: domain.GroupID(r.ID), Organization: domain.OrganizationID(r.Organization), Name: r.Name,
		CreatedAt: instant(r.CreatedAt), Version: r.Version,
	}
}

type groups struct{ repos }

func (r groups) Insert(ctx context.Context, org domain.OrganizationID, g domain.Group) error {
	return insertIn[groupRow](ctx, r.repos, org, g.Organization, g)
}

func (r groups) Get(ctx context.Context, org domain.OrganizationID, id domain.GroupID) (domain.Group, error) {
	return get[groupRow, domain.Group](ctx, r.repos, in(org, id))
}

func (r groups) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Group, error) {
	return list[groupRow, domain.Group](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org))
		if !p.After.IsZero() {
			q = q.Where("(created_at, id) > (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("created_at, id").Limit(int64(p.Limit))
	})
}

func (r groups) Update(ctx context.Context, org domain.OrganizationID, id domain.GroupID, change func(*domain.Group) error) (domain.Group, error) {
	return updateUnique[groupRow](ctx, r.repos, in(org, id), change, func(old domain.Group, g *domain.Group) {
		g.ID, g.Organization, g.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r groups) Delete(ctx context.Context, org domain.OrganizationID, id domain.GroupID) error {
	return r.joinTx(ctx, func(r repos) error {
		n, err := r.exec(ctx, "DELETE FROM crier_groups WHERE id = ? AND organization_id = ?", string(id), string(org))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.ErrNotFound
		}
		_, err = r.exec(ctx, "UPDATE crier_channels SET group_id = '' WHERE group_id = ? AND organization_id = ?", string(id), string(org))
		return err
	})
}
