package bunstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
)

type budgetRow struct {
	bun.BaseModel `bun:"table:crier_budgets"`

	ID        string                        `bun:"id,pk"`
	Windows   object[[]domain.BudgetWindow] `bun:"windows"`
	Left      int                           `bun:"calls_left"`
	LeftUntil int64                         `bun:"left_until"`
	Version   int                           `bun:"version"`
}

func (r *budgetRow) set(b domain.Budget) {
	*r = budgetRow{
		ID: b.ID, Windows: object[[]domain.BudgetWindow]{instants(b.Windows)}, Left: b.Left,
		LeftUntil: micros(b.LeftUntil), Version: b.Version,
	}
}

func (r *budgetRow) value() domain.Budget {
	return domain.Budget{
		ID: r.ID, Windows: instants(r.Windows.of), Left: r.Left, LeftUntil: instant(r.LeftUntil), Version: r.Version,
	}
}

// instants copies windows with their times as they are kept.
func instants(windows []domain.BudgetWindow) []domain.BudgetWindow {
	out := slices.Clone(windows)
	for i := range out {
		out[i].Used = slices.Clone(out[i].Used)
		for j := range out[i].Used {
			out[i].Used[j].At = domain.Instant(out[i].Used[j].At)
		}
	}
	return out
}

type budgets struct{ repos }

func (r budgets) Insert(ctx context.Context, b domain.Budget) error {
	return insert[budgetRow](ctx, r.repos, b)
}

func (r budgets) Get(ctx context.Context, id string) (domain.Budget, error) {
	return get[budgetRow, domain.Budget](ctx, r.repos, byID(id))
}

func (r budgets) Update(ctx context.Context, id string, change func(*domain.Budget) error) (domain.Budget, error) {
	return update[budgetRow](ctx, r.repos, byID(id), change, func(old domain.Budget, b *domain.Budget) {
		b.ID, b.Version = old.ID, old.Version+1
	})
}
