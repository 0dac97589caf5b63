package simulation

import (
	"context"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/pause"
)

// writer is a member of t who may not approve.
func (t *team) writer() domain.Actor {
	return domain.Actor{Organization: t.actor.Organization, User: domain.UserID("writer of " + string(t.actor.Organization)), Role: domain.RoleUser}
}

// author is who wrote a post of t.
func (t *team) author(id domain.PostID) domain.Actor {
	if t.byWriter[id] {
		return t.writer()
	}
	return t.actor
}

// planHolds makes up who holds something back, and when it may go on.
func (p *people) planHolds(t *team) {
	w := p.w
	if w.roll(w.odds.mistake) {
		p.later(w.between(0, 6*time.Hour), func(ctx context.Context) { p.require(ctx, t, true) })
	}
	for range 2 {
		if w.roll(w.odds.mistake) {
			p.later(w.between(0, 9*time.Hour), func(ctx context.Context) { p.pause(ctx, t) })
		}
	}
}

// require says whether the members of t need approvals. It changes its mind once.
func (p *people) require(ctx context.Context, t *team, required bool) {
	_, err := p.w.api.eng.Accounts.ConfigureOrganization(ctx, t.actor, core.OrganizationSettings{RequireApproval: required})
	p.did("require approvals", "", err)
	if required {
		p.later(p.w.between(time.Minute, 9*time.Hour), func(ctx context.Context) { p.require(ctx, t, false) })
	}
}

// pause holds something back, and resumes it later.
func (p *people) pause(ctx context.Context, t *team) {
	w := p.w
	pauses := w.api.eng.Pauses
	operator := t.actor
	operator.Operator = true
	var err error
	again := w.between(time.Second, 9*time.Hour)
	switch w.rng.IntN(3) {
	case 0:
		_, err = pauses.PauseInstallation(ctx, operator, "")
		p.did("pause all", "", err)
		p.later(again, func(ctx context.Context) {
			_, err := w.api.eng.Pauses.ResumeInstallation(ctx, operator)
			p.did("resume all", "", err)
		})
	case 1:
		_, err = pauses.PauseOrganization(ctx, t.actor, "")
		p.did("pause the team", "", err)
		p.later(again, func(ctx context.Context) {
			_, err := w.api.eng.Pauses.ResumeOrganization(ctx, t.actor)
			p.did("resume the team", "", err)
		})
	default:
		ch := t.channels[w.rng.IntN(len(t.channels))].ID
		_, err = pauses.PauseChannel(ctx, t.actor, ch, "")
		p.did("pause a channel", "", err)
		p.later(again, func(ctx context.Context) {
			_, err := w.api.eng.Pauses.ResumeChannel(ctx, t.actor, ch)
			p.did("resume a channel", "", err)
		})
	}
}

// review has somebody who may approve look at a post.
func (p *people) review(ctx context.Context, t *team, id domain.PostID) {
	w := p.w
	v, err := w.api.eng.Posts.Get(ctx, t.actor, id)
	if err != nil {
		p.did("review", id, err)
		return
	}
	seen := core.Seen{Hash: v.Post.ContentHash()}
	switch {
	case w.roll(0.2):
		_, err = w.api.eng.Posts.RequestApproval(ctx, t.author(id), id, "")
		p.did("ask for approval", id, err)
	case w.roll(0.3):
		_, err = w.api.eng.Posts.Reject(ctx, t.actor, id, seen, "No.")
		p.did("reject", id, err)
		if w.roll(0.7) { // somebody thinks better of it
			p.later(w.between(0, 3*time.Hour), func(ctx context.Context) { p.review(ctx, t, id) })
		}
	default:
		_, err = w.api.eng.Posts.Approve(ctx, t.actor, id, seen)
		p.did("approve", id, err)
	}
}

// resumeAll ends the pause of the installation, which would outlive this world
// where several share a store.
func (p *people) resumeAll() {
	api := p.w.api
	if api.dead {
		if err := api.boot(); err != nil {
			p.w.violate(RuleEnds, "the people's process does not start: %v", err)
			return
		}
	}
	operator := p.teams[0].actor
	operator.Operator = true
	_, err := api.eng.Pauses.ResumeInstallation(context.Background(), operator)
	p.did("resume all", "", err)
	p.w.wakeWorkers()
}

// letOut holds a delivery that begins against what people want to be held back
// at this moment.
func (s *watch) letOut(d domain.Delivery) {
	ctx := context.Background()
	org, err := s.Store.Organizations().Get(ctx, d.Organization)
	if err != nil {
		s.w.violate(RuleHeld, "the organization of %s cannot be read: %v", d.ID, err)
		return
	}
	ch, err := s.Store.Channels().Get(ctx, d.Organization, d.Channel)
	if err != nil {
		s.w.violate(RuleHeld, "the channel of %s cannot be read: %v", d.ID, err)
		return
	}
	all, err := pause.Installation(ctx, s.Store)
	if err != nil {
		s.w.violate(RuleHeld, "the pause of the installation cannot be read: %v", err)
		return
	}
	if org.Paused.Active() || ch.Paused.Active() || all.Active() {
		s.w.violate(RuleHeld, "%s begins item %d although it is paused", d.ID, d.Current())
	}
	// Counted here once more, so that a mistake there is seen.
	p := s.posts[d.Post]
	approved := p.Approval.State == domain.ApprovalApproved && p.Approval.Hash == p.ContentHash()
	if (org.RequireApproval || p.Approval.Review) && !approved {
		s.w.violate(RuleHeld, "%s begins item %d although nobody approved of its content", d.ID, d.Current())
	}
}
