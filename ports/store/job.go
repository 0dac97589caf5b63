package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Jobs stores side jobs. A use case inserts them in the transaction that makes
// them necessary, so that a job exists if and only if that is kept; the workers
// of ports/queue, for which this is a queue.Rows, run them.
type Jobs interface {
	// Insert stores jobs. One whose ID exists, or whose Key a job of its
	// organization and kind has that is not dead, is left out without an error;
	// that does not spoil the transaction. Of two transactions that insert the
	// same key at once, one waits for the other.
	Insert(ctx context.Context, jobs ...domain.Job) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error)
	// Update works as in Organizations. It returns fault.ErrConflict if the job
	// would then share its key with another one that is not dead.
	Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error)
	// Remove deletes a job if the Token of its lease is still the given one,
	// and returns fault.ErrNotFound otherwise.
	Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error
	// Dead returns the dead letters of an organization, the newest DiedAt
	// first; equal ones are ordered by id, the greater first.
	Dead(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error)

	// Claim picks up to c.Limit jobs that are domain.Job.Due and of the wanted
	// kinds, in the order of RunAt and id, calls domain.Job.Claim on each and
	// returns them. Two callers never get the same one. Like the methods below
	// it crosses tenants on purpose: only workers call it.
	Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error)
	// NextWake returns the earliest time at which there may be a job of these
	// kinds to claim, leases that run out included, or the zero time if there
	// is none. No kinds: all.
	NextWake(ctx context.Context, kinds ...string) (time.Time, error)
	// Renew makes the leases that owner still holds on ids last until the given
	// time. It returns those it renewed, in order.
	Renew(ctx context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error)
}
