package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func claimChecks() []Check {
	return []Check{
		{"claim/takes what is due, in order", claimOrder},
		{"claim/gives a lease", claimLease},
		{"claim/keeps to limit and providers", claimLimits},
		{"claim/a lease keeps others away until it ends", leaseHolds},
		{"claim/a finished delivery is free", claimAfterRest},
		{"claim/never hands one out twice", claimNeverTwice},
		{"claim/a rollback frees it", claimRollback},
		{"claim/takes many at once", claimMany},
		{"wake/nothing to wake for", wakeNothing},
		{"wake/is that of a platform", wakeOfPlatforms},
		{"wake/follows claims and changes", wakeFollows},
		{"renew/extends living leases of the owner only", renewOwn},
		{"renew/leaves fenced leases alone", renewFenced},
	}
}

// claim claims for a minute from now.
func (b *bench) claim(owner string, now time.Time, limit int, providers ...domain.ProviderID) []domain.Delivery {
	return must2[[]domain.Delivery](b, "claim")(b.Deliveries().Claim(b, store.Claim{
		Owner: owner, Now: now, Until: now.Add(time.Minute), Limit: limit, Providers: providers,
	}))
}

// rest does what the domain does to a delivery that the engine is to leave
// alone until wake: it takes the lease away and fences its holder off.
func rest(d *domain.Delivery, wake time.Time) error {
	d.WakeAt, d.Lease = wake, domain.Lease{Token: d.Lease.Token + 1}
	return nil
}

func wake(t time.Time) func(*domain.Delivery) {
	return func(d *domain.Delivery) { d.WakeAt = t }
}

func claimOrder(b *bench) {
	b.alone("future", wake(at(time.Microsecond)))
	b.alone("never", wake(time.Time{}))
	for _, id := range slices.Backward(tied) {
		b.alone(domain.DeliveryID(id), wake(at(-time.Minute)))
	}
	b.alone("now", wake(noon()))
	b.alone("oldest", wake(at(-time.Hour)), func(d *domain.Delivery) { d.Organization = theirs })
	b.alone("processing", wake(at(-time.Second)), func(d *domain.Delivery) { d.State = domain.DeliveryProcessing })
	want := []domain.DeliveryID{"oldest"}
	for _, id := range tied {
		want = append(want, domain.DeliveryID(id))
	}
	want = append(want, "processing", "now")
	order(b, "first claim", deliveryIDs(b.claim("w", noon(), 4)), want[:4]...)
	order(b, "second claim", deliveryIDs(b.claim("w", noon(), 100)), want[4:]...)
	order(b, "third claim", deliveryIDs(b.claim("w", noon(), 100)))
}

func claimLease(b *bench) {
	d := deliveryKind().new(b)
	d.WakeAt, d.Lease = noon(), domain.Lease{Token: 6}
	b.must(b.Deliveries().Insert(b, ours, d), "insert")
	until := at(time.Minute).In(time.FixedZone("east", 3600)).Add(999)
	got := must2[[]domain.Delivery](b, "claim")(b.Deliveries().Claim(b, store.Claim{Owner: "w", Now: noon(), Until: until, Limit: 1}))
	d.Claim("w", until)
	b.same("what claim returned", got, []domain.Delivery{d})
	b.same("what get returned after it", must2[domain.Delivery](b, "get")(b.Deliveries().Get(b, ours, d.ID)), d)
	again := b.claim("v", until, 1)
	if len(again) != 1 || again[0].Lease.Token != 8 || again[0].Lease.Owner != "v" {
		b.errorf("claim after the lease ended: got %+v, want it with token 8 for v", again)
	}
}

func claimLimits(b *bench) {
	of := func(p domain.ProviderID) func(*domain.Delivery) {
		return func(d *domain.Delivery) { d.Provider = p }
	}
	b.alone("1", of("x"))
	b.alone("2", of("y"))
	b.alone("3", of("z"))
	b.alone("4", of("y"))
	order(b, "of one provider", deliveryIDs(b.claim("w", noon(), 1, "y")), "2")
	order(b, "of two providers", deliveryIDs(b.claim("w", noon(), 9, "z", "y")), "3", "4")
	order(b, "of an unknown provider", deliveryIDs(b.claim("w", noon(), 9, "none")))
	order(b, "of all", deliveryIDs(b.claim("w", noon(), 9)), "1")
}

func leaseHolds(b *bench) {
	b.alone("d")
	order(b, "claim", deliveryIDs(b.claim("one", noon(), 1)), "d")
	order(b, "claim by another", deliveryIDs(b.claim("two", at(time.Minute-time.Microsecond), 1)))
	order(b, "claim by the owner", deliveryIDs(b.claim("one", at(time.Minute-time.Microsecond), 1)))
	got := b.claim("two", at(time.Minute), 1)
	order(b, "claim at the end of the lease", deliveryIDs(got), "d")
	if len(got) == 1 && (got[0].Lease.Token != 2 || got[0].Version != 3) {
		b.errorf("after two claims: got token %d and version %d, want 2 and 3", got[0].Lease.Token, got[0].Version)
	}
}

func claimAfterRest(b *bench) {
	d := b.alone("d")
	b.claim("w", noon(), 1)
	_, err := b.Deliveries().Update(b, ours, d.ID, func(d *domain.Delivery) error { return rest(d, at(time.Second)) })
	b.must(err, "update")
	order(b, "claim before the retry", deliveryIDs(b.claim("w", at(time.Second-time.Microsecond), 1)))
	order(b, "claim at the retry", deliveryIDs(b.claim("w", at(time.Second), 1)), "d")
	_, err = b.Deliveries().Update(b, ours, d.ID, func(d *domain.Delivery) error { return rest(d, time.Time{}) })
	b.must(err, "update")
	order(b, "claim of what is out", deliveryIDs(b.claim("w", at(24*time.Hour), 1)))
}

func claimNeverTwice(b *bench) {
	const rows, workers = 120, 8
	var ds []domain.Delivery
	for i := range rows {
		ds = append(ds, domain.Delivery{
			ID: domain.DeliveryID(fmt.Sprintf("d%03d", i)), Channel: domain.ChannelID(fmt.Sprintf("c%03d", i)),
			Organization: ours, State: domain.DeliveryScheduled,
			WakeAt: at(time.Duration(-i%7) * time.Second), Version: 1,
		})
	}
	b.must(b.Deliveries().Insert(b, ours, ds...), "insert")
	var mu sync.Mutex
	times := map[domain.DeliveryID]int{}
	b.parallel(workers, func(w int) {
		// A good store is done long before; one that never runs dry must end too.
		for vain, round := 0, 0; vain < 3 && round < rows; round++ {
			ds, err := b.Deliveries().Claim(b, store.Claim{Owner: fmt.Sprint("w", w), Now: noon(), Until: at(time.Minute), Limit: 7})
			if err != nil {
				b.errorf("parallel claim: got error %q, want none", err)
				return
			}
			if len(ds) == 0 {
				vain++
			}
			mu.Lock()
			for _, d := range ds {
				if times[d.ID]++; times[d.ID] == 2 {
					b.errorf("%s was handed out twice", d.ID)
				}
			}
			mu.Unlock()
		}
	})
	if len(times) != rows {
		b.errorf("%d of %d deliveries were handed out", len(times), rows)
	}
}

func claimRollback(b *bench) {
	b.alone("d")
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		ds, err := r.Deliveries().Claim(ctx, store.Claim{Owner: "w", Now: noon(), Until: at(time.Hour), Limit: 1})
		b.must(err, "claim")
		order(b, "claim inside", deliveryIDs(ds), "d")
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	order(b, "claim after the rollback", deliveryIDs(b.claim("v", noon(), 1)), "d")
}

func claimMany(b *bench) {
	const n = 1000
	var ds []domain.Delivery
	for i := range n {
		ds = append(ds, domain.Delivery{
			ID: domain.DeliveryID(fmt.Sprintf("d%04d", i)), Channel: domain.ChannelID(fmt.Sprintf("c%04d", i)),
			Organization: ours, State: domain.DeliveryScheduled, WakeAt: noon(), Version: 1,
		})
	}
	b.must(b.Deliveries().Insert(b, ours, ds...), "insert")
	if got := b.claim("w", noon(), 2*n); len(got) != n {
		b.errorf("claim of all: got %d, want %d", len(got), n)
	}
	ids := must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "w", deliveryIDs(ds), at(time.Hour)))
	if len(ids) != n {
		b.errorf("renew of all: got %d, want %d", len(ids), n)
	}
}

// wantWake checks that the next wake is never too late, and right after claims
// at the times before have found nothing.
func (b *bench) wantWake(when string, want time.Time) {
	var got time.Time
	for range 9 {
		got = must2[time.Time](b, "NextWake")(b.Deliveries().NextWake(b))
		if got.IsZero() || !want.IsZero() && !got.Before(want) {
			break
		}
		if ds := b.claim("early", got, 9); len(ds) > 0 {
			b.errorf("a claim at %v, %s, took %v", got, when, deliveryIDs(ds))
		}
	}
	b.same("next wake "+when, got, want)
}

func wakeOfPlatforms(b *bench) {
	b.alone("mine", wake(at(time.Hour)), func(d *domain.Delivery) { d.Provider = "mine" })
	b.alone("other", wake(noon()), func(d *domain.Delivery) { d.Provider = "other" })
	for name, tc := range map[string]struct {
		providers []domain.ProviderID
		want      time.Time
	}{
		"mine": {[]domain.ProviderID{"mine"}, at(time.Hour)}, "both": {[]domain.ProviderID{"mine", "other"}, noon()},
		"all": {nil, noon()}, "another": {[]domain.ProviderID{"another"}, time.Time{}},
	} {
		got := must2[time.Time](b, "NextWake")(b.Deliveries().NextWake(b, tc.providers...))
		b.same("next wake of "+name, got, tc.want)
	}
}

func wakeNothing(b *bench) {
	b.wantWake("of an empty store", time.Time{})
	b.alone("never", wake(time.Time{}))
	b.wantWake("where nothing but a person helps", time.Time{})
}

func wakeFollows(b *bench) {
	b.alone("later", wake(at(time.Hour)))
	d := b.alone("soon", wake(noon()), func(d *domain.Delivery) { d.Organization = theirs })
	b.wantWake("of two", noon())
	b.claim("w", noon(), 1)
	b.wantWake("while the lease lives", at(time.Minute))
	b.must2Renew("w", d.ID, at(2*time.Hour))
	b.wantWake("after the lease was renewed beyond the other", at(time.Hour))
	b.must2Renew("w", d.ID, at(10*time.Minute))
	b.wantWake("after it was renewed for less than it has", at(time.Hour))
	_, err := b.Deliveries().Update(b, theirs, d.ID, func(d *domain.Delivery) error { return rest(d, at(20*time.Minute)) })
	b.must(err, "update")
	b.wantWake("after the delivery was put to rest", at(20*time.Minute))
	b.alone("leased", wake(at(5*time.Minute)), func(d *domain.Delivery) {
		d.Lease = domain.Lease{Owner: "w", Until: at(time.Minute), Token: 1}
	})
	b.wantWake("of one whose lease ends before it is due", at(5*time.Minute))
	for _, id := range []domain.DeliveryID{"later", "leased"} {
		_, err = b.Deliveries().Update(b, ours, id, func(d *domain.Delivery) error { return rest(d, time.Time{}) })
		b.must(err, "cancel")
	}
	b.wantWake("after the others were canceled", at(20*time.Minute))
	_, err = b.Deliveries().Update(b, theirs, d.ID, func(d *domain.Delivery) error { d.WakeAt = time.Time{}; return nil })
	b.must(err, "update")
	b.wantWake("after all came to an end", time.Time{})
}

func (b *bench) must2Renew(owner string, id domain.DeliveryID, until time.Time) {
	ids := must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, owner, []domain.DeliveryID{id}, until))
	order(b, "renewed", ids, id)
}

func renewOwn(b *bench) {
	b.alone("mine")
	b.alone("other", wake(at(time.Microsecond)))
	b.alone("free", wake(at(time.Hour)))
	b.claim("w", noon(), 1)
	b.claim("v", at(time.Second), 1)
	b.must2Renew("w", "mine", at(time.Minute)) // a renewal may be repeated
	all := []domain.DeliveryID{"mine", "other", "free", "none"}
	ids := must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "w", all, at(5*time.Minute)))
	order(b, "renewed", ids, "mine")
	order(b, "claim at the old end", deliveryIDs(b.claim("x", at(2*time.Minute), 9)), "other")
	order(b, "claim at the new end", deliveryIDs(b.claim("x", at(5*time.Minute), 9)), "other", "mine")
	if got := must2[domain.Delivery](b, "get")(b.Deliveries().Get(b, ours, "free")); got.Lease != (domain.Lease{}) {
		b.errorf("lease of a free delivery after a renewal: got %+v, want none", got.Lease)
	}
	ids = must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "w", all, at(time.Hour)))
	order(b, "renewed after another took it", ids)
	order(b, "renewed of nothing", must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "x", nil, at(time.Hour))))
	for _, id := range []domain.DeliveryID{"free", "none"} {
		ids = must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "", []domain.DeliveryID{id}, at(time.Hour)))
		order(b, "renewed for nobody", ids)
	}
}

func renewFenced(b *bench) {
	d := b.alone("d")
	e := b.alone("e")
	b.claim("w", noon(), 2)
	_, err := b.Deliveries().Update(b, ours, d.ID, func(d *domain.Delivery) error { return rest(d, time.Time{}) })
	b.must(err, "cancel")
	_, err = b.Deliveries().Update(b, ours, e.ID, func(d *domain.Delivery) error { return rest(d, at(time.Hour)) })
	b.must(err, "reschedule")
	ids := must2[[]domain.DeliveryID](b, "renew")(b.Deliveries().Renew(b, "w", []domain.DeliveryID{d.ID, e.ID}, at(5*time.Minute)))
	order(b, "renewed", ids)
	got := must2[domain.Delivery](b, "get")(b.Deliveries().Get(b, ours, e.ID))
	if got.Lease.Owner != "" || !got.Lease.Until.IsZero() || got.Lease.Token != 2 {
		b.errorf("lease after it was taken away and a renewal: got %+v, want token 2 and no owner", got.Lease)
	}
	order(b, "claim at the new time", deliveryIDs(b.claim("v", at(time.Hour), 9)), "e")
}
