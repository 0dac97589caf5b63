// Package memqueue is a queue.Queue in memory, for tests, demos and programs
// that have no database. It forgets everything when the process ends. Where
// there is a store.Store, make the queue over its Jobs instead, so that jobs
// commit together with the state.
package memqueue

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
)

// Queue is a queue.Queue in memory.
type Queue struct{ *queue.Worker }

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue. Rows of cfg may be nil, for rows of its own, or the Rows
// that several queues share.
func New(cfg queue.Config) (*Queue, error) {
	if cfg.Rows == nil {
		cfg.Rows = NewRows()
	}
	w, err := queue.New(cfg)
	if err != nil {
		return nil, err
	}
	return &Queue{w}, nil
}

// Rows implements queue.Rows in memory. A claim looks at every job, which is
// fine for thousands.
type Rows struct {
	mu   sync.Mutex
	jobs map[domain.JobID]domain.Job
}

var _ queue.Rows = (*Rows)(nil)

// NewRows returns Rows without a job.
func NewRows() *Rows { return &Rows{jobs: map[domain.JobID]domain.Job{}} }

func clone(j domain.Job) domain.Job {
	j.Payload = slices.Clone(j.Payload)
	return j
}

// taken reports whether another job that is not dead has the key of j.
func (r *Rows) taken(j domain.Job) bool {
	if j.Key == "" || j.State == domain.JobDead {
		return false
	}
	for _, o := range r.jobs {
		same := o.Organization == j.Organization && o.Kind == j.Kind && o.Key == j.Key
		if same && o.State != domain.JobDead && o.ID != j.ID {
			return true
		}
	}
	return false
}

// Insert implements queue.Rows.
func (r *Rows) Insert(ctx context.Context, jobs ...domain.Job) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, j := range jobs {
		if _, ok := r.jobs[j.ID]; !ok && !r.taken(j) {
			r.jobs[j.ID] = clone(j)
		}
	}
	return ctx.Err()
}

func (r *Rows) get(org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	j, ok := r.jobs[id]
	if !ok || j.Organization != org {
		return domain.Job{}, fault.ErrNotFound
	}
	return clone(j), nil
}

// Get implements queue.Rows.
func (r *Rows) Get(_ context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.get(org, id)
}

// Update implements queue.Rows.
func (r *Rows) Update(_ context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	old, err := r.get(org, id)
	if err != nil {
		return old, err
	}
	j := clone(old)
	if err := change(&j); err != nil {
		return domain.Job{}, err
	}
	j.ID, j.Organization, j.Version = old.ID, old.Organization, old.Version+1
	if r.taken(j) {
		return domain.Job{}, fault.ErrConflict
	}
	r.jobs[id] = clone(j)
	return j, nil
}

// Remove implements queue.Rows.
func (r *Rows) Remove(_ context.Context, org domain.OrganizationID, id domain.JobID, token int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if j, err := r.get(org, id); err != nil || j.Lease.Token != token {
		return fault.ErrNotFound
	}
	delete(r.jobs, id)
	return nil
}

// find returns copies of the jobs that match, in order, at most limit.
func (r *Rows) find(limit int, match func(domain.Job) bool, order func(a, b domain.Job) int) []domain.Job {
	var out []domain.Job
	for _, j := range r.jobs {
		if match(j) {
			out = append(out, j)
		}
	}
	slices.SortFunc(out, order)
	out = out[:min(len(out), limit)]
	for i := range out {
		out[i] = clone(out[i])
	}
	return out
}

// Dead implements queue.Rows.
func (r *Rows) Dead(_ context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := func(a, b domain.Job) int { return cmp.Or(b.DiedAt.Compare(a.DiedAt), cmp.Compare(b.ID, a.ID)) }
	first, last := p.Before.IsZero() && p.BeforeID == "", domain.Job{ID: p.BeforeID, DiedAt: p.Before}
	return r.find(p.Limit, func(j domain.Job) bool {
		return j.Organization == org && j.State == domain.JobDead && (first || newest(last, j) < 0)
	}, newest), nil
}

// Claim implements queue.Rows.
func (r *Rows) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := r.find(c.Limit, func(j domain.Job) bool { return j.Due(c.Now) && c.Wanted(j) }, func(a, b domain.Job) int {
		return cmp.Or(a.RunAt.Compare(b.RunAt), cmp.Compare(a.ID, b.ID))
	})
	for i := range out {
		out[i].Claim(c)
		r.jobs[out[i].ID] = clone(out[i])
	}
	return out, nil
}

// NextWake implements queue.Rows.
func (r *Rows) NextWake(_ context.Context, kinds ...string) (time.Time, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var first time.Time
	for _, j := range r.jobs {
		if j.State != domain.JobWaiting || len(kinds) > 0 && !slices.Contains(kinds, j.Kind) {
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
}

// Renew implements queue.Rows.
func (r *Rows) Renew(_ context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []domain.JobID
	for _, id := range ids {
		if j, ok := r.jobs[id]; ok && owner != "" && j.Lease.Owner == owner {
			j.Lease.Until = domain.Instant(until)
			r.jobs[id] = j
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
