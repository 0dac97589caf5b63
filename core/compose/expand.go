package compose

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/store"
)

const (
	// expandBatch is how many posts are looked up at once.
	expandBatch = 100
	// expandAgain is when a post whose occurrences could not be booked is looked
	// at again.
	expandAgain = time.Hour
)

// errExpanded says that somebody else has booked the occurrences meanwhile.
var errExpanded = errors.New("there is nothing to book")

// Expand books the next occurrences of every post of every organization that is
// due for it, and returns when it is to be called again: the zero time if
// nothing recurs. After an outage, what was missed is booked first, so that it
// goes out late or turns missed, but is never forgotten. It may run in any
// number of processes at once, and may be repeated.
//
// A post whose occurrences cannot be worked out is told of by an event and
// looked at again later; it does not keep the others. An error means that the
// store could not be used.
func (s *Service) Expand(ctx context.Context) (time.Time, error) {
	var errs []error
	for len(errs) == 0 {
		now := domain.Instant(s.cfg.Now())
		posts, err := s.cfg.Store.Posts().Expandable(ctx, now, expandBatch)
		if err != nil {
			return time.Time{}, fmt.Errorf("find posts that recur: %w", err)
		}
		if len(posts) == 0 {
			break
		}
		for _, p := range posts {
			if err := s.expand(ctx, p, now); err != nil {
				errs = append(errs, fmt.Errorf("book occurrences of post %s: %w", p.ID, err))
			}
		}
	}
	next, err := s.cfg.Store.Posts().NextExpand(ctx)
	return next, errors.Join(append(errs, err)...)
}

func (s *Service) expand(ctx context.Context, p domain.Post, now time.Time) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		p, err := r.Posts().Update(ctx, p.Organization, p.ID, func(p *domain.Post) error {
			if p.State != domain.PostScheduled {
				p.ExpandAt = time.Time{}
			} else if !toBook(*p, now) {
				return errExpanded
			}
			return nil
		})
		if err != nil || p.ExpandAt.IsZero() {
			return err
		}
		_, err = s.catchUp(ctx, r, p, now)
		return err
	})
	switch {
	case err == nil, errors.Is(err, errExpanded), errors.Is(err, fault.ErrNotFound):
		return nil
	case ctx.Err() != nil, fault.KindOf(err) == fault.Unavailable:
		return err
	}
	s.cfg.Log.ErrorContext(ctx, "the occurrences of a post could not be booked", "post", p.ID, "organization", p.Organization, "again", expandAgain, "error", err)
	return s.setAside(ctx, p, now)
}

// toBook reports whether occurrences of p must be booked.
func toBook(p domain.Post, now time.Time) bool {
	return p.State == domain.PostScheduled && !p.ExpandAt.IsZero() && !p.ExpandAt.After(now)
}

// catchUp books the occurrences of p, which is locked, since it was done last.
func (s *Service) catchUp(ctx context.Context, r store.Repos, p domain.Post, now time.Time) (domain.Post, error) {
	list, cut, err := s.wanted(p, p.ExpandedTo, now)
	if err != nil {
		return p, err
	}
	old, err := r.Deliveries().Since(ctx, p.Organization, p.ID, domain.EarliestKey(p.ExpandedTo))
	if err != nil {
		return p, err
	}
	b := &series{s: s, r: r, p: p, was: p, now: now, channels: map[domain.ChannelID]domain.Channel{}}
	ids := make([]domain.ChannelID, len(p.Targets))
	for i, t := range p.Targets {
		ids[i] = t.Channel
	}
	found, err := r.Channels().GetMany(ctx, p.Organization, ids)
	if err != nil {
		return p, err
	}
	for _, c := range found {
		b.channels[c.ID] = c
	}
	if _, err := b.align(ctx, list, p.ExpandedTo, old); err != nil {
		return p, err
	}
	p, err = r.Posts().Update(ctx, p.Organization, p.ID, func(p *domain.Post) error {
		p.ExpandedTo, p.ExpandAt = now, time.Time{}
		if cut {
			p.ExpandedTo = list[len(list)-1].At
			p.ExpandAt = p.ExpandedTo
		}
		for _, o := range list {
			if o.At.After(now) {
				p.ExpandAt, p.DueAt = o.At, o.At
				break
			}
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	return p, s.cfg.Journal.Append(ctx, r, b.entries...)
}

// setAside leaves a post alone for a while and tells of it, once.
func (s *Service) setAside(ctx context.Context, p domain.Post, now time.Time) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		p, err := r.Posts().Update(ctx, p.Organization, p.ID, func(p *domain.Post) error {
			if !toBook(*p, now) {
				return errExpanded
			}
			p.ExpandAt = now.Add(expandAgain)
			return nil
		})
		if err != nil {
			return err
		}
		last, err := r.Outbox().OfPost(ctx, p.Organization, p.ID, 1)
		if err != nil || len(last) > 0 && last[0].Kind == domain.EventPostStuck {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Post(p, domain.EventPostStuck, domain.SummaryAttention, now))
	})
	if errors.Is(err, errExpanded) || errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	return err
}
