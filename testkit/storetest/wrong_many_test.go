package storetest_test

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// manyAnyway stores the rows that the change refuses, too.
type manyAnyway struct{ store.Deliveries }

func (m manyAnyway) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error) {
	return m.Deliveries.UpdateMany(ctx, org, ids, func(d *domain.Delivery) error {
		_ = change(d)
		return nil
	})
}

// manyForAll changes the rows of every organization.
type manyForAll struct{ store.Attempts }

func (m manyForAll) UpdateMany(ctx context.Context, _ domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error) {
	return both(func(o domain.OrganizationID) ([]domain.Attempt, error) {
		return m.Attempts.UpdateMany(ctx, o, ids, change)
	})
}

// manyForgetful keeps only a part of what the change did.
type manyForgetful struct{ store.Deliveries }

func (m manyForgetful) UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error) {
	return m.Deliveries.UpdateMany(ctx, org, ids, func(d *domain.Delivery) error {
		err := change(d)
		d.WakeAt = d.WakeAt.Add(1000)
		return err
	})
}

// insertsOneByOne keeps the attempts before one that exists.
type insertsOneByOne struct{ store.Attempts }

func (i insertsOneByOne) Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error {
	for _, a := range as {
		if err := i.Attempts.Insert(ctx, org, a); err != nil {
			return err
		}
	}
	return nil
}

// locksByChange counts a post up to lock it.
type locksByChange struct{ store.Posts }

func (l locksByChange) Lock(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) error {
	_, err := l.Update(ctx, org, ids[0], func(*domain.Post) error { return nil })
	return err
}

func manyWrong() map[string]wrongCase {
	return map[string]wrongCase{
		"many are changed against their will": {[]string{"delivery/update of many leaves out what is refused"}, func() patches {
			return patches{deliveries: func(d store.Deliveries) store.Deliveries { return manyAnyway{d} }}
		}},
		"many are changed across tenants": {[]string{"attempt/update of many keeps tenants apart"}, func() patches {
			return patches{attempts: func(a store.Attempts) store.Attempts { return manyForAll{a} }}
		}},
		"many are changed in part": {[]string{"delivery/update of many keeps every field"}, func() patches {
			return patches{deliveries: func(d store.Deliveries) store.Deliveries { return manyForgetful{d} }}
		}},
		"many are inserted in part": {[]string{"attempt/inserts all or none"}, func() patches {
			return patches{attempts: func(a store.Attempts) store.Attempts { return insertsOneByOne{a} }}
		}},
		"a lock changes": {[]string{"post/is locked until the transaction ends"}, func() patches {
			return patches{posts: func(p store.Posts) store.Posts { return locksByChange{p} }}
		}},
	}
}
