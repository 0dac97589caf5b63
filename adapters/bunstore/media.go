package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type mediaRow struct {
	bun.BaseModel `bun:"table:crier_media"`

	ID           string `bun:"id,pk"`
	Organization string `bun:"organization_id"`
	Name         string `bun:"name"`
	Kind         string `bun:"kind"`
	MIME         string `bun:"mime"`
	Bytes        int64  `bun:"bytes"`
	Width        int    `bun:"width"`
	Height       int    `bun:"height"`
	SHA256       string `bun:"sha256"`
	Alt          string `bun:"alt"`
	Key          string `bun:"blob_key"`
	CreatedBy    string `bun:"created_by"`
	CreatedAt    int64  `bun:"created_at"`
}

func (r *mediaRow) set(m domain.Media) {
	*r = mediaRow{
		ID: string(m.ID), Organization: string(m.Organization), Name: m.Name, Kind: string(m.Kind), MIME: m.MIME,
		Bytes: m.Bytes, Width: m.Width, Height: m.Height, SHA256: m.SHA256, Alt: m.Alt, Key: m.Key,
		CreatedBy: string(m.CreatedBy), CreatedAt: micros(m.CreatedAt),
	}
}

func (r *mediaRow) value() domain.Media {
	return domain.Media{
		ID: domain.MediaID(r.ID), Organization: domain.OrganizationID(r.Organization), Name: r.Name,
		Kind: domain.MediaKind(r.Kind), MIME: r.MIME, Bytes: r.Bytes, Width: r.Width, Height: r.Height,
		SHA256: r.SHA256, Alt: r.Alt, Key: r.Key, CreatedBy: domain.UserID(r.CreatedBy), CreatedAt: instant(r.CreatedAt),
	}
}

type media struct{ repos }

func (r media) Insert(ctx context.Context, org domain.OrganizationID, m domain.Media) error {
	return insertIn[mediaRow](ctx, r.repos, org, m.Organization, m)
}

func (r media) Get(ctx context.Context, org domain.OrganizationID, id domain.MediaID) (domain.Media, error) {
	return get[mediaRow, domain.Media](ctx, r.repos, in(org, id))
}

func (r media) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.MediaID) ([]domain.Media, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[mediaRow, domain.Media](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("organization_id = ?", string(org)).Where("id IN (?)", texts(ids))
	})
}

func (r media) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Media, error) {
	return list[mediaRow, domain.Media](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org))
		if !p.After.IsZero() {
			q = q.Where("(created_at, id) < (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("created_at DESC, id DESC").Limit(int64(p.Limit))
	})
}

func (r media) Delete(ctx context.Context, org domain.OrganizationID, id domain.MediaID) error {
	n, err := r.exec(ctx, "DELETE FROM crier_media WHERE id = ? AND organization_id = ?", string(id), string(org))
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}
