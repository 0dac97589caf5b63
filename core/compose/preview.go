package compose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// MaxPreview is how many times Preview returns at most.
const MaxPreview = 100

// PreviewInput is a wish when to publish.
type PreviewInput struct {
	// Time, Zone and Recurrence are those of an Input.
	Time, Zone string
	Recurrence *domain.Recurrence
	// Post leaves out the occurrences that this post does not have any more,
	// because they are out or a person has taken them out. Empty: a new post.
	Post domain.PostID
	// Count is how many times are wanted, from 1 to MaxPreview.
	Count int
}

// Preview returns the next times at which a post would be published that was
// saved now. It is what will happen: the schedule is made by the same function.
// Errors: Invalid with all problems, NotFound for the post.
func (s *Service) Preview(ctx context.Context, a domain.Actor, in PreviewInput) ([]domain.Occurrence, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return nil, err
	}
	org, err := s.cfg.Store.Organizations().Get(ctx, a.Organization)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	pl := plan{in: Input{When: At, Time: in.Time, Zone: in.Zone, Recurrence: in.Recurrence}, now: domain.Instant(s.cfg.Now())}
	problems, err := s.setTime(&pl, org)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	if in.Count < 1 || in.Count > MaxPreview {
		problems = append(problems, about("count", "range", fmt.Sprintf("From 1 to %d times can be shown.", MaxPreview))...)
	}
	if err := fault.Check(problems); err != nil {
		return nil, err
	}
	gone, err := s.gone(ctx, a, in.Post, pl.now)
	if err != nil {
		return nil, err
	}
	if pl.repeat == "" {
		loc, _ := zone(pl.zone) // setTime has looked at it
		return []domain.Occurrence{domain.Once(pl.due, loc)}, nil
	}
	return s.upcoming(pl, gone, in.Count)
}

// upcoming lists the next n occurrences that are not gone.
func (s *Service) upcoming(pl plan, gone map[string]bool, n int) ([]domain.Occurrence, error) {
	rec, err := domain.ParseRecurrence(pl.repeat)
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	all, err := domain.Occurrences(rec, s.cfg.Expand, pl.now, n+len(gone))
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	all = slices.DeleteFunc(all, func(o domain.Occurrence) bool { return gone[o.Key] })
	return all[:min(n, len(all))], nil
}

// gone are the occurrences of a post, from now on, that no channel has any more.
func (s *Service) gone(ctx context.Context, a domain.Actor, id domain.PostID, now time.Time) (map[string]bool, error) {
	out := map[string]bool{}
	if id == "" {
		return out, nil
	}
	p, err := s.cfg.Store.Posts().Get(ctx, a.Organization, id)
	if errors.Is(err, fault.ErrNotFound) || err == nil && (p.State == domain.PostDeleted || !a.Reach.CoversPost(p)) {
		return nil, fault.Missing("post")
	}
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	ds, err := s.cfg.Store.Deliveries().Since(ctx, a.Organization, id, domain.EarliestKey(now))
	if err != nil {
		return nil, fmt.Errorf("preview: %w", err)
	}
	fixed := map[string]int{}
	for _, d := range ds {
		if _, on := p.Target(d.Channel); on && d.Booking(now).Fixed {
			fixed[d.Occurrence]++
		}
	}
	for key, n := range fixed {
		out[key] = n == len(p.Targets)
	}
	return out, nil
}
