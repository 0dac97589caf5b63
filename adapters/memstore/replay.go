package memstore

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

type replays repos

func (r replays) Insert(ctx context.Context, org domain.OrganizationID, v domain.Replay) error {
	return r.run(ctx, func(t *tx) error { return t.replays.insertIn(t, org, v) })
}

func (r replays) Get(ctx context.Context, org domain.OrganizationID, id string) (domain.Replay, error) {
	return query(ctx, r.run, func(t *tx) (domain.Replay, error) { return t.replays.getIn(org, id) })
}

func (r replays) Update(ctx context.Context, org domain.OrganizationID, id string, change func(*domain.Replay) error) (domain.Replay, error) {
	return query(ctx, r.run, func(t *tx) (domain.Replay, error) {
		v, err := t.replays.getIn(org, id)
		if err != nil {
			return v, err
		}
		return t.replays.update(t, v, change, func(old domain.Replay, v *domain.Replay) {
			v.ID, v.Organization, v.Version = old.ID, old.Organization, old.Version+1
		})
	})
}

func (r replays) Purge(ctx context.Context, now time.Time) error {
	return r.run(ctx, func(t *tx) error {
		for id, v := range t.replays.rows {
			if !v.ExpiresAt.After(now) {
				t.replays.write(t, id, nil)
			}
		}
		return nil
	})
}
