package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func followChecks() []Check {
	return []Check{
		{"follow/is booked once for a rule", followOnce},
		{"follow/is booked once under parallel inserts", followRace},
		{"follow/shares the occurrence of what it follows", followOccurrence},
		{"follow/does not decide which posts are listed", followList},
	}
}

func follows(id domain.DeliveryID, rule int) func(*domain.Delivery) {
	return func(d *domain.Delivery) { d.Follows, d.Rule, d.Action = id, rule, domain.ActionComment }
}

func followOnce(b *bench) {
	b.delivery("root")
	b.delivery("first", follows("root", 1))
	for name, set := range map[string]func(*domain.Delivery){
		"another rule": follows("root", 2), "the rule of another one": follows("other", 1),
		"none": follows("", 1), "none, again": follows("", 1),
	} {
		b.delivery(domain.DeliveryID(name), set)
	}
	b.delivery("foreign", follows("root", 1), func(d *domain.Delivery) { d.Organization = theirs })
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		twin := b.unstored("twin", follows("root", 1), func(d *domain.Delivery) { d.Channel = "other" })
		if err := r.Deliveries().Insert(ctx, ours, twin); !errors.Is(err, fault.ErrConflict) {
			b.errorf("insert of what is booked for a rule: got error %v, want fault.ErrConflict", err)
		}
		return r.Deliveries().Insert(ctx, ours, b.unstored("after it", follows("root", 3)))
	})
	b.must(err, "insert after one that was refused, in the same transaction")
}

func followRace(b *bench) {
	booked := make(chan struct{}, 20)
	b.parallel(cap(booked), func(i int) {
		err := b.Deliveries().Insert(b, ours, b.unstored(domain.DeliveryID(fmt.Sprint(i)), follows("root", 0)))
		switch {
		case err == nil:
			booked <- struct{}{}
		case !errors.Is(err, fault.ErrConflict):
			b.errorf("parallel insert: got error %v, want fault.ErrConflict", err)
		}
	})
	if len(booked) != 1 {
		b.errorf("a rule was booked %d times, want once", len(booked))
	}
}

func followOccurrence(b *bench) {
	key := occurrence("2026-03-31T09:00:00")
	b.delivery("root", key)
	b.delivery("a", key, follows("root", 0))
	b.delivery("b", key, follows("root", 1))
	since := must2[[]domain.Delivery](b, "Since")(b.Deliveries().Since(b, ours, "post", ""))
	order(b, "since", deliveryIDs(since), "root")
	all := must2[[]domain.Delivery](b, "OfPosts")(b.Deliveries().OfPosts(b, ours, "post"))
	order(b, "of the post", deliveryIDs(all), "a", "b", "root")
}

func followList(b *bench) {
	b.post("post", noon(), noon())
	b.delivery("root", func(d *domain.Delivery) { d.State = domain.DeliveryPublished })
	b.delivery("a", follows("root", 0), func(d *domain.Delivery) { d.State = domain.DeliveryFailed })
	of := func(s domain.DeliveryState) []domain.PostID {
		return b.posts(store.PostFilter{Deliveries: []domain.DeliveryState{s}})
	}
	order(b, "posts that are published", of(domain.DeliveryPublished), "post")
	order(b, "posts of which only what follows failed", of(domain.DeliveryFailed))
}
