package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// manyFunc changes the rows with these ids at once.
type manyFunc[T any] func(ctx context.Context, r store.Repos, org domain.OrganizationID, ids []string, change func(*T) error) ([]T, error)

func (k kind[T]) manyChecks() []Check {
	named := func(name string, run func(*bench)) Check { return Check{Name: k.name + "/" + name, run: run} }
	return []Check{
		named("update of many keeps every field", k.manyKeepEveryField),
		named("update of many leaves out what is refused", k.manyRefused),
		named("update of many keeps tenants apart", k.manyTenants),
		named("update of many is undone with its transaction", k.manyUndone),
	}
}

func (k kind[T]) id(v T) string {
	id, _, _ := k.keys(&v)
	return *id
}

// changeMany has each of these rows counted up, and returns the ids of those
// that come back.
func (k kind[T]) changeMany(b *bench, r store.Repos, o org, ids []string, refuse ...string) []string {
	got := must2[[]T](b, "update of many")(k.many(b, r, o, ids, func(v *T) error {
		if slices.Contains(refuse, k.id(*v)) {
			return errWanted
		}
		*k.counter(v) += "!"
		return nil
	}))
	return slices.Sorted(slices.Values(names(got, k.id)))
}

func (k kind[T]) manyKeepEveryField(b *bench) {
	full, bare, hollowed, gone := k.new(b), *new(T), *new(T), k.new(b)
	hollow(reflect.ValueOf(&hollowed).Elem())
	k.identify(&bare, b.next())
	k.identify(&hollowed, b.next())
	for _, v := range []T{full, bare, hollowed} {
		b.must(k.insert(b, b, v), "insert")
	}
	ids := []string{k.id(bare), k.id(full), k.id(gone), k.id(hollowed), k.id(full)}
	got := must2[[]T](b, "update of many")(k.many(b, b, ours, ids, func(v *T) error {
		*k.counter(v) += "!"
		return nil
	}))
	if len(got) != 3 {
		b.fatalf("update of three that exist: got %d back, want 3", len(got))
	}
	for _, want := range []T{full, bare, hollowed} {
		*k.counter(&want) += "!"
		if _, _, version := k.keys(&want); version != nil {
			*version++
		}
		b.same("what is stored", must2[T](b, "get")(k.get(b, b, want)), want)
		i := slices.IndexFunc(got, func(v T) bool { return k.id(v) == k.id(want) })
		if i < 0 {
			b.fatalf("update of many: %s did not come back", k.id(want))
		}
		b.same("what came back", got[i], want)
	}
	none := must2[[]T](b, "update of none")(k.many(b, b, ours, nil, func(*T) error { return errWanted }))
	order(b, "update of none", names(none, k.id))
}

func (k kind[T]) manyRefused(b *bench) {
	good, bad := k.new(b), k.new(b)
	b.must(k.insert(b, b, good), "insert")
	b.must(k.insert(b, b, bad), "insert")
	order(b, "update of two, one of them refused", k.changeMany(b, b, ours, []string{k.id(bad), k.id(good)}, k.id(bad)), k.id(good))
	b.same("the refused one", must2[T](b, "get")(k.get(b, b, bad)), bad)
	*k.counter(&good) += "!"
	stored := must2[T](b, "get")(k.get(b, b, good))
	if got, want := *k.counter(&stored), *k.counter(&good); got != want {
		b.errorf("the other one: got %q, want %q", got, want)
	}
}

func (k kind[T]) manyTenants(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	order(b, "update by another organization", k.changeMany(b, b, theirs, []string{k.id(v)}))
	b.same("after that", must2[T](b, "get")(k.get(b, b, v)), v)
}

func (k kind[T]) manyUndone(b *bench) {
	v := k.new(b)
	b.must(k.insert(b, b, v), "insert")
	err := b.InTx(b, func(_ context.Context, r store.Repos) error {
		order(b, "update inside", k.changeMany(b, r, ours, []string{k.id(v)}), k.id(v))
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	b.same("after the rollback", must2[T](b, "get")(k.get(b, b, v)), v)
}

// manyLanes has claims see what many deliveries turned to.
func manyLanes(b *bench) {
	ids := []domain.DeliveryID{"1", "2", "3"}
	for i, id := range ids {
		b.delivery(id, on(domain.ChannelID(rune('x'+i)), 0, domain.DeliveryScheduled))
	}
	order(b, "claim", deliveryIDs(b.claim("w", noon(), 9)), ids...)
	done := must2[[]domain.Delivery](b, "update of many")(b.Deliveries().UpdateMany(b, ours, ids, func(d *domain.Delivery) error {
		if d.ID == "3" { // goes over to another channel
			d.Channel = "w"
		}
		return rest(d, at(time.Minute))
	}))
	if len(done) != len(ids) {
		b.errorf("update of many: got %d back, want %d", len(done), len(ids))
	}
	b.wantWake("of many", at(time.Minute))
	order(b, "claim of what rests", deliveryIDs(b.claim("v", noon(), 9)))
	order(b, "claim after the rest", deliveryIDs(b.claim("v", at(time.Minute), 9)), "3", "1", "2")
}

func manyPaced(b *bench) {
	for i, id := range []domain.DeliveryID{"1", "2", "3"} {
		b.delivery(id, on(domain.ChannelID(rune('x'+i)), 0, domain.DeliveryScheduled))
	}
	b.must(b.Deliveries().Pace(b, ours, map[domain.ChannelID]time.Time{"x": at(time.Hour), "z": at(time.Minute)}), "pace of two")
	b.must(b.Deliveries().Pace(b, ours, nil), "pace of none")
	order(b, "claim of the free one", deliveryIDs(b.claim("w", noon(), 9)), "2")
	b.done("2")
	order(b, "claim after the shorter gap", deliveryIDs(b.claim("w", at(time.Minute), 9)), "3")
}

func attemptsInsertedTogether(b *bench) {
	attempt := func(n int) domain.Attempt {
		return domain.Attempt{ID: domain.AttemptID(rune('a' + n)), Organization: ours, Delivery: "d", Number: n}
	}
	b.must(b.Attempts().Insert(b, ours, attempt(1), attempt(2)), "insert two")
	if err := b.Attempts().Insert(b, ours, attempt(3), attempt(2)); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert of a new one and one that exists: got error %v, want a conflict", err)
	}
	as := must2[[]domain.Attempt](b, "OfDeliveries")(b.Attempts().OfDeliveries(b, ours, "d"))
	order(b, "attempts", names(as, func(a domain.Attempt) int { return a.Number }), 1, 2)
}

// postsLocked counts up a setting, which nothing else keeps from being lost,
// under the lock of two posts.
func postsLocked(b *bench) {
	k := postKind()
	one, two := k.new(b), k.new(b)
	b.must(k.insert(b, b, one), "insert")
	b.must(k.insert(b, b, two), "insert")
	b.must(b.Settings().Set(b, "count", json.RawMessage("0")), "set")
	const each = 5
	b.parallel(4, func(i int) {
		ids := []domain.PostID{one.ID, "missing", two.ID}
		if i%2 == 1 {
			slices.Reverse(ids)
		}
		for range each {
			err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
				if err := r.Posts().Lock(ctx, ours, ids...); err != nil {
					return err
				}
				return countUp(ctx, r)
			})
			if err != nil {
				b.errorf("under the lock: got error %q, want none", err)
			}
		}
	})
	got := must2[json.RawMessage](b, "get")(b.Settings().Get(b, "count"))
	if want := strconv.Itoa(4 * each); string(got) != want {
		b.errorf("counted under the lock of two posts: got %s, want %s", got, want)
	}
	b.same("a post that was locked", must2[domain.Post](b, "get")(k.get(b, b, one)), one)
}

func countUp(ctx context.Context, r store.Repos) error {
	raw, err := r.Settings().Get(ctx, "count")
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil {
		return err
	}
	return r.Settings().Set(ctx, "count", json.RawMessage(strconv.Itoa(n+1)))
}
