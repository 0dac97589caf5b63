package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
)

type deliveries repos

func (r deliveries) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	return r.run(ctx, func(t *tx) error {
		return t.atomically(func() error {
			for _, d := range ds {
				if err := t.deliveries.insertIn(t, org, d); err != nil {
					return err
				}
				t.relane(d)
			}
			return nil
		})
	})
}

func (r deliveries) Get(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) (domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) (domain.Delivery, error) { return t.deliveries.getIn(org, string(id)) })
}

func (r deliveries) OfPosts(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for _, id := range sorted(ids) {
			oldest := t.oldest(id)
			for k := range t.ofPost.group(string(id)) {
				if d := t.deliveries.rows[k.id]; d.Organization == org && listed(d, oldest) {
					out = append(out, clone(d))
				}
			}
		}
		return out, nil
	})
}

// sorted returns ids in order, each once.
func sorted[ID ~string](ids []ID) []ID {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (r deliveries) OfChannel(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, limit int, states ...domain.DeliveryState) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for k := range t.ofChannel.group(string(id)) {
			if len(out) >= limit {
				break
			}
			if d := t.deliveries.rows[k.id]; d.Organization == org && slices.Contains(states, d.State) {
				out = append(out, clone(d))
			}
		}
		return out, nil
	})
}

func (r deliveries) ChangedSince(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, at time.Time) ([]domain.Delivery, error) {
	return r.those(ctx, org, id, func(d domain.Delivery) bool { return !d.UpdatedAt.Before(at) })
}

func (r deliveries) WithRef(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, refs ...string) ([]domain.Delivery, error) {
	return r.those(ctx, org, id, func(d domain.Delivery) bool { return d.HasRef(refs...) })
}

// those are the deliveries of a channel that are like that, in due order.
func (r deliveries) those(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, like func(domain.Delivery) bool) ([]domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Delivery, error) {
		var out []domain.Delivery
		for k := range t.ofChannel.group(string(id)) {
			if d := t.deliveries.rows[k.id]; d.Organization == org && like(d) {
				out = append(out, clone(d))
			}
		}
		return out, nil
	})
}

func (r deliveries) Update(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
	return query(ctx, r.run, func(t *tx) (domain.Delivery, error) { return t.updateDelivery(org, id, change) })
}

func (t *tx) updateDelivery(org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
	d, err := t.deliveries.getIn(org, string(id))
	if err != nil {
		return d, err
	}
	old := d
	d, err = t.deliveries.update(t, d, change, func(old domain.Delivery, d *domain.Delivery) {
		d.ID, d.Organization, d.Version = old.ID, old.Organization, old.Version+1
	})
	if err == nil {
		t.relane(d)
		t.relane(old)
	}
	return d, err
}

func (r deliveries) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error) {
	return updateMany(ctx, r.run, ids, change, func(t *tx, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error) {
		return t.updateDelivery(org, id, change)
	})
}

func (r deliveries) Renew(ctx context.Context, owner string, ids []domain.DeliveryID, until time.Time) ([]domain.DeliveryID, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.DeliveryID, error) {
		var out []domain.DeliveryID
		for _, id := range sorted(ids) {
			d, ok := t.deliveries.rows[string(id)]
			if !ok || owner == "" || d.Lease.Owner != owner {
				continue
			}
			d = clone(d)
			d.Hold(until)
			t.deliveries.write(t, string(id), &d)
			t.relane(d)
			out = append(out, id)
		}
		return out, nil
	})
}
