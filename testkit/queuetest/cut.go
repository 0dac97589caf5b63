package queuetest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

// Cut returns rows that can be cut off: after cut, every call fails and changes
// nothing, as it would for a process that was killed.
func Cut(rows queue.Rows) (severed queue.Rows, cut func()) {
	c := &cutRows{rows: rows}
	return c, func() { c.off.Store(true) }
}

type cutRows struct {
	rows queue.Rows
	off  atomic.Bool
}

var errCut = errors.New("queuetest: this consumer was killed")

func guard[T any](c *cutRows, do func() (T, error)) (T, error) {
	if c.off.Load() {
		var zero T
		return zero, errCut
	}
	return do()
}

func (c *cutRows) Insert(ctx context.Context, jobs ...domain.Job) error {
	_, err := guard(c, func() (struct{}, error) { return struct{}{}, c.rows.Insert(ctx, jobs...) })
	return err
}

func (c *cutRows) Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	return guard(c, func() (domain.Job, error) { return c.rows.Get(ctx, org, id) })
}

func (c *cutRows) Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	return guard(c, func() (domain.Job, error) { return c.rows.Update(ctx, org, id, change) })
}

func (c *cutRows) Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error {
	_, err := guard(c, func() (struct{}, error) { return struct{}{}, c.rows.Remove(ctx, org, id, token) })
	return err
}

func (c *cutRows) Dead(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return guard(c, func() ([]domain.Job, error) { return c.rows.Dead(ctx, org, p) })
}

func (c *cutRows) Claim(ctx context.Context, claim domain.JobClaim) ([]domain.Job, error) {
	return guard(c, func() ([]domain.Job, error) { return c.rows.Claim(ctx, claim) })
}

func (c *cutRows) NextWake(ctx context.Context, kinds ...string) (time.Time, error) {
	return guard(c, func() (time.Time, error) { return c.rows.NextWake(ctx, kinds...) })
}

func (c *cutRows) Renew(ctx context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error) {
	return guard(c, func() ([]domain.JobID, error) { return c.rows.Renew(ctx, owner, ids, until) })
}
