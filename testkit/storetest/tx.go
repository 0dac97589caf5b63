package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func txChecks() []Check {
	return []Check{
		{"tx/keeps all of it", txKeepsAll},
		{"tx/rollback keeps nothing", rollbackKeepsNothing},
		{"tx/rollback takes back changes", rollbackTakesBack},
		{"tx/a panic keeps nothing", panicKeepsNothing},
		{"tx/the error comes back as it is", errorAsItIs},
		{"tx/sees its own writes", seesOwnWrites},
		{"tx/others see nothing before the end", seenByNobody},
		{"tx/goes on after a conflict", goesOnAfterConflict},
		{"tx/a failed call keeps nothing of itself", failedCallKeepsNothing},
		{"tx/a canceled context keeps nothing", canceledKeepsNothing},
		{"tx/post update keeps others out", postUpdateLocks},
		{"ping/answers", ping},
	}
}

// putAll stores one row of every kind and returns looks at them.
func putAll(b *bench, r store.Repos) (looks map[string]func(store.Repos) (bool, error), err error) {
	looks = map[string]func(store.Repos) (bool, error){}
	for _, k := range kinds() {
		there, err := k.put(b, r)
		if err != nil {
			return looks, err
		}
		looks[k.called()] = there
	}
	return looks, nil
}

// look says for every kind whether its row is there as wanted.
func look(b *bench, r store.Repos, when string, looks map[string]func(store.Repos) (bool, error), want bool) {
	for name, there := range looks {
		got, err := there(r)
		if err != nil {
			b.errorf("%s: reading the %s: got error %q, want none", when, name, err)
		} else if got != want {
			b.errorf("%s: is the %s there: got %t, want %t", when, name, got, want)
		}
	}
}

type looks = map[string]func(store.Repos) (bool, error)

func txKeepsAll(b *bench) {
	var l looks
	b.must(b.InTx(b, func(_ context.Context, r store.Repos) (err error) {
		l, err = putAll(b, r)
		return err
	}), "InTx")
	look(b, b, "after InTx", l, true)
}

func rollbackKeepsNothing(b *bench) {
	var l looks
	err := b.InTx(b, func(_ context.Context, r store.Repos) (err error) {
		if l, err = putAll(b, r); err != nil {
			return err
		}
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	look(b, b, "after a rollback", l, false)
	evs := must2[[]domain.Event](b, "Pending")(b.Outbox().Pending(b, 10))
	if len(evs) != 0 {
		b.errorf("after a rollback %d events are pending, want 0", len(evs))
	}
}

func rollbackTakesBack(b *bench) {
	post, del, med := postKind().new(b), deliveryKind().new(b), mediaKind().new(b)
	doc := domain.Document{Space: "s", Key: "k", At: noon(), Data: []byte(`{"v":1}`)}
	b.must(b.Posts().Insert(b, ours, post), "insert")
	del.WakeAt, del.Lease = noon(), domain.Lease{Token: 4}
	b.must(b.Deliveries().Insert(b, ours, del), "insert")
	b.must(b.Media().Insert(b, ours, med), "insert")
	b.must(b.Secrets().Set(b, "n", "old"), "set")
	_, err := b.Documents().Put(b, doc)
	b.must(err, "put")
	ev := eventKind().new(b)
	b.must(b.Outbox().Append(b, ev), "append")

	err = b.InTx(b, func(ctx context.Context, r store.Repos) error {
		_, err := r.Posts().Update(ctx, ours, post.ID, func(p *domain.Post) error { p.Wall = "changed"; return nil })
		b.must(err, "update")
		_, err = r.Deliveries().Claim(ctx, store.Claim{Owner: "w", Now: noon(), Until: at(time.Minute), Limit: 5})
		b.must(err, "claim")
		b.must(r.Media().Delete(ctx, ours, med.ID), "delete")
		b.must(r.Secrets().Set(ctx, "n", "new"), "set")
		b.must(r.Documents().Delete(ctx, "s", "k"), "delete")
		b.must(r.Outbox().MarkRelayed(ctx, noon(), ev.ID), "mark")
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	b.same("post after a rollback", must2[domain.Post](b, "get")(b.Posts().Get(b, ours, post.ID)), post)
	b.same("delivery after a rollback", must2[domain.Delivery](b, "get")(b.Deliveries().Get(b, ours, del.ID)), del)
	b.same("file after a rollback", must2[domain.Media](b, "get")(b.Media().Get(b, ours, med.ID)), med)
	b.same("document after a rollback", must2[domain.Document](b, "get")(b.Documents().Get(b, "s", "k")), doc)
	b.same("secret after a rollback", must2[string](b, "get")(b.Secrets().Get(b, "n")), "old")
	if evs := must2[[]domain.Event](b, "Pending")(b.Outbox().Pending(b, 10)); len(evs) != 1 {
		b.errorf("after a rollback %d events are pending, want 1", len(evs))
	}
	if wake := must2[time.Time](b, "NextWake")(b.Deliveries().NextWake(b)); !wake.Equal(noon()) {
		b.errorf("next wake after a claim was rolled back: got %v, want %v", wake, noon())
	}
}

func panicKeepsNothing(b *bench) {
	var l looks
	func() {
		defer func() {
			if p := recover(); p != any(errWanted) {
				b.errorf("a panic of fn came out as %v, want it unchanged", p)
			}
		}()
		err := b.InTx(b, func(_ context.Context, r store.Repos) (err error) {
			if l, err = putAll(b, r); err != nil {
				return err
			}
			panic(errWanted)
		})
		b.errorf("InTx returned %v where fn panicked", err)
	}()
	look(b, b, "after a panic", l, false)
	_, err := postKind().put(b, b)
	b.must(err, "insert after a panic")
}

func errorAsItIs(b *bench) {
	for name, want := range map[string]error{
		"plain": errWanted, "NotFound": fault.ErrNotFound, "Conflict": fault.New(fault.Conflict, "x", "Wrong."),
	} {
		err := b.InTx(b, func(context.Context, store.Repos) error { return want })
		if err != want { //nolint:errorlint // it must come back as it is
			b.errorf("%s error of fn: got %v, want the very one", name, err)
		}
	}
}

func seesOwnWrites(b *bench) {
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		l, err := putAll(b, r)
		if err != nil {
			return err
		}
		look(b, r, "inside the transaction", l, true)
		post := postKind().new(b)
		post.State = domain.PostScheduled
		b.must(r.Posts().Insert(ctx, ours, post), "insert")
		for range 3 {
			_, err = r.Posts().Update(ctx, ours, post.ID, func(p *domain.Post) error { p.Wall += "+"; return nil })
			b.must(err, "update")
		}
		got := must2[[]domain.Post](b, "list")(r.Posts().List(ctx, ours, store.PostFilter{
			Page: store.Page{Limit: 10}, State: domain.PostScheduled,
		}))
		if len(got) != 1 || got[0].Version != post.Version+3 {
			b.errorf("list inside the transaction: got %+v, want the post after its three changes", got)
		}
		return nil
	}), "InTx")
}

func seenByNobody(b *bench) {
	v := postKind().new(b)
	type answer struct {
		post domain.Post
		err  error
	}
	seen := make(chan answer, 1)
	err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
		b.must(r.Posts().Insert(ctx, ours, v), "insert")
		go func() {
			p, err := b.Posts().Get(b, ours, v.ID)
			seen <- answer{p, err}
		}()
		select {
		case a := <-seen:
			seen <- a
		case <-time.After(20 * time.Millisecond): // a store may let readers wait
		}
		return errWanted
	})
	if !errors.Is(err, errWanted) {
		b.fatalf("InTx: got error %v, want the one of fn", err)
	}
	if a := <-seen; !errors.Is(a.err, fault.ErrNotFound) {
		b.errorf("read of a row that was never committed: got %+v and error %v, want fault.ErrNotFound", a.post, a.err)
	}
}

func goesOnAfterConflict(b *bench) {
	user, ch, del := userKind().new(b), channelKind().new(b), deliveryKind().new(b)
	ev, con, mem := eventKind().new(b), connectKind().new(b), memberKind().new(b)
	taken := userKind().new(b)
	var l looks
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) (err error) {
		inserts := map[string]func() error{
			"user":     func() error { return r.Users().Insert(ctx, user) },
			"channel":  func() error { return r.Channels().Insert(ctx, ours, ch) },
			"delivery": func() error { return r.Deliveries().Insert(ctx, ours, del) },
			"event":    func() error { return r.Outbox().Append(ctx, ev) },
			"connect":  func() error { return r.Connects().Insert(ctx, con) },
			"member":   func() error { return r.Members().Insert(ctx, mem) },
		}
		for name, insert := range inserts {
			b.must(insert(), "insert "+name)
			if err := insert(); !errors.Is(err, fault.ErrConflict) {
				b.errorf("second insert of the %s: got error %v, want fault.ErrConflict", name, err)
			}
		}
		b.must(r.Users().Insert(ctx, taken), "insert")
		_, err = r.Users().Update(ctx, user.ID, func(u *domain.User) error { u.Email = taken.Email; return nil })
		if !errors.Is(err, fault.ErrConflict) {
			b.errorf("update to an address that is taken: got error %v, want fault.ErrConflict", err)
		}
		l, err = putAll(b, r)
		return err
	}), "InTx that met conflicts")
	look(b, b, "after a transaction that met conflicts", l, true)
	b.same("user", must2[domain.User](b, "get")(b.Users().Get(b, user.ID)), user)
}

func failedCallKeepsNothing(b *bench) {
	first, second, ev := deliveryKind().new(b), deliveryKind().new(b), eventKind().new(b)
	fresh := eventKind().new(b)
	b.must(b.Deliveries().Insert(b, ours, second), "insert")
	b.must(b.Outbox().Append(b, ev), "append")
	b.must(b.InTx(b, func(ctx context.Context, r store.Repos) error {
		if err := r.Deliveries().Insert(ctx, ours, first, second); !errors.Is(err, fault.ErrConflict) {
			b.errorf("insert of two deliveries, one of them twice: got error %v, want fault.ErrConflict", err)
		}
		if err := r.Outbox().Append(ctx, fresh, ev); !errors.Is(err, fault.ErrConflict) {
			b.errorf("append of two events, one of them twice: got error %v, want fault.ErrConflict", err)
		}
		return nil
	}), "InTx")
	if _, err := b.Deliveries().Get(b, ours, first.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("a delivery of a failed insert: got error %v, want fault.ErrNotFound", err)
	}
	if evs := must2[[]domain.Event](b, "Pending")(b.Outbox().Pending(b, 10)); len(evs) != 1 {
		b.errorf("after a failed append %d events are pending, want 1", len(evs))
	}
}

func canceledKeepsNothing(b *bench) {
	ctx, cancel := context.WithCancel(b)
	var l looks
	err := b.InTx(ctx, func(_ context.Context, r store.Repos) (err error) {
		l, err = putAll(b, r)
		cancel()
		return err
	})
	if err == nil {
		b.errorf("InTx whose context was canceled before the end: got no error, want one")
	}
	look(b, b, "after a canceled transaction", l, false)
	p := postKind().new(b)
	if err := b.Posts().Insert(ctx, ours, p); !errors.Is(err, context.Canceled) {
		b.errorf("insert with a canceled context: got error %v, want context.Canceled", err)
	}
	if _, err := b.Posts().Get(b, ours, p.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("after an insert with a canceled context: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Posts().Get(ctx, ours, p.ID); !errors.Is(err, context.Canceled) {
		b.errorf("get with a canceled context: got error %v, want context.Canceled", err)
	}
	err = b.InTx(ctx, func(context.Context, store.Repos) error { return nil })
	if !errors.Is(err, context.Canceled) {
		b.errorf("InTx with a canceled context: got error %v, want context.Canceled", err)
	}
}

// postUpdateLocks has two transactions read, wait and write: without a lock
// both would read the same.
func postUpdateLocks(b *bench) {
	const n = 8
	p := postKind().new(b)
	p.Wall = ""
	b.must(b.Posts().Insert(b, ours, p), "insert")
	b.must(b.Secrets().Set(b, "count", ""), "set")
	b.parallel(n, func(int) {
		err := b.InTx(b, func(ctx context.Context, r store.Repos) error {
			if _, err := r.Posts().Update(ctx, ours, p.ID, func(*domain.Post) error { return nil }); err != nil {
				return err
			}
			sealed, err := r.Secrets().Get(ctx, "count")
			if err != nil {
				return err
			}
			return r.Secrets().Set(ctx, "count", sealed+"+")
		})
		if err != nil {
			b.errorf("InTx: got error %q, want none", err)
		}
	})
	if got := must2[string](b, "get")(b.Secrets().Get(b, "count")); len(got) != n {
		b.errorf("%d of %d transactions that held the same post landed", len(got), n)
	}
}

func ping(b *bench) {
	b.must(b.Ping(b), "ping")
	ctx, cancel := context.WithCancel(b)
	cancel()
	if err := b.Ping(ctx); err == nil {
		b.errorf("ping with a canceled context: got no error, want one")
	}
}
