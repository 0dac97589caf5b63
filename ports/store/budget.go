package store

import (
	"context"

	"github.com/crierhq/crier/core/domain"
)

// Budgets stores how much of the rate limits of platform apps is used. They
// belong to the installation, so there is no tenant; there are a handful.
type Budgets interface {
	// Insert returns fault.ErrConflict if the app has a budget already. That
	// does not spoil the transaction.
	Insert(ctx context.Context, b domain.Budget) error
	Get(ctx context.Context, id string) (domain.Budget, error)
	// Update works as in Organizations. Of callers that take at once, each sees
	// what those before it left.
	Update(ctx context.Context, id string, change func(*domain.Budget) error) (domain.Budget, error)
}
