// Package replay lets requests be sent again without being done twice: the
// first answer is kept for a day, and given to whoever sends the same request
// with the same key.
package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

const (
	// Life is how long an answer is kept.
	Life = 24 * time.Hour
	// lease is how long a run may take before its process counts as dead.
	lease = 2 * time.Minute
	// comeBack is when to ask again for an answer that is not there yet.
	comeBack = time.Second
	// MaxBody bounds an answer that is kept.
	MaxBody = 1 << 20
	// purgeEvery is how often what ended is removed, at most.
	purgeEvery = 10 * time.Minute
)

// Config is what the service needs. All of it is required.
type Config struct {
	Store store.Store
	Now   func() time.Time
	NewID func() string
}

// Service keeps answers.
type Service struct {
	cfg Config
	// purge holds the time of the next purge.
	purge chan time.Time
}

// New returns a Service.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, purge: make(chan time.Time, 1)}
	s.purge <- time.Time{}
	return s
}

// Run is the right to do what a request asks, once.
type Run struct {
	org      domain.OrganizationID
	id, name string
	// Seed is the id for what the request makes. It is the same for every run of
	// the request.
	Seed string
	// Again says that an earlier run was cut off, which may have done its work:
	// what is there under Seed must be found and not made again.
	Again bool
}

// Answer is what was answered.
type Answer struct {
	Status      int
	ContentType string
	ETag        string
	Body        string
}

// Begin asks to do the request with this digest for the actor, under a key of
// their choice. Either it returns a Run, which must be ended with Finish or
// Release, or the Answer of the first request. Errors: Invalid
// "idempotency_key_reused" if the key was used for another request; Conflict
// "idempotency_key_in_use" while the first one is still running.
func (s *Service) Begin(ctx context.Context, a domain.Actor, key, digest string) (*Run, *Answer, error) {
	now := domain.Instant(s.cfg.Now())
	if err := s.clean(ctx, now); err != nil {
		return nil, nil, fmt.Errorf("begin request: %w", err)
	}
	fresh := domain.Replay{
		ID: idOf(a, key), Organization: a.Organization, Request: digest, Seed: s.cfg.NewID(), Run: s.cfg.NewID(),
		LeaseUntil: now.Add(lease), CreatedAt: now, ExpiresAt: now.Add(Life), Version: 1,
	}
	run := &Run{org: a.Organization, id: fresh.ID, name: fresh.Run, Seed: fresh.Seed}
	err := s.cfg.Store.Replays().Insert(ctx, a.Organization, fresh)
	if err == nil {
		return run, nil, nil
	}
	if !errors.Is(err, fault.ErrConflict) {
		return nil, nil, fmt.Errorf("begin request: %w", err)
	}
	kept, err := s.cfg.Store.Replays().Update(ctx, a.Organization, fresh.ID, func(r *domain.Replay) error {
		switch {
		case !r.ExpiresAt.After(now):
			*r = fresh
		case r.Request != digest:
			return fault.New(fault.Invalid, "idempotency_key_reused", "This Idempotency-Key was used for another request. Choose a new one for each request.")
		case r.Status != 0:
		case r.LeaseUntil.After(now):
			return &fault.Error{
				Kind: fault.Conflict, Code: "idempotency_key_in_use", RetryAfter: comeBack,
				Message: "The first request with this Idempotency-Key is not done yet. Send it again in a moment.",
			}
		default:
			r.Run, r.LeaseUntil = fresh.Run, fresh.LeaseUntil
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("begin request: %w", err)
	case kept.Status != 0:
		return nil, &Answer{Status: kept.Status, ContentType: kept.ContentType, ETag: kept.ETag, Body: kept.Body}, nil
	}
	run.Seed, run.Again = kept.Seed, kept.Seed != fresh.Seed
	return run, nil, nil
}

// errTaken ends an update by a run that somebody else took over.
var errTaken = errors.New("the run was taken over")

// Finish keeps the answer of a run. One that was taken over keeps nothing.
func (s *Service) Finish(ctx context.Context, run *Run, a Answer) error {
	return s.end(ctx, run, func(r *domain.Replay) {
		r.Status, r.ContentType, r.ETag, r.Body = a.Status, a.ContentType, a.ETag, a.Body
	})
}

// Release gives a run back whose answer is not final: the request may be sent
// again at once, and is done again then.
func (s *Service) Release(ctx context.Context, run *Run) error {
	return s.end(ctx, run, func(r *domain.Replay) { r.LeaseUntil = domain.Instant(s.cfg.Now()) })
}

func (s *Service) end(ctx context.Context, run *Run, change func(*domain.Replay)) error {
	_, err := s.cfg.Store.Replays().Update(ctx, run.org, run.id, func(r *domain.Replay) error {
		if r.Run != run.name || r.Status != 0 {
			return errTaken
		}
		change(r)
		return nil
	})
	if err != nil && !errors.Is(err, errTaken) {
		return fmt.Errorf("end request: %w", err)
	}
	return nil
}

// clean removes what ended, now and then: whoever adds rows also removes them.
func (s *Service) clean(ctx context.Context, now time.Time) error {
	next := <-s.purge
	due := !now.Before(next)
	if due {
		next = now.Add(purgeEvery)
	}
	s.purge <- next
	if !due {
		return nil
	}
	return s.cfg.Store.Replays().Purge(ctx, now)
}

// idOf keeps keys of different people, programs and tenants apart: an API key may
// see less than the person for whom it acts, and than their other keys.
func idOf(a domain.Actor, key string) string {
	sum := sha256.Sum256([]byte(string(a.Organization) + "\x00" + string(a.User) + "\x00" + string(a.Key) + "\x00" + key))
	return hex.EncodeToString(sum[:])
}
