package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func ledgerChecks() []Check {
	return []Check{
		{"attempt/lists those of deliveries", attemptsOfDeliveries},
		{"attempt/inserts all or none", attemptsInsertedTogether},
		{"outbox/comes in order", outboxOrder},
		{"outbox/is handed on once", outboxRelayed},
		{"outbox/keeps the history of a post", outboxHistory},
		{"outbox/orders a post's events by commit", outboxCommitOrder},
	}
}

func attemptsOfDeliveries(b *bench) {
	put := func(id domain.AttemptID, o org, d domain.DeliveryID, n int) {
		b.must(b.Attempts().Insert(b, o, domain.Attempt{ID: id, Organization: o, Delivery: d, Number: n}), "insert")
	}
	put("z", ours, "a", 1)
	put("y", ours, "a", 10)
	put("x", ours, "a", 2)
	put("w", ours, "b", 1)
	put("v", ours, "c", 1)
	put("foreign", theirs, "a", 1)
	of := func(o org, ids ...domain.DeliveryID) []domain.AttemptID {
		as := must2[[]domain.Attempt](b, "OfDeliveries")(b.Attempts().OfDeliveries(b, o, ids...))
		return names(as, func(a domain.Attempt) domain.AttemptID { return a.ID })
	}
	order(b, "of two deliveries", of(ours, "b", "a", "b"), "z", "x", "y", "w")
	order(b, "of none", of(ours))
	order(b, "of our deliveries for them", of(theirs, "a", "b"), "foreign")
	order(b, "of many", of(ours, manyIDs[domain.DeliveryID]("c")...), "v")
	full := attemptKind().new(b)
	b.must(b.Attempts().Insert(b, ours, full), "insert")
	got := must2[[]domain.Attempt](b, "OfDeliveries")(b.Attempts().OfDeliveries(b, ours, full.Delivery))
	b.same("of a full one", got, []domain.Attempt{full})
}

func event(id domain.EventID, post domain.PostID) domain.Event {
	return domain.Event{ID: id, Organization: ours, Kind: domain.EventPostEdited, Post: post, Data: []byte(`{}`), At: noon()}
}

func eventIDs(evs []domain.Event) []domain.EventID {
	return names(evs, func(e domain.Event) domain.EventID { return e.ID })
}

func (b *bench) pending(limit int) []domain.Event {
	evs := must2[[]domain.Event](b, "Pending")(b.Outbox().Pending(b, limit))
	for i := range evs {
		if evs[i].Seq <= 0 || i > 0 && evs[i].Seq <= evs[i-1].Seq {
			b.errorf("sequence of pending events: got %d at place %d, want it positive and growing", evs[i].Seq, i)
		}
	}
	return evs
}

func outboxOrder(b *bench) {
	order(b, "pending in an empty outbox", eventIDs(b.pending(9)))
	b.must(b.Outbox().Append(b, event("z", "p"), event("b", "q"), event("y", "p")), "append")
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		b.must(r.Outbox().Append(ctx, event("a", "p")), "append")
		return r.Outbox().Append(ctx, event("x", ""))
	}), "InTx")
	b.must(b.Outbox().Append(b), "append of nothing")
	order(b, "pending", eventIDs(b.pending(9)), "z", "b", "y", "a", "x")
	order(b, "pending with a limit", eventIDs(b.pending(2)), "z", "b")
	if err := b.Outbox().Append(b, event("z", "p")); !errors.Is(err, fault.ErrConflict) {
		b.errorf("append of an event that is there: got error %v, want fault.ErrConflict", err)
	}
}

func outboxRelayed(b *bench) {
	b.must(b.Outbox().Append(b, event("a", "p"), event("b", "p"), event("c", "p")), "append")
	b.must(b.Outbox().MarkRelayed(b, noon(), "b", "none"), "mark")
	order(b, "pending after one was handed on", eventIDs(b.pending(9)), "a", "c")
	b.must(b.Outbox().MarkRelayed(b, noon(), "b", "a"), "mark again")
	b.must(b.Outbox().MarkRelayed(b, noon()), "mark of nothing")
	order(b, "pending after two were handed on", eventIDs(b.pending(9)), "c")
	var ids []domain.EventID
	for i := range 1200 {
		ids = append(ids, domain.EventID(fmt.Sprint("e", i)))
		b.must(b.Outbox().Append(b, event(ids[i], "")), "append")
		if i == 20 {
			break
		}
	}
	b.must(b.Outbox().MarkRelayed(b, noon(), ids...), "mark many")
	order(b, "pending after many were handed on", eventIDs(b.pending(9)), "c")
}

func outboxHistory(b *bench) {
	for i := range 5 {
		b.must(b.Outbox().Append(b, event(domain.EventID(fmt.Sprint("p", 9-i)), "p"), event(domain.EventID(fmt.Sprint("q", i)), "q")), "append")
	}
	foreign := event("foreign", "p")
	foreign.Organization = theirs
	b.must(b.Outbox().Append(b, foreign), "append")
	b.must(b.Outbox().MarkRelayed(b, noon(), "p6"), "mark")
	of := func(o org, limit int) []domain.EventID {
		return eventIDs(must2[[]domain.Event](b, "OfPost")(b.Outbox().OfPost(b, o, "p", limit)))
	}
	order(b, "all", of(ours, 9), "p9", "p8", "p7", "p6", "p5")
	order(b, "the newest", of(ours, 3), "p7", "p6", "p5")
	order(b, "of our post for them", of(theirs, 9), "foreign")
}

// outboxCommitOrder holds one transaction open behind its append, and lets
// another append for the same post meanwhile. A relay that runs between the
// two commits must not be overtaken.
func outboxCommitOrder(b *bench) {
	appended, done := make(chan struct{}), make(chan error, 1)
	want := []domain.EventID{"first", "second"}
	go func() {
		<-appended
		done <- b.InTx(b, func(ctx context.Context, r store.Repos) error {
			return r.Outbox().Append(ctx, event("second", "p"))
		})
	}()
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		if err := r.Outbox().Append(ctx, event("first", "p")); err != nil {
			return err
		}
		close(appended)
		select {
		case err := <-done:
			done <- err
			want = []domain.EventID{"second", "first"} // it was committed first
		case <-time.After(50 * time.Millisecond): // the store made the other wait: that is right
		}
		return nil
	}), "InTx")
	b.must(<-done, "InTx of the second")
	order(b, "events by commit", eventIDs(b.pending(9)), want...)
}
