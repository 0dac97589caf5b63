package queue

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Inserter stores jobs. store.Jobs says what is promised.
type Inserter interface {
	Insert(ctx context.Context, jobs ...domain.Job) error
}

// Rows is where jobs are kept. store.Jobs is one, and says what each method
// promises. Implementations are safe for concurrent use.
type Rows interface {
	Inserter
	Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error)
	Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error)
	Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error
	Dead(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error)
	Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error)
	NextWake(ctx context.Context, kinds ...string) (time.Time, error)
	Renew(ctx context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error)
}
