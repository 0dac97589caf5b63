package publish

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// firstTry is when the first call with the key of the current item was about to
// be made: from the ledger, or now.
func (p *Publisher) firstTry(ctx context.Context, j *job) (time.Time, error) {
	j.repeats = false
	if j.d.Attempts == 0 {
		return p.now(), nil
	}
	all, err := p.cfg.Store.Attempts().OfDeliveries(ctx, j.d.Organization, j.d.ID)
	if err != nil {
		return time.Time{}, err
	}
	key := domain.AttemptKey(j.d.ID, j.d.Current(), j.d.Revision)
	for _, a := range all {
		if a.Key == key {
			j.repeats = true
			return a.StartedAt, nil // they are ordered by number
		}
	}
	return p.now(), nil
}

// verify clears up an intent without a result: it asks the platform, then looks
// for the item, then sends the same request again where the platform takes that
// for the same change. Nothing else ever sends again.
func (p *Publisher) verify(ctx context.Context, j *job) (bool, error) {
	open, err := p.cfg.Store.Attempts().Get(ctx, j.d.Organization, j.d.Open)
	if err != nil {
		return false, err
	}
	first, err := p.firstTry(ctx, j)
	if err != nil {
		return false, err
	}
	r := j.d.Reason
	if r.Code == "" {
		r = domain.Reason{Code: string(social.CodeOutcomeUnknown), Message: "The answer of the platform was lost."}
	}
	it, err := p.item(ctx, j)
	if err != nil {
		return false, p.look(ctx, j, r, open.Ref)
	}
	t, err := p.target(ctx, j, first)
	if err != nil {
		return false, p.unseen(ctx, j, r, open)
	}
	if it, err = p.follow(ctx, j, t, it); err != nil {
		return false, p.look(ctx, j, r, open.Ref)
	}
	found, err := p.find(ctx, j, t, it, open)
	now := p.now()
	switch {
	case found.Ref != nil:
		return p.accept(ctx, j, found)
	case err != nil:
		p.cfg.Log.InfoContext(ctx, "a lost outcome could not be looked up", "delivery", j.d.ID, "error", err)
		if social.CodeOf(err) == social.CodeAuthExpired && !j.renewed {
			return p.renewToLook(ctx, j)
		}
		return false, p.unseen(ctx, j, r, open)
	case p.maySendAgain(j, now, first, open):
		return p.resend(ctx, j, t, it, now)
	default:
		return false, p.look(ctx, j, r, open.Ref)
	}
}

// find looks for the current item. There is no Ref if it is not seen.
func (p *Publisher) find(ctx context.Context, j *job, t social.Target, it social.Item, open domain.Attempt) (social.Outcome, error) {
	if j.reposts() {
		return social.Outcome{}, nil // it is made again, which changes nothing
	}
	call, cancel := context.WithTimeout(ctx, p.pol.CallTimeout)
	defer cancel()
	can := j.pf.Can
	if open.Ref != nil && can.Confirm != nil {
		visible, err := can.Confirm.Confirm(call, t, *open.Ref)
		if err != nil || !visible {
			return social.Outcome{}, err
		}
		return social.Outcome{Ref: open.Ref}, nil
	}
	return p.lookUp(call, j, t, it)
}

// lookUp asks the platform how far it is, and then for the item itself.
func (p *Publisher) lookUp(call context.Context, j *job, t social.Target, it social.Item) (social.Outcome, error) {
	can := j.pf.Can
	if can.Prepare != nil && !j.d.Cursor.IsZero() {
		out, err := can.Prepare.Check(call, t, j.d.Cursor)
		if err != nil && can.Find == nil {
			return social.Outcome{}, err
		}
		if err == nil && out.Ref != nil {
			return out, nil
		}
	}
	if can.Find == nil {
		return social.Outcome{}, nil
	}
	ref, err := can.Find.Find(call, t, it)
	if err != nil || ref == nil {
		return social.Outcome{}, err
	}
	if others, err := p.another(call, j, *ref, t.FirstTry); others || err != nil {
		return social.Outcome{}, err
	}
	return social.Outcome{Ref: ref}, nil
}

// maySendAgain reports whether the platform still takes a repeated call with
// the same key for the same change.
func (p *Publisher) maySendAgain(j *job, now, first time.Time, open domain.Attempt) bool {
	dedupe := j.pf.Descriptor.Dedupe
	if j.reposts() {
		dedupe = social.DedupeForever // see social.Reposter
	}
	if dedupe <= 0 || open.Ref != nil || j.ch.State != domain.ChannelActive || j.d.Tries >= p.pol.Attempts {
		return false
	}
	// A call that we give up may still be worked on for as long again.
	return dedupe == social.DedupeForever || now.Add(2*p.pol.CallTimeout).Before(first.Add(dedupe))
}

// resend makes the call of the open intent again, with the same key and as an
// attempt of its own.
func (p *Publisher) resend(ctx context.Context, j *job, t social.Target, it social.Item, now time.Time) (bool, error) {
	a := domain.Attempt{
		ID: domain.AttemptID(p.cfg.NewID()), Organization: j.d.Organization, Post: j.d.Post, Delivery: j.d.ID,
		Item: j.d.Current(), Key: t.Key, Revision: j.d.Revision, StartedAt: now,
	}
	j.intended = now
	err := p.keep(ctx, p.intents, &entry{
		j: j, opens: &a, ended: j.d.Open, res: &result{
			res: domain.AttemptUnknown, reason: domain.Reason{Code: string(social.CodeOutcomeUnknown), Message: "No answer came. The same request was sent again."},
		},
		change: func(d *domain.Delivery) error {
			d.Hold(now.Add(p.hold(j)))
			return d.Resend(a.ID, now)
		},
	})
	if err != nil {
		return false, err
	}
	return p.send(ctx, j, t, it, true)
}

// renewToLook renews the credential so that the platform can be asked.
func (p *Publisher) renewToLook(ctx context.Context, j *job) (bool, error) {
	j.renewed = true
	if _, err := p.cfg.Credentials.Renew(ctx, j.ch); err != nil {
		return false, p.look(ctx, j, reasonOf(social.AsError(err)), nil)
	}
	return p.reread(ctx, j)
}

// look leaves an outcome in doubt alone for a while, or, after enough looks,
// asks a person. ref is where the item should be, if the platform said so.
func (p *Publisher) look(ctx context.Context, j *job, r domain.Reason, ref *domain.Ref) error {
	now := p.now()
	res := &result{res: domain.AttemptUnknown, reason: r, ref: ref}
	if j.d.Looks+1 >= p.pol.Looks {
		return p.record(ctx, j, func(d *domain.Delivery) error { return d.Doubt(r, now) }, res)
	}
	return p.lookLater(ctx, j, r, ref)
}

// unseen is look where nothing could be seen, because the platform does not
// answer. That says nothing, so a person is asked only when it has gone on for
// as long as a platform may work on something.
func (p *Publisher) unseen(ctx context.Context, j *job, r domain.Reason, open domain.Attempt) error {
	if p.now().Before(open.StartedAt.Add(p.pol.ProcessingBound)) {
		return p.lookLater(ctx, j, r, open.Ref)
	}
	return p.look(ctx, j, r, open.Ref)
}

// lookLater leaves an outcome in doubt alone for a while, however often it was
// looked for.
func (p *Publisher) lookLater(ctx context.Context, j *job, r domain.Reason, ref *domain.Ref) error {
	now := p.now()
	res := &result{res: domain.AttemptUnknown, reason: r, ref: ref}
	wake := now.Add(p.backoff(p.pol.LookBackoff, j.d.Looks+1))
	return p.record(ctx, j, func(d *domain.Delivery) error {
		d.Reason = r
		return d.Look(wake, now)
	}, res)
}
