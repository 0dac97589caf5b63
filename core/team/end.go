package team

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
)

const (
	// Grace is how long an organization that is to be deleted can be kept after
	// all.
	Grace = 7 * 24 * time.Hour
	// KindEnd is the kind of the side job that deletes an organization.
	KindEnd = "organization.end"
)

// ending is the payload of a job of KindEnd; its name never changes.
type ending struct {
	Organization domain.OrganizationID `json:"organization"`
}

// End has the actor's organization deleted after Grace, with everything that
// belongs to it. It is paused at once, so nothing new is published. It may be
// repeated; the first time counts.
func (s *Service) End(ctx context.Context, a domain.Actor) (domain.Organization, error) {
	if err := s.cfg.Access.Check(a, permit.Organization, permit.Delete); err != nil {
		return domain.Organization{}, err
	}
	return s.inTx(ctx, a, func(ctx context.Context, r store.Repos) (domain.Organization, error) {
		return s.endIn(ctx, r, a, Grace)
	})
}

// endIn has the actor's organization deleted after some time at the latest, and
// pauses it, within the transaction r.
func (s *Service) endIn(ctx context.Context, r store.Repos, a domain.Actor, after time.Duration) (domain.Organization, error) {
	payload, err := json.Marshal(ending{a.Organization})
	if err != nil {
		return domain.Organization{}, err
	}
	now := domain.Instant(s.cfg.Now())
	at := now.Add(after)
	return s.setEnd(ctx, r, a, domain.EventOrganizationEnding, func(o *domain.Organization) (bool, error) {
		if !o.EndsAt.IsZero() && !o.EndsAt.After(at) {
			return false, nil
		}
		o.EndsAt = at
		o.Paused.Begin(a.User, "This organization is going to be deleted.", now)
		return true, nil
	}, domain.Job{
		// It belongs to nobody: it must not be deleted while it deletes.
		ID: domain.JobID(s.cfg.NewID()), Kind: KindEnd, Payload: payload, RunAt: at, CreatedAt: now,
	})
}

// Keep calls the deletion off. The organization stays paused until somebody
// resumes it, so that nothing goes out that nobody thought of. It may be
// repeated. Errors: Conflict "too_late".
func (s *Service) Keep(ctx context.Context, a domain.Actor) (domain.Organization, error) {
	if err := s.cfg.Access.Check(a, permit.Organization, permit.Delete); err != nil {
		return domain.Organization{}, err
	}
	return s.inTx(ctx, a, func(ctx context.Context, r store.Repos) (domain.Organization, error) {
		return s.setEnd(ctx, r, a, domain.EventOrganizationKept, func(o *domain.Organization) (bool, error) {
			switch {
			case o.EndsAt.IsZero():
				return false, nil
			case !o.EndsAt.After(s.cfg.Now()):
				return false, fault.New(fault.Conflict, "too_late", "This organization is being deleted right now.")
			}
			o.EndsAt = time.Time{}
			return true, nil
		})
	})
}

// inTx runs do, which sets the end of the actor's organization, in a transaction.
func (s *Service) inTx(ctx context.Context, a domain.Actor, do func(context.Context, store.Repos) (domain.Organization, error)) (domain.Organization, error) {
	var out domain.Organization
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) (err error) {
		out, err = do(ctx, r)
		return err
	})
	if err != nil {
		return domain.Organization{}, fmt.Errorf("end of organization %s: %w", a.Organization, err)
	}
	s.cfg.Wake()
	return out, nil
}

// setEnd changes the end of an organization. js are enqueued if it changes.
func (s *Service) setEnd(ctx context.Context, r store.Repos, a domain.Actor, kind domain.EventKind, change func(*domain.Organization) (bool, error), js ...domain.Job) (domain.Organization, error) {
	changed := false
	out, err := r.Organizations().Update(ctx, a.Organization, func(o *domain.Organization) (err error) {
		changed, err = change(o)
		return err
	})
	if err != nil || !changed {
		return out, err
	}
	if err := s.cfg.Jobs.Within(ctx, r, js...); err != nil {
		return out, err
	}
	if err := s.cfg.Audit.Append(ctx, r, a, audit.Organization(out, string(kind))); err != nil {
		return out, err
	}
	return out, s.cfg.Journal.Append(ctx, r, journal.Organization(out, kind, domain.Instant(s.cfg.Now())))
}

// Kinds are the side jobs of this package.
func (s *Service) Kinds() []jobs.Kind {
	return []jobs.Kind{{
		Name: KindEnd, Do: s.end,
		Policy: queue.Policy{MaxAttempts: 50, Backoff: time.Minute, MaxBackoff: 6 * time.Hour, Timeout: 10 * time.Minute},
	}}
}

// end deletes an organization whose time has come. It may run twice, and after
// a deletion that was called off.
func (s *Service) end(ctx context.Context, j domain.Job) error {
	var e ending
	if err := json.Unmarshal(j.Payload, &e); err != nil {
		return queue.Discard(fmt.Errorf("its payload cannot be read: %w", err))
	}
	due := func(o domain.Organization) bool { return !o.EndsAt.IsZero() && !o.EndsAt.After(s.cfg.Now()) }
	o, err := s.cfg.Store.Organizations().Get(ctx, e.Organization)
	if errors.Is(err, fault.ErrNotFound) || err == nil && !due(o) {
		return nil // kept after all; if it is to end later, another job knows
	}
	if err != nil {
		return err
	}
	if err := s.cfg.DeleteFiles(ctx, e.Organization); err != nil {
		return err
	}
	err = s.changeMembers(ctx, e.Organization, func(ctx context.Context, r store.Repos) error {
		// It may have been kept this moment.
		o, err := r.Organizations().Update(ctx, e.Organization, func(*domain.Organization) error { return nil })
		if err != nil || !due(o) {
			return err
		}
		return r.Organizations().Delete(ctx, e.Organization)
	})
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}
