package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func occurrenceChecks() []Check {
	return []Check{
		{"occurrence/is booked once on a channel", occurrenceOnce},
		{"occurrence/is booked once under parallel inserts", occurrenceRace},
		{"occurrence/lists of posts are bounded", occurrencesBounded},
		{"occurrence/lists those since", occurrencesSince},
		{"occurrence/says what is taken", occurrencesTaken},
		{"occurrence/is removed", occurrenceRemoved},
		{"expand/finds what is due, in order", expandable},
		{"expand/follows changes", expandFollows},
	}
}

func occurrence(key string) func(*domain.Delivery) {
	return func(d *domain.Delivery) { d.Occurrence = key }
}

func occurrenceOnce(b *bench) {
	b.delivery("a", occurrence("2026-03-31T09:00:00"))
	twin := b.unstored("b", occurrence("2026-03-31T09:00:00"))
	for name, set := range map[string]func(*domain.Delivery){
		"another occurrence":   occurrence("2026-04-07T09:00:00"),
		"another channel":      func(d *domain.Delivery) { d.Channel = "other" },
		"another post":         func(d *domain.Delivery) { d.Post = "other" },
		"no occurrence":        occurrence(""),
		"no occurrence, again": occurrence(""),
	} {
		d := twin
		set(&d)
		d.ID = domain.DeliveryID(name)
		b.must(b.Deliveries().Insert(b, ours, d), "insert of "+name)
	}
	foreign := twin
	foreign.Organization, foreign.ID = theirs, "foreign"
	b.must(b.Deliveries().Insert(b, theirs, foreign), "insert in another organization")
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		other := b.unstored("with it", occurrence("2026-05-05T09:00:00"))
		if err := r.Deliveries().Insert(ctx, ours, other, twin); !errors.Is(err, fault.ErrConflict) {
			b.errorf("insert of an occurrence that is booked: got error %v, want fault.ErrConflict", err)
		}
		return r.Deliveries().Insert(ctx, ours, b.unstored("after it", occurrence("2026-05-05T09:00:00")))
	})
	b.must(err, "insert after one that was refused, in the same transaction")
	if _, err := b.Deliveries().Get(b, ours, "with it"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("insert of two, one of which is booked: got error %v for the other, want fault.ErrNotFound", err)
	}
}

func occurrenceRace(b *bench) {
	booked := make(chan struct{}, 20)
	b.parallel(cap(booked), func(i int) {
		err := b.Deliveries().Insert(b, ours, b.unstored(domain.DeliveryID(fmt.Sprint(i)), occurrence("2026-03-31T09:00:00")))
		switch {
		case err == nil:
			booked <- struct{}{}
		case !errors.Is(err, fault.ErrConflict):
			b.errorf("parallel insert: got error %v, want fault.ErrConflict", err)
		}
	})
	if len(booked) != 1 {
		b.errorf("an occurrence was booked %d times, want once", len(booked))
	}
}

// series stores n occurrences of a post on two channels, a day apart, and
// returns their ids.
func (b *bench) series(post domain.PostID, n int, state domain.DeliveryState) []domain.DeliveryID {
	var ids []domain.DeliveryID
	for i := range n {
		due := at(time.Duration(i) * 24 * time.Hour)
		for _, ch := range []domain.ChannelID{"x", "y"} {
			d := b.delivery(domain.DeliveryID(fmt.Sprintf("%s-%03d-%s", post, i, ch)), occurrence(due.Format("2006-01-02T15:04:05")), func(d *domain.Delivery) {
				d.Post, d.Channel, d.DueAt, d.State = post, ch, due, state
			})
			ids = append(ids, d.ID)
		}
	}
	return ids
}

func occurrencesBounded(b *bench) {
	const more = 3
	long := b.series("long", store.NewestOccurrences+more, domain.DeliveryPublished)
	short := b.series("short", 2, domain.DeliveryPublished)
	b.delivery("once", func(d *domain.Delivery) { d.Post, d.DueAt, d.State = "long", at(-time.Hour), domain.DeliveryPublished })
	of := func(ids ...domain.PostID) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "OfPosts")(b.Deliveries().OfPosts(b, ours, ids...)))
	}
	newest := append([]domain.DeliveryID{"once"}, long[2*more:]...)
	order(b, "the newest of a long one", of("long"), newest...)
	order(b, "of two posts", of("short", "long"), append(slices.Clone(newest), short...)...)
	for _, s := range domain.DeliveryStates() {
		_, err := b.Deliveries().Update(b, ours, long[1], func(d *domain.Delivery) error { d.State = s; return nil })
		b.must(err, "update")
		ended := s == domain.DeliveryPublished || s == domain.DeliveryFailed || s == domain.DeliveryMissed || s == domain.DeliveryCanceled
		if got := slices.Contains(of("long"), long[1]); got == ended {
			b.errorf("an old occurrence that is %s: got listed %v, want %v", s, got, !ended)
		}
	}
}

func occurrencesSince(b *bench) {
	ids := b.series("p", 4, domain.DeliveryScheduled)
	b.series("q", 2, domain.DeliveryScheduled)
	b.delivery("once", func(d *domain.Delivery) { d.Post = "p" })
	b.delivery("foreign", occurrence("2027-01-01T00:00:00"), func(d *domain.Delivery) { d.Post, d.Organization = "p", theirs })
	since := func(o org, from string) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "Since")(b.Deliveries().Since(b, o, "p", from)))
	}
	order(b, "all", since(ours, ""), ids...)
	order(b, "since a day, included", since(ours, "2026-03-30T12:00:00"), ids[2:]...)
	order(b, "since later that day", since(ours, "2026-03-30T12:00:01"), ids[4:]...)
	order(b, "since the end", since(ours, "2027"))
	order(b, "of our post for them", since(theirs, ""), "foreign")
	full := deliveryKind().new(b)
	full.Follows = ""
	b.must(b.Deliveries().Insert(b, ours, full), "insert")
	b.same("a full one", must2[[]domain.Delivery](b, "Since")(b.Deliveries().Since(b, ours, full.Post, full.Occurrence)), []domain.Delivery{full})
}

func occurrencesTaken(b *bench) {
	for i, s := range domain.DeliveryStates() {
		b.delivery(domain.DeliveryID(s), func(d *domain.Delivery) { d.State, d.DueAt = s, at(time.Duration(i+1)*time.Minute) })
	}
	waits := at(time.Minute) // scheduled is the first state
	blocked := at(time.Duration(1+slices.Index(domain.DeliveryStates(), domain.DeliveryBlocked)) * time.Minute)
	b.delivery("now", func(d *domain.Delivery) { d.DueAt = noon() })
	b.delivery("twice", func(d *domain.Delivery) { d.DueAt = waits })
	b.delivery("elsewhere", func(d *domain.Delivery) { d.Channel, d.DueAt = "other", at(time.Hour) })
	b.delivery("foreign", func(d *domain.Delivery) { d.Organization, d.DueAt = theirs, at(time.Hour) })
	taken := func(o org, after time.Time) []time.Time {
		return must2[[]time.Time](b, "Taken")(b.Deliveries().Taken(b, o, "channel", after))
	}
	b.same("taken", taken(ours, noon()), []time.Time{waits, blocked})
	b.same("taken after the first", taken(ours, waits), []time.Time{blocked})
	b.same("taken before noon", taken(ours, at(-time.Microsecond)), []time.Time{noon(), waits, blocked})
	b.same("taken of theirs", taken(theirs, noon()), []time.Time{at(time.Hour)})
}

func occurrenceRemoved(b *bench) {
	key := occurrence("2026-03-31T09:00:00")
	d := b.delivery("a", key)
	if err := b.Deliveries().Remove(b, theirs, d.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("Remove for another organization: got error %v, want fault.ErrNotFound", err)
	}
	b.delivery("stays", func(d *domain.Delivery) { d.WakeAt = at(time.Hour) })
	b.must(b.Deliveries().Remove(b, ours, d.ID), "Remove")
	if _, err := b.Deliveries().Get(b, ours, d.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("Get of what was removed: got error %v, want fault.ErrNotFound", err)
	}
	if err := b.Deliveries().Remove(b, ours, d.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("second Remove: got error %v, want fault.ErrNotFound", err)
	}
	b.wantWake("after Remove", at(time.Hour))
	b.delivery("again", key)
}

func (b *bench) expandable(now time.Time, limit int) []domain.PostID {
	return postIDs(must2[[]domain.Post](b, "Expandable")(b.Posts().Expandable(b, now, limit)))
}

func expandable(b *bench) {
	if got := must2[time.Time](b, "NextExpand")(b.Posts().NextExpand(b)); !got.IsZero() {
		b.errorf("next of nothing: got %v, want the zero time", got)
	}
	expands := func(t time.Time) func(*domain.Post) { return func(p *domain.Post) { p.ExpandAt = t } }
	for _, id := range slices.Backward(tied) {
		b.post(domain.PostID(id), noon(), noon(), expands(noon()))
	}
	b.post("never", noon(), noon())
	b.post("later", noon(), noon(), expands(at(time.Microsecond)))
	b.post("early", noon(), noon(), expands(at(-time.Hour)), func(p *domain.Post) { p.Organization = theirs })
	want := []domain.PostID{"early"}
	for _, id := range tied {
		want = append(want, domain.PostID(id))
	}
	order(b, "of all tenants", b.expandable(noon(), 99), want...)
	order(b, "with a limit", b.expandable(noon(), 3), want[:3]...)
	order(b, "too early", b.expandable(at(-2*time.Hour), 99))
	if got := must2[time.Time](b, "NextExpand")(b.Posts().NextExpand(b)); !got.Equal(at(-time.Hour)) {
		b.errorf("next: got %v, want the earliest, %v", got, at(-time.Hour))
	}
}

func expandFollows(b *bench) {
	b.post("a", noon(), noon(), func(p *domain.Post) { p.ExpandAt = noon() })
	for _, c := range []struct{ at, want time.Time }{{at(time.Hour), at(time.Hour)}, {time.Time{}, time.Time{}}} {
		_, err := b.Posts().Update(b, ours, "a", func(p *domain.Post) error { p.ExpandAt = c.at; return nil })
		b.must(err, "update")
		order(b, "after a change", b.expandable(noon(), 9))
		if got := must2[time.Time](b, "NextExpand")(b.Posts().NextExpand(b)); !got.Equal(c.want) {
			b.errorf("next after a change: got %v, want %v", got, c.want)
		}
	}
}
