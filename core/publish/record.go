package publish

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// recordFor is for how long the result of a visible change is tried to be
// stored. After that the intent stands without one, and is looked into later.
const recordFor = 30 * time.Second

// result is what became of the open attempt.
type result struct {
	res    domain.AttemptResult
	reason domain.Reason
	status int
	ref    *domain.Ref
}

// record changes the delivery in one transaction with the end of the open
// attempt, if res is set, and with the events that tell of it. It returns
// errLeaseLost, and changes nothing, if the delivery is in other hands.
func (p *Publisher) record(ctx context.Context, j *job, change func(*domain.Delivery) error, res *result) error {
	if res == nil {
		return p.recordOnce(ctx, j, change, nil)
	}
	// The platform has acted: that must be written down even when the process
	// is told to stop, and even when the database is away for a moment.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordFor)
	defer cancel()
	for n := 1; ; n++ {
		err := p.recordOnce(ctx, j, change, res)
		if err == nil || errors.Is(err, errLeaseLost) || fault.KindOf(err) == fault.Conflict {
			return err
		}
		p.cfg.Log.WarnContext(ctx, "the result of a publication could not be stored yet", "delivery", j.d.ID, "error", err)
		if !p.cfg.Sleep(ctx, p.backoff(200*time.Millisecond, n)) {
			return err
		}
	}
}

func (p *Publisher) recordOnce(ctx context.Context, j *job, change func(*domain.Delivery) error, res *result) error {
	var out domain.Delivery
	err := p.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		var was domain.DeliveryState
		var open domain.AttemptID
		var err error
		out, err = p.update(ctx, r, j, func(d *domain.Delivery) error {
			was, open = d.State, d.Open
			if res != nil && j.recorded(d) {
				return nil // the try before this was kept, and only its answer lost
			}
			return change(d)
		})
		if err != nil {
			return err
		}
		if res != nil && open != "" {
			if err := p.end(ctx, r, j, open, *res); err != nil {
				return err
			}
		}
		if err := p.tell(ctx, r, j, out, was); err != nil {
			return err
		}
		return p.published(ctx, r, j, out, was)
	})
	if err == nil {
		j.d = out
	}
	return err
}

// recorded reports whether the result of this job is in d already.
func (j *job) recorded(d *domain.Delivery) bool {
	return d.Open != j.d.Open || d.Current() != j.d.Current()
}

// update changes the delivery if this worker still holds it. The post of
// several deliveries is locked first, so that the last of them to end sees that
// all have.
func (p *Publisher) update(ctx context.Context, r store.Repos, j *job, change func(*domain.Delivery) error) (domain.Delivery, error) {
	if j.shared() {
		if _, err := r.Posts().Update(ctx, j.d.Organization, j.d.Post, func(*domain.Post) error { return nil }); err != nil {
			return domain.Delivery{}, err
		}
	}
	return r.Deliveries().Update(ctx, j.d.Organization, j.d.ID, func(d *domain.Delivery) error {
		if d.Lease.Token != j.d.Lease.Token {
			return errLeaseLost
		}
		return change(d)
	})
}

// shared reports whether the post may have other deliveries.
func (j *job) shared() bool { return len(j.post.Targets) > 1 || j.post.Revision > 1 }

func (p *Publisher) end(ctx context.Context, r store.Repos, j *job, id domain.AttemptID, res result) error {
	now := p.now()
	_, err := r.Attempts().Update(ctx, j.d.Organization, id, func(a *domain.Attempt) error {
		return a.End(res.res, res.reason, res.status, res.ref, now)
	})
	return err
}

// tell appends the events of a delivery that changed its state.
func (p *Publisher) tell(ctx context.Context, r store.Repos, j *job, d domain.Delivery, was domain.DeliveryState) error {
	if d.State == was {
		return nil
	}
	states := []domain.DeliveryState{d.State}
	if j.shared() && (d.State == domain.DeliveryPublished || d.State.NeedsAttention()) {
		all, err := r.Deliveries().OfPosts(ctx, d.Organization, d.Post)
		if err != nil {
			return err
		}
		states = domain.StatesOf(all, d)
	}
	return p.cfg.Journal.Append(ctx, r, journal.Turned(j.post, d, states, p.now())...)
}

// published has what follows booked for a delivery that has just become
// published.
func (p *Publisher) published(ctx context.Context, r store.Repos, j *job, d domain.Delivery, was domain.DeliveryState) error {
	if d.State == was || d.State != domain.DeliveryPublished || p.cfg.Published == nil {
		return nil
	}
	return p.cfg.Published(ctx, r, j.post, d)
}

// intend commits the intent of the one visible change: the attempt and the
// delivery's mark of it, in one transaction, before anything is sent.
func (p *Publisher) intend(ctx context.Context, j *job, cur domain.Cursor, started time.Time) error {
	now := p.now()
	a := domain.Attempt{
		ID: domain.AttemptID(p.cfg.NewID()), Organization: j.d.Organization, Post: j.d.Post, Delivery: j.d.ID,
		Item: j.d.Current(), Key: domain.AttemptKey(j.d.ID, j.d.Current(), j.d.Revision),
		Revision: j.d.Revision, StartedAt: started,
	}
	j.intended = now
	return p.put(ctx, j, a, func(d *domain.Delivery) error {
		d.Hold(now.Add(p.hold(j)))
		if d.State == domain.DeliveryScheduled {
			if err := d.Begin(now); err != nil {
				return err
			}
		}
		return d.Intend(a.ID, cur, now)
	}, "")
}

// hold is for how long nobody else is to look into an intent: its call, reading
// it back, and recording what came of it.
func (p *Publisher) hold(j *job) time.Duration {
	d := p.pol.CallTimeout + recordFor
	if j.pf.Can.Confirm != nil {
		d += p.pol.CallTimeout
	}
	return d
}

// put stores a new attempt with the change of the delivery that goes with it,
// and ends the attempt old as unknown, if there is one.
func (p *Publisher) put(ctx context.Context, j *job, a domain.Attempt, change func(*domain.Delivery) error, old domain.AttemptID) error {
	var out domain.Delivery
	err := p.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		var was domain.DeliveryState
		var err error
		out, err = p.update(ctx, r, j, func(d *domain.Delivery) error {
			was = d.State
			return change(d)
		})
		if err != nil {
			return err
		}
		if old == "" { // something new begins: people may have stopped it while uploads ran
			if err := j.refresh(ctx, r); err != nil {
				return err
			}
			if _, blocked := j.blocked(); blocked {
				return errHeld
			}
		}
		if old != "" {
			err := p.end(ctx, r, j, old, result{
				res: domain.AttemptUnknown, reason: domain.Reason{Code: string(social.CodeOutcomeUnknown), Message: "No answer came. The same request was sent again."},
			})
			if err != nil {
				return err
			}
		}
		a.Number = out.Attempts
		if err := r.Attempts().Insert(ctx, j.d.Organization, a); err != nil {
			return err
		}
		if gap := p.gap(j); gap > 0 {
			if err := r.Deliveries().Pace(ctx, j.d.Organization, j.d.Channel, p.now().Add(gap)); err != nil {
				return err
			}
		}
		return p.tell(ctx, r, j, out, was)
	})
	if err == nil {
		j.d = out
	}
	return err
}

// note keeps what is known of an outcome in doubt; the intent stays open.
func (p *Publisher) note(ctx context.Context, j *job, e *social.Error) error {
	r := reasonOf(e)
	return p.record(ctx, j, func(d *domain.Delivery) error {
		d.Reason = r
		return nil
	}, &result{res: domain.AttemptUnknown, reason: r, status: e.Status})
}

func (p *Publisher) fail(ctx context.Context, j *job, r domain.Reason) error {
	return p.failWith(ctx, j, r, nil)
}

// failWith ends the delivery: the current item is not out. One that could not
// even be started passes through its first state, so that its history is whole.
func (p *Publisher) failWith(ctx context.Context, j *job, r domain.Reason, res *result) error {
	now := p.now()
	return p.record(ctx, j, func(d *domain.Delivery) error {
		if d.State == domain.DeliveryScheduled {
			if err := d.Begin(now); err != nil {
				return err
			}
		}
		return d.Fail(r, now)
	}, res)
}

// reconnect parks the channel and the delivery until a person has connected it
// again. What the platform already works on is looked at again later.
func (p *Publisher) reconnect(ctx context.Context, j *job, r domain.Reason, res *result) error {
	now := p.now()
	err := p.cfg.Store.InTx(ctx, func(ctx context.Context, tx store.Repos) error {
		return p.cfg.Credentials.Park(ctx, tx, j.ch, r.Message, now)
	})
	if err != nil {
		return err
	}
	until := p.blockedUntil(j, now)
	return p.record(ctx, j, func(d *domain.Delivery) error {
		if d.State == domain.DeliveryProcessing {
			return d.Retry(r, now.Add(maxBackoff), now)
		}
		if d.Open != "" { // what ends the attempt says that nothing happened
			if err := d.Refused(r, now); err != nil {
				return err
			}
		}
		return d.Block(r, until, now)
	}, res)
}
