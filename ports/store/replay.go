package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Replays stores the requests that may be repeated, with their answers.
type Replays interface {
	// Insert returns fault.ErrConflict if the id is there: of those who begin at
	// once, one gets in.
	Insert(ctx context.Context, org domain.OrganizationID, r domain.Replay) error
	Get(ctx context.Context, org domain.OrganizationID, id string) (domain.Replay, error)
	Update(ctx context.Context, org domain.OrganizationID, id string, change func(*domain.Replay) error) (domain.Replay, error)
	// Purge removes those of all tenants whose ExpiresAt is not after now.
	Purge(ctx context.Context, now time.Time) error
}
