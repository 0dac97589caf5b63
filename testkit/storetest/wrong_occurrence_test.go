package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// booksTwice gives what is booked already an occurrence of its own.
type booksTwice struct{ store.Deliveries }

func (b booksTwice) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	ds = slices.Clone(ds)
	for i := range ds {
		if ds[i].Occurrence != "" {
			ds[i].Occurrence += string(ds[i].ID)
		}
	}
	return b.Deliveries.Insert(ctx, org, ds...)
}

type unbounded struct{ store.Deliveries }

func (u unbounded) OfPosts(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error) {
	var out []domain.Delivery
	for _, id := range ids {
		ds, err := u.Since(ctx, org, id, "")
		if err != nil {
			return nil, err
		}
		out = append(out, ds...)
	}
	return out, nil
}

type sinceLate struct{ store.Deliveries }

func (s sinceLate) Since(ctx context.Context, org domain.OrganizationID, post domain.PostID, from string) ([]domain.Delivery, error) {
	return s.Deliveries.Since(ctx, org, post, from+"\x01")
}

type takenNow struct{ store.Deliveries }

func (t takenNow) Taken(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, after time.Time) ([]time.Time, error) {
	return t.Deliveries.Taken(ctx, org, id, after.Add(-time.Microsecond))
}

type removesNothing struct{ store.Deliveries }

func (r removesNothing) Remove(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) error {
	_, err := r.Get(ctx, org, id)
	return err
}

type expandsEarly struct{ store.Posts }

func (e expandsEarly) Expandable(ctx context.Context, now time.Time, limit int) ([]domain.Post, error) {
	ps, err := e.Posts.Expandable(ctx, now.Add(time.Hour), limit)
	slices.Reverse(ps)
	return ps, err
}

type expandsNow struct{ store.Posts }

func (expandsNow) NextExpand(context.Context) (time.Time, error) { return time.Unix(1, 0).UTC(), nil }
