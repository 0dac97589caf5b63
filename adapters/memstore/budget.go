package memstore

import (
	"context"

	"github.com/crierhq/crier/core/domain"
)

type budgets repos

func (r budgets) Insert(ctx context.Context, b domain.Budget) error {
	return r.run(ctx, func(t *tx) error { return t.budgets.insert(t, b) })
}

func (r budgets) Get(ctx context.Context, id string) (domain.Budget, error) {
	return query(ctx, r.run, func(t *tx) (domain.Budget, error) { return t.budgets.get(id) })
}

func (r budgets) Update(ctx context.Context, id string, change func(*domain.Budget) error) (domain.Budget, error) {
	return query(ctx, r.run, func(t *tx) (domain.Budget, error) {
		b, err := t.budgets.get(id)
		if err != nil {
			return b, err
		}
		return t.budgets.update(t, b, change, func(old domain.Budget, b *domain.Budget) {
			b.ID, b.Version = old.ID, old.Version+1
		})
	})
}
