package publish

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
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
	return p.keep(ctx, p.results, &entry{j: j, change: change, res: res})
}

// keep stores e in its turn, and lets its job go on from there.
func (p *Publisher) keep(ctx context.Context, g *group, e *entry) error {
	err := g.store(ctx, e)
	if err == nil {
		e.j.d = e.out
	}
	return err
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
	return p.keep(ctx, p.intents, &entry{j: j, opens: &a, begins: true, change: func(d *domain.Delivery) error {
		d.Hold(now.Add(p.hold(j)))
		if d.State == domain.DeliveryScheduled {
			if err := d.Begin(now); err != nil {
				return err
			}
		}
		return d.Intend(a.ID, cur, now)
	}})
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
