package publish

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/store"
)

// entry is one change of a delivery, with all that is stored together with it.
type entry struct {
	j *job
	// change is made if the worker still holds the delivery.
	change func(*domain.Delivery) error
	// begins says that something new begins, which people may have stopped while
	// uploads ran.
	begins bool
	// opens is the attempt that begins, if one does.
	opens *domain.Attempt
	// ended is the attempt that ends, and res, if set, how. Of a change that
	// opens none it is the open one.
	ended domain.AttemptID
	res   *result

	// What came of it. Commit may run again, so it sets all of these anew.
	was domain.DeliveryState
	out domain.Delivery
	err error
}

// commit stores all that es say in one transaction. What keeps one of them from
// being stored is in its err, and keeps no other. An error of commit itself
// means that nothing was stored, or that nobody knows.
func (p *Publisher) commit(ctx context.Context, es []*entry) error {
	by := map[domain.OrganizationID][]*entry{}
	for _, e := range es {
		by[e.j.d.Organization] = append(by[e.j.d.Organization], e)
	}
	return p.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		for _, org := range slices.Sorted(maps.Keys(by)) {
			if err := p.commitOf(ctx, r, org, by[org]); err != nil {
				return err
			}
		}
		return nil
	})
}

// commitOf stores what concerns one organization, with a few statements however
// many there are.
func (p *Publisher) commitOf(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	if err := p.lockPosts(ctx, r, org, es); err != nil {
		return err
	}
	if err := p.refresh(ctx, r, org, es); err != nil {
		return err
	}
	es, err := p.change(ctx, r, org, es)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, store.Repos, domain.OrganizationID, []*entry) error{
		p.end, p.open, p.pace, p.tell, p.published,
	} {
		if err := step(ctx, r, org, es); err != nil {
			return err
		}
	}
	return nil
}

// lockPosts locks the posts of several deliveries first, so that the last of
// these to end sees that all have.
func (p *Publisher) lockPosts(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	var ids []domain.PostID
	for _, e := range es {
		if e.j.shared() {
			ids = append(ids, e.j.d.Post)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return r.Posts().Lock(ctx, org, ids...)
}

// refresh reads what may hold back what is about to begin, beside its post:
// people change that at any time.
func (p *Publisher) refresh(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	for _, e := range es {
		e.err = nil
	}
	es = slices.DeleteFunc(slices.Clone(es), func(e *entry) bool { return !e.begins })
	if len(es) == 0 {
		return nil
	}
	ds := make([]domain.Delivery, len(es))
	for i, e := range es {
		ds[i] = e.j.d
	}
	now, err := p.standing(ctx, r, org, ds)
	if err != nil {
		return err
	}
	for _, e := range es {
		if err := now.stand(e.j); err != nil {
			e.err = err
		} else if _, blocked := e.j.blocked(); blocked {
			e.err = errHeld
		}
	}
	return nil
}

// change changes the deliveries that their workers still hold, and returns what
// was changed.
func (p *Publisher) change(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) ([]*entry, error) {
	by := map[domain.DeliveryID]*entry{}
	var ids []domain.DeliveryID
	for _, e := range es {
		if e.err == nil {
			e.err = fault.ErrNotFound // unless it is found below
			by[e.j.d.ID] = e
			ids = append(ids, e.j.d.ID)
		}
	}
	ds, err := r.Deliveries().UpdateMany(ctx, org, ids, func(d *domain.Delivery) error {
		e := by[d.ID]
		e.err = e.apply(d)
		return e.err
	})
	if err != nil {
		return nil, err
	}
	changed := make([]*entry, len(ds))
	for i, d := range ds {
		changed[i] = by[d.ID]
		changed[i].out = d
	}
	return changed, nil
}

func (e *entry) apply(d *domain.Delivery) error {
	j := e.j
	if d.Lease.Token != j.d.Lease.Token {
		return errLeaseLost
	}
	e.was = d.State
	if e.opens == nil {
		e.ended = d.Open
	}
	if e.res != nil && e.opens == nil && j.recorded(d) {
		return nil // the try before this was kept, and only its answer lost
	}
	return e.change(d)
}

// recorded reports whether the result of this job is in d already.
func (j *job) recorded(d *domain.Delivery) bool {
	return d.Open != j.d.Open || d.Current() != j.d.Current()
}

// shared reports whether the post may have other deliveries.
func (j *job) shared() bool { return len(j.post.Targets) > 1 || j.post.Revision > 1 }

// end ends the attempts that have a result now.
func (p *Publisher) end(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	by := map[domain.AttemptID]*result{}
	for _, e := range es {
		if e.res != nil && e.ended != "" {
			by[e.ended] = e.res
		}
	}
	if len(by) == 0 {
		return nil
	}
	now := p.now()
	var failed error
	ended, err := r.Attempts().UpdateMany(ctx, org, slices.Collect(maps.Keys(by)), func(a *domain.Attempt) error {
		res := by[a.ID]
		err := a.End(res.res, res.reason, res.status, res.ref, now)
		if err != nil {
			failed = err
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case failed != nil:
		return failed
	case len(ended) < len(by):
		return fault.ErrNotFound
	default:
		return nil
	}
}

// open stores the attempts that begin.
func (p *Publisher) open(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	var as []domain.Attempt
	for _, e := range es {
		if e.opens != nil {
			a := *e.opens
			a.Number = e.out.Attempts
			as = append(as, a)
		}
	}
	if len(as) == 0 {
		return nil
	}
	return r.Attempts().Insert(ctx, org, as...)
}

// pace keeps the channels of what begins from beginning the next too soon.
func (p *Publisher) pace(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	now := p.now()
	free := map[domain.ChannelID]time.Time{}
	for _, e := range es {
		if gap := p.gap(e.j); gap > 0 && e.opens != nil {
			free[e.j.d.Channel] = now.Add(gap)
		}
	}
	if len(free) == 0 {
		return nil
	}
	return r.Deliveries().Pace(ctx, org, free)
}

// tell appends the events of the deliveries that changed their state.
func (p *Publisher) tell(ctx context.Context, r store.Repos, org domain.OrganizationID, es []*entry) error {
	es = turned(es)
	var shared []domain.PostID
	for _, e := range es {
		if e.counts() {
			shared = append(shared, e.out.Post)
		}
	}
	beside := map[domain.PostID][]domain.Delivery{}
	if len(shared) > 0 {
		all, err := r.Deliveries().OfPosts(ctx, org, shared...)
		if err != nil {
			return err
		}
		for _, d := range all {
			beside[d.Post] = append(beside[d.Post], d)
		}
	}
	var events []journal.Entry
	for _, e := range es {
		states := []domain.DeliveryState{e.out.State}
		if e.counts() {
			states = domain.StatesOf(beside[e.out.Post], e.out)
		}
		events = append(events, journal.Turned(e.j.post, e.out, states, p.now())...)
	}
	return p.cfg.Journal.Append(ctx, r, events...)
}

// counts reports whether e may change what becomes of its post beside others.
func (e *entry) counts() bool {
	return e.j.shared() && (e.out.State == domain.DeliveryPublished || e.out.State.NeedsAttention())
}

// turned returns the entries whose delivery changed its state.
func turned(es []*entry) []*entry {
	return slices.DeleteFunc(slices.Clone(es), func(e *entry) bool { return e.out.State == e.was })
}

// published has what follows booked for the deliveries that have just become
// published.
func (p *Publisher) published(ctx context.Context, r store.Repos, _ domain.OrganizationID, es []*entry) error {
	if p.cfg.Published == nil {
		return nil
	}
	for _, e := range turned(es) {
		if e.out.State != domain.DeliveryPublished {
			continue
		}
		if err := p.cfg.Published(ctx, r, e.j.post, e.out); err != nil {
			return err
		}
	}
	return nil
}
