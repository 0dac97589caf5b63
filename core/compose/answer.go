package compose

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxLink bounds the link that a person gives.
const maxLink = 2000

// Answer is what a person found out about a delivery in doubt.
type Answer struct {
	// There says whether the item is on the platform.
	There bool
	// Link is where it is. It may be empty.
	Link string
}

// Settle takes a person's answer about a delivery that is unknown. If the item
// is there it counts as published, and what follows in its thread goes on. If it
// is not, it is sent again: that is the one way in which Crier may publish
// something a second time, and a person has asked for it.
func (s *Service) Settle(ctx context.Context, a domain.Actor, post domain.PostID, id domain.DeliveryID, ans Answer) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return View{}, err
	}
	if err := fault.Check(ans.problems()); err != nil {
		return View{}, err
	}
	return s.onDelivery(ctx, a, post, id, "settle", func(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery, now time.Time) (domain.Delivery, error) {
		item := d.Current()
		d, err := r.Deliveries().Update(ctx, a.Organization, id, func(d *domain.Delivery) error { return ans.apply(p, d, now) })
		if err != nil {
			return d, err
		}
		if err := s.close(ctx, r, d, item, ans, now); err != nil {
			return d, err
		}
		return d, s.published(ctx, r, p, d)
	})
}

// published books what is to follow d, if that is out now.
func (s *Service) published(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery) error {
	if d.State != domain.DeliveryPublished || s.cfg.Published == nil {
		return nil
	}
	return s.cfg.Published(ctx, r, p, d)
}

// onDelivery has change work on one delivery of a post that the actor may
// change, and tells of it.
func (s *Service) onDelivery(ctx context.Context, a domain.Actor, post domain.PostID, id domain.DeliveryID, what string,
	change func(context.Context, store.Repos, domain.Post, domain.Delivery, time.Time) (domain.Delivery, error),
) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return View{}, err
	}
	now := domain.Instant(s.cfg.Now())
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		p, err := s.lock(ctx, r, a, permit.Update, post, 0)
		if err != nil {
			return err
		}
		d, err := r.Deliveries().Get(ctx, a.Organization, id)
		if errors.Is(err, fault.ErrNotFound) || err == nil && d.Post != post {
			return fault.Missing("delivery")
		}
		if err != nil {
			return err
		}
		was := d.State
		if d, err = change(ctx, r, p, d, now); err != nil || d.State == was {
			return err
		}
		return s.tell(ctx, r, p, d, now)
	})
	if err != nil {
		return View{}, fmt.Errorf("%s delivery %s: %w", what, id, err)
	}
	s.cfg.Wake()
	return s.Get(ctx, a, post)
}

func (ans Answer) problems() []fault.Problem {
	if ans.Link == "" {
		return nil
	}
	u, err := url.Parse(ans.Link)
	switch {
	case !ans.There:
		return []fault.Problem{{Field: "link", Rule: "not_allowed", Message: "There is no link to something that is not there."}}
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(ans.Link) > maxLink || !storable(ans.Link):
		return []fault.Problem{{Field: "link", Rule: "format", Message: "This is not the address of a page. It begins with https://."}}
	}
	return nil
}

func (ans Answer) apply(p domain.Post, d *domain.Delivery, now time.Time) error {
	if !ans.There {
		if d.State != domain.DeliveryUnknown {
			return fault.New(fault.Conflict, "not_in_doubt", "A delivery that is %s is not in doubt.", d.State)
		}
		return d.TryAgain(now)
	}
	var delay time.Duration
	if items := p.ContentOf(*d).ItemsFor(d.Channel); d.Current()+1 < len(items) {
		delay = items[d.Current()+1].Delay
	}
	// The link stands for the id, too: it is all that anybody knows.
	return d.Settle(domain.Ref{ID: ans.Link, URL: ans.Link}, delay, now)
}

// close writes the answer into the ledger: what the attempts in doubt came to.
func (s *Service) close(ctx context.Context, r store.Repos, d domain.Delivery, item int, ans Answer, now time.Time) error {
	attempts, err := r.Attempts().OfDeliveries(ctx, d.Organization, d.ID)
	if err != nil {
		return err
	}
	for _, at := range attempts {
		if at.Result != domain.AttemptUnknown || at.Item != item {
			continue
		}
		_, err := r.Attempts().Update(ctx, d.Organization, at.ID, func(at *domain.Attempt) error {
			if ans.There {
				return at.End(domain.AttemptAccepted, domain.Reason{Code: "settled", Message: "A person said that it is there."}, at.Status, &domain.Ref{ID: ans.Link, URL: ans.Link}, now)
			}
			return at.End(domain.AttemptRefused, domain.Reason{Code: "settled", Message: "A person said that it is not there."}, at.Status, nil, now)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tell appends the events of a delivery that a person changed.
func (s *Service) tell(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery, now time.Time) error {
	all, err := r.Deliveries().OfPosts(ctx, p.Organization, p.ID)
	if err != nil {
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Turned(p, d, domain.StatesOf(all, d), now)...)
}
