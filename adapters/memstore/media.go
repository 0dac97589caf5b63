package memstore

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type media repos

func (r media) Insert(ctx context.Context, org domain.OrganizationID, m domain.Media) error {
	return r.run(ctx, func(t *tx) error { return t.media.insertIn(t, org, m) })
}

func (r media) Get(ctx context.Context, org domain.OrganizationID, id domain.MediaID) (domain.Media, error) {
	return query(ctx, r.run, func(t *tx) (domain.Media, error) { return t.media.getIn(org, string(id)) })
}

func (r media) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.MediaID) ([]domain.Media, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Media, error) { return many(t.media, org, ids), nil })
}

func (r media) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Media, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Media, error) {
		var out []domain.Media
		for k := range t.mediaList.down(before(string(org), p.After)) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			out = append(out, clone(t.media.rows[k.id]))
		}
		return out, nil
	})
}

// before is where a page of a descending list starts; down leaves out the key
// itself.
func before(group string, p store.Position) key {
	if p.IsZero() {
		return key{group: group, at: maxAt}
	}
	return key{group, micros(p.At), p.ID}
}

func (r media) Delete(ctx context.Context, org domain.OrganizationID, id domain.MediaID) error {
	return r.run(ctx, func(t *tx) error {
		if m, ok := t.media.rows[string(id)]; !ok || m.Organization != org {
			return fault.ErrNotFound
		}
		t.media.write(t, string(id), nil)
		return nil
	})
}
