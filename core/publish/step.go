package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/pace"
	"github.com/crierhq/crier/ports/social"
)

// minCheck is the shortest wait between two looks at a platform's processing.
const minCheck = time.Second

// prepare does all that the public cannot see.
func (p *Publisher) prepare(ctx context.Context, j *job) (bool, error) {
	now := p.now()
	if j.d.State == domain.DeliveryScheduled {
		err := p.record(ctx, j, func(d *domain.Delivery) error { return d.Begin(now) }, nil)
		if err != nil {
			return false, err
		}
	}
	it, err := p.item(ctx, j)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	first, err := p.firstTry(ctx, j)
	if err != nil {
		return false, err
	}
	t, err := p.target(ctx, j, first)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	if it, err = p.follow(ctx, j, t, it); err != nil {
		return p.repeatable(ctx, j, err)
	}
	call, cancel := context.WithTimeout(ctx, p.pol.PrepareTimeout)
	defer cancel()
	cur, err := j.pf.Can.Prepare.Prepare(call, t, it)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	return p.prepared(ctx, j, cur)
}

// prepared goes on from a cursor of which the public sees nothing yet.
func (p *Publisher) prepared(ctx context.Context, j *job, cur domain.Cursor) (bool, error) {
	if len(cur.State) > social.MaxCursorBytes {
		return false, p.fail(ctx, j, domain.Reason{Code: "cursor_too_large", Message: "The adapter of this platform keeps too much state. This is a mistake of ours."})
	}
	if cur.Next == domain.StepPublish && cur.After <= 0 {
		return p.publish(ctx, j, cur)
	}
	now := p.now()
	wake := now.Add(max(cur.After, minCheck))
	return false, p.record(ctx, j, func(d *domain.Delivery) error {
		return d.Prepared(cur, wake, now.Add(p.pol.ProcessingBound), now)
	}, nil)
}

// check looks how far the platform is.
func (p *Publisher) check(ctx context.Context, j *job) (bool, error) {
	now := p.now()
	if !j.d.Bound.IsZero() && now.After(j.d.Bound) {
		return false, p.giveUp(ctx, j)
	}
	if j.pf.Can.Prepare == nil {
		return false, p.giveUp(ctx, j) // its adapter cannot check any more
	}
	first, err := p.firstTry(ctx, j)
	if err != nil {
		return false, err
	}
	t, err := p.target(ctx, j, first)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	call, cancel := context.WithTimeout(ctx, p.pol.CallTimeout)
	defer cancel()
	out, err := j.pf.Can.Prepare.Check(call, t, j.d.Cursor)
	switch {
	case err != nil:
		return p.repeatable(ctx, j, err)
	case out.Ref != nil:
		return p.accept(ctx, j, out)
	case out.Cursor == nil:
		return p.repeatable(ctx, j, fmt.Errorf("the adapter answered with neither a result nor a cursor"))
	case j.d.State == domain.DeliveryProcessing:
		wake := now.Add(max(out.Cursor.After, minCheck))
		return false, p.record(ctx, j, func(d *domain.Delivery) error {
			return d.Process(*out.Cursor, wake, d.Bound, now)
		}, nil)
	default:
		return p.prepared(ctx, j, *out.Cursor)
	}
}

// giveUp ends waiting for a platform that never finishes. What the public could
// not see has failed; what was handed over may still come out.
func (p *Publisher) giveUp(ctx context.Context, j *job) error {
	now := p.now()
	r := domain.Reason{Code: "processing_timeout", Message: "The platform did not finish working on it in time."}
	if j.d.State != domain.DeliveryProcessing {
		return p.fail(ctx, j, r)
	}
	return p.record(ctx, j, func(d *domain.Delivery) error { return d.Doubt(r, now) }, nil)
}

// publish makes the one visible change, between two commits.
func (p *Publisher) publish(ctx context.Context, j *job, cur domain.Cursor) (bool, error) {
	it, err := p.item(ctx, j)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	first, err := p.firstTry(ctx, j)
	if err != nil {
		return false, err
	}
	t, err := p.target(ctx, j, first)
	if err != nil {
		return p.repeatable(ctx, j, err)
	}
	if it, err = p.follow(ctx, j, t, it); err != nil {
		return p.repeatable(ctx, j, err)
	}
	if wait, err := p.cfg.Budget.Take(ctx, pace.AppOf(j.pf.Descriptor)); err != nil || wait > 0 {
		return p.overBudget(ctx, j, wait, err)
	}
	if err := p.intend(ctx, j, cur, first); err != nil {
		return false, err
	}
	return p.send(ctx, j, t, it, false)
}

// overBudget waits until the platform takes calls of our app again. It is not a
// try: nothing was asked of the platform.
func (p *Publisher) overBudget(ctx context.Context, j *job, wait time.Duration, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	e := social.Errorf(social.CodeRateLimited, "All posts of this installation together have used up what the platform allows for now.")
	e.RetryAfter, e.Scope = wait, social.ScopeApp
	return p.act(ctx, j, e, ActWait, nil)
}

// send makes the call whose intent is on record, and records its result. again
// says that the same call was made before and its answer lost.
func (p *Publisher) send(ctx context.Context, j *job, t social.Target, it social.Item, again bool) (bool, error) {
	out, err := p.call(ctx, j, t, it)
	if err == nil && j.repeats {
		err = p.notAnothers(ctx, j, out)
	}
	switch {
	case err != nil && again:
		return p.refusedAgain(ctx, j, social.AsError(err))
	case err != nil:
		return p.refused(ctx, j, social.AsError(err))
	case out.Ref != nil:
		return p.confirm(ctx, j, t, out)
	case out.Cursor != nil && len(out.Cursor.State) <= social.MaxCursorBytes:
		now := p.now()
		wake := now.Add(max(out.Cursor.After, minCheck))
		return false, p.record(ctx, j, func(d *domain.Delivery) error {
			return d.Process(*out.Cursor, wake, now.Add(p.pol.ProcessingBound), now)
		}, &result{res: domain.AttemptAccepted})
	default:
		return p.refused(ctx, j, social.Errorf(social.CodeOutcomeUnknown, "The adapter of this platform gave no usable answer."))
	}
}

// call makes the visible change. Its time counts from the intent: a worker that
// stood still in between comes too late, for others may have looked by now and
// somebody may have decided.
func (p *Publisher) call(ctx context.Context, j *job, t social.Target, it social.Item) (social.Outcome, error) {
	left := j.intended.Add(p.pol.CallTimeout).Sub(p.now())
	if left <= 0 {
		return social.Outcome{}, social.Errorf(social.CodeUnavailable, "This server was too slow to send it in time.")
	}
	call, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	var heard []social.Rate
	out, err := j.change(social.WithRates(call, func(r social.Rate) { heard = append(heard, r) }), t, it)
	p.report(ctx, j, heard, err)
	return out, err
}

// report hands on what the platform said of the limits of our app. Where that
// cannot be kept, the platform will say it again.
func (p *Publisher) report(ctx context.Context, j *job, heard []social.Rate, failed error) {
	app := pace.AppOf(j.pf.Descriptor)
	err := p.cfg.Budget.ReportError(ctx, app, failed)
	for _, r := range heard {
		err = errors.Join(err, p.cfg.Budget.Report(ctx, app, r))
	}
	if err != nil {
		p.cfg.Log.WarnContext(ctx, "the limits of an app could not be stored", "provider", app.Provider, "error", err)
	}
}

// confirm reads a published item back where the platform lets us: a success
// that nobody can see is none.
func (p *Publisher) confirm(ctx context.Context, j *job, t social.Target, out social.Outcome) (bool, error) {
	if j.pf.Can.Confirm == nil || j.reposts() {
		return p.accept(ctx, j, out)
	}
	call, cancel := context.WithTimeout(ctx, p.pol.CallTimeout)
	defer cancel()
	visible, err := j.pf.Can.Confirm.Confirm(call, t, *out.Ref)
	if err != nil || visible {
		// The platform said yes. That it cannot be read just now does not take
		// that back.
		return p.accept(ctx, j, out)
	}
	r := domain.Reason{Code: "not_visible", Message: "The platform accepted it, but it cannot be seen there."}
	return false, p.look(ctx, j, r, out.Ref)
}

// accept records that the current item is out, and what of it did not work.
func (p *Publisher) accept(ctx context.Context, j *job, out social.Outcome) (bool, error) {
	now := p.now()
	items := j.post.ItemsFor(j.d.Channel)
	var delay time.Duration
	if next := j.d.Current() + 1; next < len(items) {
		delay = items[next].Delay
	}
	res := &result{res: domain.AttemptAccepted, ref: out.Ref}
	if out.Caveat != "" {
		res.reason = domain.Reason{Code: domain.ReasonIncomplete, Message: out.Caveat}
	}
	err := p.record(ctx, j, func(d *domain.Delivery) error {
		if out.Caveat != "" {
			d.Reason = res.reason
		}
		return d.Accept(*out.Ref, delay, now)
	}, res)
	return err == nil && j.d.State == domain.DeliveryPublishing && delay == 0, err
}

// refused records a visible change that failed, and does what its code asks for.
func (p *Publisher) refused(ctx context.Context, j *job, e *social.Error) (bool, error) {
	res := &result{res: domain.AttemptRefused, reason: reasonOf(e), status: e.Status}
	decided, err := p.decide(ctx, j, e)
	if err != nil {
		return false, err
	}
	switch decided {
	case ActVerify:
		if err := p.note(ctx, j, e); err != nil {
			return false, err
		}
		return true, nil // the intent is still open: look into it
	case ActAdopt:
		return p.adopt(ctx, j, e)
	default:
		return p.act(ctx, j, e, decided, res)
	}
}

// refusedAgain handles the failure of a repeated call. Whatever it says of
// itself, it proves nothing about the call before it: the intent stays open, and
// is looked into again later.
func (p *Publisher) refusedAgain(ctx context.Context, j *job, e *social.Error) (bool, error) {
	decided, err := p.decide(ctx, j, e)
	if err != nil {
		return false, err
	}
	switch decided {
	case ActAdopt:
		return p.adopt(ctx, j, e)
	case ActRefresh:
		if j.renewed {
			return false, p.look(ctx, j, reasonOf(e), nil)
		}
		if err := p.note(ctx, j, e); err != nil {
			return false, err
		}
		return p.renewToLook(ctx, j)
	default:
		// What was just sent may be out. It is looked for once more, also where
		// this was the last look; a call is repeated a few times at most.
		return false, p.lookLater(ctx, j, reasonOf(e), nil)
	}
}

// decide is what follows from the failure of a visible change. What the platform
// has already is not adopted where it is another item of the channel.
func (p *Publisher) decide(ctx context.Context, j *job, e *social.Error) (Action, error) {
	act := decide(e.Code)
	if act != ActAdopt || e.Existing == nil {
		return act, nil
	}
	if taken, err := p.taken(ctx, j, *e.Existing); taken || err != nil {
		return ActFail, err
	}
	return act, nil
}

// adopt takes over what the platform says it has already.
func (p *Publisher) adopt(ctx context.Context, j *job, e *social.Error) (bool, error) {
	if e.Existing != nil {
		return p.accept(ctx, j, social.Published(*e.Existing))
	}
	if err := p.note(ctx, j, e); err != nil {
		return false, err
	}
	return true, nil
}

// repeatable handles the failure of a call that may be made again from the
// start, because the public cannot see its effect.
func (p *Publisher) repeatable(ctx context.Context, j *job, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	e := social.AsError(err)
	return p.act(ctx, j, e, decideRepeatable(e.Code), nil)
}

// act does what follows from a failure without effect. res, if set, ends the
// open attempt in the same transaction.
func (p *Publisher) act(ctx context.Context, j *job, e *social.Error, act Action, res *result) (bool, error) {
	r := reasonOf(e)
	now := p.now()
	act = j.milder(act, e)
	again := func(wait time.Duration, put func(*domain.Delivery, domain.Reason, time.Time, time.Time) error) error {
		return p.record(ctx, j, func(d *domain.Delivery) error {
			if e.Restart {
				d.Cursor = domain.Cursor{}
			}
			return put(d, r, now.Add(wait), now)
		}, res)
	}
	switch act {
	case ActRefresh:
		return p.renew(ctx, j, r, res)
	case ActReconnect:
		return false, p.reconnect(ctx, j, r, res)
	case ActWait:
		wait := p.platformWait(e)
		if j.d.State != domain.DeliveryProcessing && now.Add(wait).After(j.deadline()) {
			r.Message = "The platform makes us wait for longer than this post may be late. " + r.Message
			return false, p.failWith(ctx, j, r, res)
		}
		return false, again(wait, (*domain.Delivery).Wait)
	case ActRetry:
		if j.d.Tries+1 < p.pol.Attempts || j.d.State == domain.DeliveryProcessing {
			return false, again(max(e.RetryAfter, p.backoff(p.pol.Backoff, j.d.Tries+1)), (*domain.Delivery).Retry)
		}
		return false, p.failWith(ctx, j, r, res)
	default:
		return false, p.failWith(ctx, j, r, res)
	}
}

// milder is what follows for something that follows a post: that its channel may
// not do this is no reason to park it, for it may still publish. What the platform
// has already is not undone by that either: it is asked again.
func (j *job) milder(act Action, e *social.Error) Action {
	switch {
	case act != ActReconnect || e.Code != social.CodeScopeMissing || j.d.Follows == "":
		return act
	case j.d.State == domain.DeliveryProcessing:
		return ActRetry
	default:
		return ActFail
	}
}

// renew gets a new credential and goes on at once. A credential that is refused
// although it is new means that a person must connect the channel again.
func (p *Publisher) renew(ctx context.Context, j *job, r domain.Reason, res *result) (bool, error) {
	if j.renewed {
		return false, p.reconnect(ctx, j, r, res)
	}
	j.renewed = true
	now := p.now()
	if res != nil { // the refusal goes on record before anything else is tried
		err := p.record(ctx, j, func(d *domain.Delivery) error { return d.Refused(r, now) }, res)
		if err != nil {
			return false, err
		}
	}
	if _, err := p.cfg.Credentials.Renew(ctx, j.ch); err != nil {
		e := social.AsError(err)
		if e.Code == social.CodeAuthExpired {
			e = social.Errorf(social.CodeAuthRevoked, "%s", e.Message)
		}
		return p.act(ctx, j, e, decideRepeatable(e.Code), nil)
	}
	return p.reread(ctx, j)
}

// reread loads the channel again, with its new credential, and goes on.
func (p *Publisher) reread(ctx context.Context, j *job) (bool, error) {
	ch, err := p.cfg.Store.Channels().Get(ctx, j.d.Organization, j.d.Channel)
	if err != nil {
		return false, err
	}
	j.ch = ch
	return true, nil
}

func reasonOf(e *social.Error) domain.Reason {
	msg := e.Message
	if msg == "" {
		msg = "The platform refused it without saying why."
	}
	return domain.Reason{Code: string(e.Code), Message: msg, Evidence: e.Evidence}
}
