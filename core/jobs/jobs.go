// Package jobs is side work that use cases leave to the queue, such as a webhook
// or a look at the likes of a post: which kinds there are, enqueueing, and what
// people do about jobs that failed for good. Publishing is never a job, and no
// job can change a delivery.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
)

// Kind is one kind of side job: how it is done, and how often it is tried.
type Kind struct {
	// Name is what the jobs of this kind are stored under, so it stays.
	Name string
	// Do does one run of a job; see queue.Handler. It must be able to do its
	// work twice.
	Do queue.Handler
	// Policy is its numbers; zero fields are the defaults.
	Policy queue.Policy
}

// Registry is the kinds that there are. It is filled while an engine is made and
// only read from then on. The zero value is empty.
type Registry struct{ kinds map[string]Kind }

// Add adds kinds, and reports all that are wrong: each needs a name of its own
// and a function.
func (r *Registry) Add(kinds ...Kind) error {
	var errs []error
	if r.kinds == nil {
		r.kinds = map[string]Kind{}
	}
	for _, k := range kinds {
		_, taken := r.kinds[k.Name]
		switch {
		case k.Name == "":
			errs = append(errs, errors.New("a kind of side job has no Name"))
		case taken:
			errs = append(errs, fmt.Errorf("the kind of side job %q is given twice", k.Name))
		case k.Do == nil:
			errs = append(errs, fmt.Errorf("the kind of side job %q has no Do", k.Name))
		default:
			r.kinds[k.Name] = k
		}
	}
	return errors.Join(errs...)
}

// Names are the names of the kinds, in order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.kinds)) }

// Policies are the numbers of each kind.
func (r *Registry) Policies() map[string]queue.Policy {
	out := map[string]queue.Policy{}
	for name, k := range r.kinds {
		out[name] = k.Policy
	}
	return out
}

// elsewhere is how long a job waits that came to a process which cannot do it.
const elsewhere = time.Minute

// Do is the queue.Handler of all kinds.
func (r *Registry) Do(ctx context.Context, j domain.Job) error {
	k, ok := r.kinds[j.Kind]
	if !ok {
		return queue.Snooze(elsewhere)
	}
	return k.Do(ctx, j)
}

// Runner is what runs jobs: a *queue.Worker, or one with a carrier.
type Runner interface {
	queue.Consumer
	// Drain runs what is due and returns how many runs that were.
	Drain(ctx context.Context, h queue.Handler) (int, error)
	// Wake tells it that there may be something to do. It never blocks.
	Wake()
}

// Config is what the service needs. All fields are required.
type Config struct {
	Store  store.Store
	Access *access.Checker
	Kinds  *Registry
	Log    *slog.Logger
	Now    func() time.Time
	NewID  func() string
	// Owner names this process.
	Owner string
	// Wake tells workers that there may be something to do.
	Wake func()
}

// Service enqueues side jobs and keeps the dead letters.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// over is the queue over the rows of r. It runs nothing.
func (s *Service) over(r store.Repos) (*queue.Worker, error) {
	return queue.New(queue.Config{
		Rows: r.Jobs(), Log: s.cfg.Log, Now: s.cfg.Now, Owner: s.cfg.Owner,
		NewID: func(time.Time) string { return s.cfg.NewID() }, Policies: s.cfg.Kinds.Policies(),
	})
}

// Within enqueues jobs through the repositories of a transaction, so that they
// exist if and only if it is kept; see queue.Enqueuer. Wake workers after the
// commit.
func (s *Service) Within(ctx context.Context, r store.Repos, js ...domain.Job) error {
	for i, j := range js {
		if _, ok := s.cfg.Kinds.kinds[j.Kind]; !ok {
			return fault.Check([]fault.Problem{{
				Field: fmt.Sprintf("jobs[%d].kind", i), Rule: "unknown", Message: fmt.Sprintf("There is no kind of side job %q.", j.Kind),
			}})
		}
	}
	q, err := s.over(r)
	if err != nil {
		return err
	}
	return q.Enqueue(ctx, js...)
}

// Enqueue enqueues jobs and wakes workers. The organization in each decides
// whose they are, so it is for programs, not for people.
func (s *Service) Enqueue(ctx context.Context, js ...domain.Job) error {
	if err := s.Within(ctx, s.cfg.Store, js...); err != nil {
		return fmt.Errorf("enqueue side jobs: %w", err)
	}
	s.cfg.Wake()
	return nil
}

// Dead returns the jobs of the organization that failed for good, the newest
// first.
func (s *Service) Dead(ctx context.Context, a domain.Actor, p domain.JobPage) ([]domain.Job, error) {
	var out []domain.Job
	err := s.dead(a, permit.Read, func(q queue.DeadLetters) (err error) {
		out, err = q.List(ctx, a.Organization, p)
		return err
	})
	return out, err
}

// Replay runs a job that failed for good again, with all its attempts. It is a
// Conflict if it has not failed, or if another one took its place by now.
func (s *Service) Replay(ctx context.Context, a domain.Actor, id domain.JobID) error {
	err := s.dead(a, permit.Update, func(q queue.DeadLetters) error { return q.Replay(ctx, a.Organization, id) })
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Conflict && f.Code == "" { // of the key
		return fault.New(fault.Conflict, "job_replaced", "A newer job does the same by now. Drop this one instead.")
	}
	if err != nil {
		return err
	}
	s.cfg.Wake()
	return nil
}

// Drop deletes a job that failed for good; any other is a Conflict.
func (s *Service) Drop(ctx context.Context, a domain.Actor, id domain.JobID) error {
	return s.dead(a, permit.Delete, func(q queue.DeadLetters) error { return q.Drop(ctx, a.Organization, id) })
}

// dead does act to the dead letters of the organization of a.
func (s *Service) dead(a domain.Actor, act permit.Action, do func(queue.DeadLetters) error) error {
	if err := s.cfg.Access.Check(a, permit.Jobs, act); err != nil {
		return err
	}
	q, err := s.over(s.cfg.Store)
	if err != nil {
		return err
	}
	err = do(q)
	if errors.Is(err, &fault.Error{Kind: fault.NotFound}) {
		return fault.Missing("job")
	}
	return err
}
