package memstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type jobs repos

func (r jobs) Insert(ctx context.Context, js ...domain.Job) error {
	return r.run(ctx, func(t *tx) error {
		return t.atomically(func() error {
			for _, j := range js {
				if err := t.jobs.insert(t, j); err != nil && !errors.Is(err, fault.ErrConflict) {
					return err
				}
			}
			return nil
		})
	})
}

func (r jobs) Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	return query(ctx, r.run, func(t *tx) (domain.Job, error) { return t.jobs.getIn(org, string(id)) })
}

func (r jobs) Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	return query(ctx, r.run, func(t *tx) (domain.Job, error) {
		j, err := t.jobs.getIn(org, string(id))
		if err != nil {
			return j, err
		}
		return t.jobs.update(t, j, change, func(old domain.Job, j *domain.Job) {
			j.ID, j.Organization, j.Version = old.ID, old.Organization, old.Version+1
		})
	})
}

func (r jobs) Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error {
	return r.run(ctx, func(t *tx) error {
		j, ok := t.jobs.rows[string(id)]
		if !ok || j.Organization != org || j.Lease.Token != token {
			return fault.ErrNotFound
		}
		t.jobs.write(t, string(id), nil)
		return nil
	})
}

func (r jobs) Dead(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Job, error) {
		start := key{group: string(org), at: maxAt}
		if !p.Before.IsZero() || p.BeforeID != "" {
			start = key{string(org), micros(p.Before), string(p.BeforeID)}
		}
		var out []domain.Job
		for k := range t.deadJobs.down(start) {
			if k.group != string(org) || len(out) >= p.Limit {
				break
			}
			out = append(out, clone(t.jobs.rows[k.id]))
		}
		return out, nil
	})
}

func (r jobs) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Job, error) {
		now := domain.Instant(c.Now)
		var out []domain.Job
		for k := range t.jobRuns.up(key{at: minAt}) {
			if k.at > micros(now) || len(out) >= c.Limit {
				break
			}
			if j := t.jobs.rows[k.id]; j.Due(now) && c.Wanted(j) {
				out = append(out, clone(j))
			}
		}
		for i := range out {
			out[i].Claim(c)
			row, err := own(out[i])
			if err != nil {
				return nil, err
			}
			t.jobs.write(t, string(row.ID), &row)
		}
		return out, nil
	})
}

func (r jobs) NextWake(ctx context.Context, kinds ...string) (time.Time, error) {
	return query(ctx, r.run, func(t *tx) (time.Time, error) {
		var first time.Time
		for k := range t.jobRuns.up(key{at: minAt}) {
			if !first.IsZero() && k.at >= micros(first) {
				break // those behind cannot be earlier
			}
			j := t.jobs.rows[k.id]
			if len(kinds) > 0 && !slices.Contains(kinds, j.Kind) {
				continue
			}
			at := j.RunAt
			if j.Lease.Until.After(at) {
				at = j.Lease.Until
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		return first, nil
	})
}

func (r jobs) Renew(ctx context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.JobID, error) {
		var out []domain.JobID
		for _, id := range sorted(ids) {
			j, ok := t.jobs.rows[string(id)]
			if !ok || owner == "" || j.Lease.Owner != owner {
				continue
			}
			j = clone(j)
			j.Lease.Until = domain.Instant(until)
			t.jobs.write(t, string(id), &j)
			out = append(out, id)
		}
		return out, nil
	})
}
