package storetest_test

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// followsTwice books what is booked for a rule already as a rule of its own.
type followsTwice struct{ store.Deliveries }

func (f followsTwice) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	ds = slices.Clone(ds)
	for i := range ds {
		if ds[i].Follows != "" {
			ds[i].Follows += ds[i].ID
		}
	}
	return f.Deliveries.Insert(ctx, org, ds...)
}

// crowds lets what follows take the place of its occurrence.
type crowds struct{ store.Deliveries }

func (c crowds) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	for _, d := range ds {
		if d.Follows != "" && d.Occurrence != "" {
			return fault.ErrConflict
		}
	}
	return c.Deliveries.Insert(ctx, org, ds...)
}

// listsFollowed lists a post by whatever follows it, too.
type listsFollowed struct{ store.Posts }

func (l listsFollowed) List(ctx context.Context, org domain.OrganizationID, f store.PostFilter) ([]domain.Post, error) {
	f.Deliveries = nil
	return l.Posts.List(ctx, org, f)
}
