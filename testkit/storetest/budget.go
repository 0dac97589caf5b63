package storetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func budgetChecks() []Check {
	return []Check{
		{"budget/update keeps every field but the identity", budgetUpdate},
		{"budget/an error of change grants nothing", budgetFails},
		{"budget/takers at once never exceed it", budgetRace},
	}
}

func budgetUpdate(b *bench) {
	k := budgetKind()
	old, want := k.new(b), k.new(b)
	b.must(b.Budgets().Insert(b, old), "insert")
	got := must2[domain.Budget](b, "update")(b.Budgets().Update(b, old.ID, func(v *domain.Budget) error {
		*v = want
		v.ID, v.Version = "somebody-else", 99
		return nil
	}))
	want.ID, want.Version = old.ID, 2
	b.same("what update returned", got, want)
	b.same("what get returned after update", must2[domain.Budget](b, "get")(b.Budgets().Get(b, old.ID)), want)
	_, err := b.Budgets().Update(b, "nobody", func(*domain.Budget) error {
		b.errorf("change was called for a row that is not there")
		return nil
	})
	if !errors.Is(err, fault.ErrNotFound) {
		b.errorf("update of a row that is not there: got error %v, want fault.ErrNotFound", err)
	}
}

// limits are what the checks take from.
func limits() []domain.RateLimit { return []domain.RateLimit{{Calls: 25, Per: time.Hour}} }

func budgetFails(b *bench) {
	b.must(b.Budgets().Insert(b, domain.Budget{ID: "app", Version: 1}), "insert")
	_, err := b.Budgets().Update(b, "app", func(v *domain.Budget) error {
		v.Grant(limits(), 25, noon())
		return errWanted
	})
	if err != errWanted { //nolint:errorlint // it must come back as it is
		b.errorf("error of change: got %v, want the very error it returned", err)
	}
	b.same("after an update with an error", must2[domain.Budget](b, "get")(b.Budgets().Get(b, "app")), domain.Budget{ID: "app", Version: 1})
}

// budgetRace has more takers than there are calls, in transactions and alone.
func budgetRace(b *bench) {
	b.must(b.Budgets().Insert(b, domain.Budget{ID: "app", Version: 1}), "insert")
	var mu sync.Mutex
	granted := 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		granted += n
	}
	b.parallel(20, func(i int) {
		for range 3 {
			n := 0
			take := func(ctx context.Context, r store.Repos) error {
				_, err := r.Budgets().Update(ctx, "app", func(v *domain.Budget) error {
					n, _ = v.Grant(limits(), 1, noon())
					return nil
				})
				return err
			}
			err := take(b, b)
			if i%2 == 0 && err == nil {
				count(n)
				err = b.InTx(b, take)
			}
			if err != nil {
				b.errorf("parallel take: got error %q, want none", err)
				return
			}
			count(n)
		}
	})
	if granted != 25 {
		b.errorf("takers at once were granted %d calls of a limit of 25, want exactly those", granted)
	}
}
