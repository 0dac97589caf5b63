package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func laneChecks() []Check {
	return []Check{
		{"lane/does one thing at a time", laneOneAtATime},
		{"lane/begins in due order", laneDueOrder},
		{"lane/is held up by its head", laneHeadWaits},
		{"lane/goes on with what it has begun", laneOthers},
		{"lane/keeps its pace", lanePace},
		{"lane/looks into what it sent without a gap", lanePaceLooks},
		{"lane/paces of one organization only", lanePaceTenants},
		{"lane/moves up when its head goes away", laneHeadGoes},
		{"lane/moves up when its head is removed", laneHeadRemoved},
		{"lane/looks at what comes later", laneComesLater},
		{"lane/is free again after a rollback", laneRollback},
		{"lane/never does two things at once", laneNeverTwo},
		{"lane/sees what many turn to", manyLanes},
		{"lane/paces many", manyPaced},
		{"turn/organizations take turns", turnsRound},
		{"turn/what is held counts", turnsHeld},
		{"turn/nobody takes more than a share", turnsShare},
	}
}

// on puts a delivery into a lane.
func on(ch domain.ChannelID, due time.Duration, s domain.DeliveryState) func(*domain.Delivery) {
	return func(d *domain.Delivery) { d.Channel, d.DueAt, d.WakeAt, d.State = ch, at(due), at(due), s }
}

// done ends a delivery.
func (b *bench) done(id domain.DeliveryID) {
	b.change(id, func(d *domain.Delivery) error {
		d.State = domain.DeliveryPublished
		return rest(d, time.Time{})
	})
}

func (b *bench) change(id domain.DeliveryID, change func(*domain.Delivery) error) {
	_, err := b.Deliveries().Update(b, ours, id, change)
	b.must(err, "update of "+string(id))
}

func laneOneAtATime(b *bench) {
	b.delivery("1", on("x", -time.Minute, domain.DeliveryScheduled))
	b.delivery("2", on("x", -time.Second, domain.DeliveryScheduled))
	b.delivery("3", on("x", 0, domain.DeliveryProcessing))
	b.delivery("4", on("y", 0, domain.DeliveryScheduled))
	order(b, "first claim", deliveryIDs(b.claim("w", noon(), 9)), "1", "4")
	order(b, "claim while both are held", deliveryIDs(b.claim("v", at(time.Minute-time.Microsecond), 9)))
	b.done("1")
	order(b, "claim after the first is done", deliveryIDs(b.claim("v", noon(), 9)), "2")
	b.done("2")
	order(b, "claim after the second is done", deliveryIDs(b.claim("v", noon(), 9)), "3")
	b.done("3")
	b.wantWake("of the other channel", at(time.Minute))
	order(b, "claim when the lease of the fourth is over", deliveryIDs(b.claim("v", at(time.Minute), 9)), "4")
}

func laneDueOrder(b *bench) {
	for _, id := range []domain.DeliveryID{"b", "B", "a"} {
		b.delivery(id, on("x", 0, domain.DeliveryScheduled))
	}
	b.delivery("late", on("x", 0, domain.DeliveryScheduled), func(d *domain.Delivery) { d.DueAt = at(-time.Hour) })
	b.delivery("soon", on("x", time.Minute, domain.DeliveryScheduled))
	for _, want := range []domain.DeliveryID{"late", "B", "a", "b", "soon"} {
		order(b, "claim", deliveryIDs(b.claim("w", at(time.Minute), 9)), want)
		b.done(want)
	}
	order(b, "claim of nothing", deliveryIDs(b.claim("w", at(time.Minute), 9)))
}

func laneHeadWaits(b *bench) {
	b.delivery("1", on("x", -time.Minute, domain.DeliveryScheduled))
	b.delivery("2", on("x", 0, domain.DeliveryScheduled))
	b.claim("w", noon(), 9)
	b.change("1", func(d *domain.Delivery) error { return rest(d, at(time.Hour)) })
	b.wantWake("while the head waits", at(time.Hour))
	order(b, "claim while the head waits", deliveryIDs(b.claim("w", at(time.Hour-time.Microsecond), 9)))
	order(b, "claim when it is time", deliveryIDs(b.claim("w", at(time.Hour), 9)), "1")
}

func laneOthers(b *bench) {
	begun := func(d *domain.Delivery) {
		d.Parts = []domain.Part{{Ref: &domain.Ref{ID: "1"}, PublishedAt: noon()}, {}}
	}
	b.delivery("thread", on("x", 3*time.Minute, domain.DeliveryPublishing), begun)
	b.delivery("working", on("x", 2*time.Minute, domain.DeliveryProcessing))
	b.delivery("blocked", on("x", time.Minute, domain.DeliveryBlocked))
	b.delivery("scheduled", on("x", 4*time.Minute, domain.DeliveryScheduled), func(d *domain.Delivery) { d.DueAt = at(-time.Hour) })
	b.wantWake("of four", at(time.Minute))
	for _, want := range []domain.DeliveryID{"blocked", "working", "thread", "scheduled"} {
		order(b, "claim", deliveryIDs(b.claim("w", at(4*time.Minute), 9)), want)
		b.done(want)
	}
	b.wantWake("of none", time.Time{})
}

func pace(ch domain.ChannelID, free time.Time) map[domain.ChannelID]time.Time {
	return map[domain.ChannelID]time.Time{ch: free}
}

func lanePace(b *bench) {
	b.delivery("1", on("x", 0, domain.DeliveryScheduled))
	b.delivery("2", on("x", 0, domain.DeliveryScheduled))
	b.delivery("3", on("y", 0, domain.DeliveryScheduled))
	b.delivery("4", on("x", 2*time.Minute, domain.DeliveryProcessing))
	order(b, "claim", deliveryIDs(b.claim("w", noon(), 9)), "1", "3")
	b.must(b.Deliveries().Pace(b, ours, pace("x", at(5*time.Minute))), "pace")
	b.must(b.Deliveries().Pace(b, ours, pace("x", at(time.Minute))), "pace to an earlier time")
	b.done("1")
	b.done("3")
	order(b, "claim before the gap is over", deliveryIDs(b.claim("w", at(2*time.Minute), 9)), "4")
	b.done("4")
	b.wantWake("behind the gap", at(5*time.Minute))
	order(b, "claim just before the gap is over", deliveryIDs(b.claim("w", at(5*time.Minute-time.Microsecond), 9)))
	order(b, "claim behind the gap", deliveryIDs(b.claim("w", at(5*time.Minute), 9)), "2")
}

func lanePaceLooks(b *bench) {
	b.delivery("1", on("x", 0, domain.DeliveryPublishing), func(d *domain.Delivery) { d.Open = "attempt" })
	b.delivery("2", on("x", 0, domain.DeliveryScheduled))
	b.must(b.Deliveries().Pace(b, ours, pace("x", at(time.Hour))), "pace")
	order(b, "claim of one with an intent", deliveryIDs(b.claim("w", noon(), 9)), "1")
	b.change("1", func(d *domain.Delivery) error { return rest(d, at(time.Minute)) })
	b.wantWake("for the next look", at(time.Minute))
}

func lanePaceTenants(b *bench) {
	b.delivery("1", on("x", 0, domain.DeliveryScheduled))
	for name, err := range map[string]error{
		"of another organization": b.Deliveries().Pace(b, theirs, pace("x", at(time.Hour))),
		"of an unknown channel":   b.Deliveries().Pace(b, ours, pace("none", at(time.Hour))),
	} {
		if !errors.Is(err, fault.ErrNotFound) {
			b.errorf("pace %s: got error %v, want not found", name, err)
		}
	}
	order(b, "claim", deliveryIDs(b.claim("w", noon(), 9)), "1")
}

func laneHeadGoes(b *bench) {
	b.delivery("1", on("x", -time.Minute, domain.DeliveryScheduled))
	b.delivery("2", on("x", 0, domain.DeliveryScheduled))
	b.claim("w", noon(), 9)
	b.change("1", func(d *domain.Delivery) error { return rest(d, at(time.Hour)) })
	order(b, "claim while the head waits", deliveryIDs(b.claim("w", noon(), 9)))
	b.change("1", func(d *domain.Delivery) error {
		d.State = domain.DeliveryCanceled
		return rest(d, time.Time{})
	})
	order(b, "claim after the head was withdrawn", deliveryIDs(b.claim("w", noon(), 9)), "2")
	b.change("2", func(d *domain.Delivery) error { // an editor takes it away from the worker
		d.DueAt = at(time.Hour)
		return rest(d, at(time.Hour))
	})
	b.delivery("3", on("x", time.Minute, domain.DeliveryScheduled))
	order(b, "claim of the one that is due first now", deliveryIDs(b.claim("v", at(time.Hour), 9)), "3")
}

func laneHeadRemoved(b *bench) {
	b.delivery("1", on("x", 0, domain.DeliveryScheduled), wake(at(time.Hour)))
	b.delivery("2", on("x", time.Minute, domain.DeliveryScheduled))
	order(b, "claim while the head waits", deliveryIDs(b.claim("w", at(time.Minute), 9)))
	b.must(b.Deliveries().Remove(b, ours, "1"), "remove")
	order(b, "claim after the head is gone", deliveryIDs(b.claim("w", at(time.Minute), 9)), "2")
}

func laneComesLater(b *bench) {
	order(b, "claim of nothing", deliveryIDs(b.claim("w", noon(), 9)))
	b.delivery("1", on("x", time.Hour, domain.DeliveryScheduled))
	order(b, "claim of what is to come", deliveryIDs(b.claim("w", noon(), 9)))
	b.delivery("2", on("x", 0, domain.DeliveryScheduled))
	b.wantWake("after something earlier came", noon())
	order(b, "claim of what came", deliveryIDs(b.claim("w", noon(), 9)), "2")
	b.done("2")
	b.change("1", func(d *domain.Delivery) error {
		d.DueAt = at(time.Minute)
		return rest(d, at(time.Minute))
	})
	b.wantWake("after it was moved", at(time.Minute))
	order(b, "claim of what was moved", deliveryIDs(b.claim("w", at(time.Minute), 9)), "1")
}

func laneRollback(b *bench) {
	b.delivery("1", on("x", 0, domain.DeliveryScheduled))
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		ds, err := r.Deliveries().Claim(ctx, store.Claim{Owner: "w", Now: noon(), Until: at(time.Hour), Limit: 1})
		b.must(err, "claim")
		order(b, "claim inside", deliveryIDs(ds), "1")
		b.must(r.Deliveries().Pace(ctx, ours, pace("x", at(time.Hour))), "pace")
		b.must(r.Deliveries().Insert(ctx, ours, domain.Delivery{ID: "2", Organization: ours, Channel: "x", WakeAt: at(-time.Hour), State: domain.DeliveryProcessing}), "insert")
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	b.wantWake("after the rollback", noon())
	order(b, "claim after the rollback", deliveryIDs(b.claim("v", noon(), 9)), "1")
}

// laneNeverTwo has workers and an editor at the same channels.
func laneNeverTwo(b *bench) {
	const channels, each = 5, 12
	total := 0
	for i := range channels * each {
		ch := domain.ChannelID(fmt.Sprint("c", i%channels))
		b.delivery(domain.DeliveryID(fmt.Sprintf("d%03d", i)), on(ch, time.Duration(i)*time.Microsecond, domain.DeliveryScheduled))
		total++
	}
	var mu sync.Mutex
	busy := map[domain.ChannelID]domain.DeliveryID{}
	last := map[domain.ChannelID]domain.DeliveryID{}
	finished := 0
	work := func(w int) bool {
		ds, err := b.Deliveries().Claim(b, store.Claim{Owner: fmt.Sprint("w", w), Now: at(time.Second), Until: at(time.Minute), Limit: 2})
		if err != nil {
			b.errorf("parallel claim: got error %q, want none", err)
			return false
		}
		mu.Lock()
		for _, d := range ds {
			if other, ok := busy[d.Channel]; ok {
				b.errorf("%s was handed out while %s of the same channel was held", d.ID, other)
			}
			if d.ID < last[d.Channel] {
				b.errorf("%s was handed out after %s", d.ID, last[d.Channel])
			}
			busy[d.Channel], last[d.Channel] = d.ID, d.ID
		}
		mu.Unlock()
		for _, d := range ds {
			mu.Lock()
			delete(busy, d.Channel)
			finished++
			mu.Unlock()
			b.done(d.ID)
		}
		mu.Lock()
		defer mu.Unlock()
		return finished < total
	}
	b.parallel(4, func(w int) {
		for round := 0; round < 100*total && work(w); round++ {
			if w == 0 { // new ones come in meanwhile, of channels that are busy
				b.delivery(domain.DeliveryID(fmt.Sprint("later", round)), on("c0", time.Hour, domain.DeliveryScheduled))
			}
		}
	})
	if finished != total {
		b.errorf("%d of %d deliveries were handed out", finished, total)
	}
}

func turnsRound(b *bench) {
	of := func(o domain.OrganizationID) func(*domain.Delivery) {
		return func(d *domain.Delivery) { d.Organization = o }
	}
	for i, id := range []domain.DeliveryID{"a1", "a2", "a3", "a4"} {
		b.alone(id, wake(at(time.Duration(i-100)*time.Second)))
	}
	b.alone("b1", wake(at(-time.Second)), of(theirs))
	b.alone("b2", wake(noon()), of(theirs))
	b.alone("c1", wake(at(-2*time.Second)), of("third"))
	order(b, "first claim", deliveryIDs(b.claim("w", noon(), 4)), "a1", "c1", "b1", "a2")
	order(b, "second claim", deliveryIDs(b.claim("w", noon(), 9)), "a3", "b2", "a4")
}

func turnsHeld(b *bench) {
	b.alone("a1", wake(at(-time.Hour)))
	b.alone("b1", func(d *domain.Delivery) { d.Organization = theirs })
	b.alone("b2", func(d *domain.Delivery) { d.Organization = theirs })
	got := must2[[]domain.Delivery](b, "claim")(b.Deliveries().Claim(b, store.Claim{
		Owner: "w", Now: noon(), Until: at(time.Minute), Limit: 2, Held: map[domain.OrganizationID]int{ours: 5, "other": 1},
	}))
	order(b, "claim with much of ours in hand", deliveryIDs(got), "b1", "b2")
}

func turnsShare(b *bench) {
	for i := range 5 {
		b.alone(domain.DeliveryID(fmt.Sprint("a", i)))
	}
	b.alone("b", func(d *domain.Delivery) { d.Organization = theirs })
	claim := func(held, share int) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "claim")(b.Deliveries().Claim(b, store.Claim{
			Owner: "w", Now: noon(), Until: at(time.Minute), Limit: 9, Held: map[domain.OrganizationID]int{ours: held}, Share: share,
		})))
	}
	order(b, "of an organization that has its share", claim(3, 3), "b")
	order(b, "of one that has a part of it", claim(1, 3), "a0", "a1")
	order(b, "without a bound", claim(100, 0), "a2", "a3", "a4")
}
