package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/media"
	"github.com/crierhq/crier/core/pace"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/social/markup"
	"github.com/crierhq/crier/ports/store"
)

// Policy is the numbers of publishing. The zero value of every field is its
// default.
type Policy struct {
	// Attempts is how often a call that failed without any effect is made
	// before the delivery fails. Default 3. Waiting for a platform's rate limit
	// does not count.
	Attempts int
	// Backoff is the wait after the first failure; it doubles. Default 2 s.
	Backoff time.Duration
	// CallTimeout bounds one call that publishes or reads. Default 60 s.
	CallTimeout time.Duration
	// PrepareTimeout bounds the uploads of one item. Default 30 min.
	PrepareTimeout time.Duration
	// ProcessingBound is how long a platform may work on an item before the
	// delivery is given up. Default 1 h.
	ProcessingBound time.Duration
	// Looks is how often a lost outcome is looked for before the delivery turns
	// unknown. Default 4. Looks that the platform does not answer go on for
	// ProcessingBound.
	Looks int
	// LookBackoff is the wait after the first look in vain; it doubles. Default 5 s.
	LookBackoff time.Duration
	// Gap is the least time between two changes on one channel, where neither
	// the channel nor its platform asks for more. Default 10 s; negative: none.
	Gap time.Duration
	// LateWindow is how long after its due time a delivery may still start
	// where its organization sets nothing. Default domain.DefaultLateWindow.
	LateWindow time.Duration
}

func (p Policy) withDefaults() Policy {
	set := func(d *time.Duration, def time.Duration) {
		if *d <= 0 {
			*d = def
		}
	}
	if p.Attempts <= 0 {
		p.Attempts = 3
	}
	if p.Looks <= 0 {
		p.Looks = 4
	}
	set(&p.Backoff, 2*time.Second)
	set(&p.CallTimeout, time.Minute)
	set(&p.PrepareTimeout, 30*time.Minute)
	set(&p.ProcessingBound, time.Hour)
	set(&p.LookBackoff, 5*time.Second)
	if p.Gap == 0 {
		p.Gap = 10 * time.Second
	}
	return p
}

// Config is what a Publisher needs. All fields but Policy, Published and Rand are
// required.
type Config struct {
	Store       store.Store
	Catalog     *channel.Catalog
	Credentials *channel.Credentials
	Media       *media.Service
	Journal     *journal.Journal
	// Budget is what the apps of platforms may still do.
	Budget *pace.Budget
	Log    *slog.Logger
	Now    func() time.Time
	NewID  func() string
	Policy Policy
	// Published is called within the transaction that records d, a delivery of
	// p, as published, such as to book what follows it. It may be called again
	// for the same d, and its error undoes the transaction. Nil: nothing is done.
	Published func(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery) error
	// Rand returns a number from 0 to below n, for jitter. Default:
	// math/rand/v2.
	Rand func(n int64) int64
	// Sleep waits for d and returns true, or returns false once ctx has ended.
	Sleep func(ctx context.Context, d time.Duration) bool
}

// Publisher brings claimed deliveries as far as they get without waiting.
type Publisher struct {
	cfg Config
	pol Policy
	// intents come before calls, and results after them. Apart from each other,
	// so that what is to go out does not wait behind what is out.
	intents, results *group
}

// NewPublisher returns a Publisher.
func NewPublisher(cfg Config) *Publisher {
	if cfg.Rand == nil {
		cfg.Rand = rand.Int64N
	}
	p := &Publisher{cfg: cfg, pol: cfg.Policy.withDefaults()}
	p.intents, p.results = &group{commit: p.commit}, &group{commit: p.commit}
	return p
}

// deadline is until when the next item may be started: for the first one the
// end of the late window, for a reply the same time behind the item before it,
// and behind the wish of a person who had it tried again.
func (j *job) deadline() time.Time {
	i := j.d.Current()
	if i == 0 {
		return j.d.DueAt.Add(j.window)
	}
	var delay time.Duration
	if items := j.post.ItemsFor(j.d.Channel); i < len(items) {
		delay = items[i].Delay
	}
	from := j.d.Parts[i-1].PublishedAt.Add(delay)
	if j.d.DueAt.After(from) {
		from = j.d.DueAt
	}
	return from.Add(j.window)
}

// leaveFor bounds giving a lease back.
const leaveFor = 5 * time.Second

const (
	// blockedLook is how often a blocked delivery is looked at.
	blockedLook = 10 * time.Minute
	// pausedLook is how often one is that only waits for the end of a pause.
	pausedLook = time.Minute
)

// errLeaseLost means that the delivery belongs to somebody else now, or was
// edited or canceled. Nothing was changed.
var errLeaseLost = fault.New(fault.Conflict, "lease_lost", "The delivery is in other hands now.")

// job is one claimed delivery with all that publishing it takes.
type job struct {
	d    domain.Delivery
	post domain.Post
	ch   domain.Channel
	pf   channel.Platform
	org  domain.Organization
	// all is the pause of the whole installation.
	all domain.Pause
	// who is the name of the person who began the pause in force, if known.
	who string
	// unapproved says that nobody approved of what it publishes.
	unapproved bool
	// window is the late window in force.
	window time.Duration
	// renewed is set once the credential was renewed in this run, so that a
	// platform that refuses every token is not asked for ever.
	renewed bool
	// repeats says that the current item was sent before, with the same key.
	repeats bool
	// intended is when the open intent was put on record.
	intended time.Time
}

// Advance brings d, which the caller has claimed, as far as it gets without
// waiting. An error means that nothing more can be done now; the lease will
// run out, and the ledger says what to do then.
func (p *Publisher) Advance(ctx context.Context, d domain.Delivery) error {
	return p.Tasks(ctx, []domain.Delivery{d})[0](ctx)
}

// Tasks reads at once what all of ds name, which the caller has claimed, and
// returns what Advance would do for each. Each task may be run once, together
// with the others or not.
func (p *Publisher) Tasks(ctx context.Context, ds []domain.Delivery) []func(context.Context) error {
	read, err := p.read(ctx, ds)
	out := make([]func(context.Context) error, len(ds))
	for i, d := range ds {
		out[i] = func(ctx context.Context) error {
			j, err := &job{d: d}, err // each task has its own
			if err == nil {
				err = read.fill(j)
			}
			if err != nil {
				return p.leave(ctx, j, fmt.Errorf("load delivery %s: %w", d.ID, err))
			}
			return p.advance(ctx, j)
		}
	}
	return out
}

func (p *Publisher) advance(ctx context.Context, j *job) error {
	for {
		more, err := p.step(ctx, j)
		if errors.Is(err, errLeaseLost) {
			p.cfg.Log.InfoContext(ctx, "a delivery was taken over, edited or canceled", "delivery", j.d.ID)
			return nil
		}
		if errors.Is(err, errHeld) {
			continue // the next step says why
		}
		if err != nil {
			return p.leave(ctx, j, fmt.Errorf("delivery %s: %w", j.d.ID, err))
		}
		if !more {
			return nil
		}
	}
}

// leave gives the lease back after something of our own failed, so that the
// delivery is taken up again soon instead of when the lease runs out. It does
// not touch a delivery with an open intent: that has to be looked into.
func (p *Publisher) leave(ctx context.Context, j *job, cause error) error {
	if j.d.Open != "" {
		return cause
	}
	now := p.now()
	wake := now.Add(p.backoff(p.pol.Backoff, 3))
	if ctx.Err() != nil {
		wake = now // we were told to stop: another worker may go on at once
	}
	stopped, away := ctx.Err() != nil, fault.KindOf(cause) == fault.Unavailable
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveFor)
	defer cancel()
	var err error
	if !stopped && !away && j.d.Leads() && j.d.Tries+1 >= p.pol.Attempts {
		// What nobody can work on must not keep its channel waiting for ever.
		err = p.fail(ctx, j, domain.Reason{
			Code: "internal", Message: "A mistake of ours keeps it from being published. The log says more.",
		})
	} else {
		err = p.record(ctx, j, func(d *domain.Delivery) error {
			if !stopped && !away {
				d.Tries++
			}
			return d.Postpone(wake, now)
		}, nil)
	}
	if errors.Is(err, errLeaseLost) {
		err = nil
	}
	return errors.Join(cause, err)
}

func (p *Publisher) now() time.Time { return domain.Instant(p.cfg.Now()) }

// step does the one thing that is next. It reports whether there is more to do
// at once.
func (p *Publisher) step(ctx context.Context, j *job) (more bool, err error) {
	now := p.now()
	late := now.After(j.deadline()) && j.d.Open == ""
	sent := j.d.Open != "" || j.d.State == domain.DeliveryProcessing
	switch reason, blocked := j.blocked(); {
	case sent && j.pf.Provider == nil:
		return false, p.look(ctx, j, reason, nil)
	case j.d.Open != "":
		return p.verify(ctx, j)
	case sent:
		return p.check(ctx, j)
	case late:
		return false, p.late(ctx, j)
	case blocked:
		return false, p.block(ctx, j, reason)
	case j.d.State == domain.DeliveryBlocked:
		return false, p.record(ctx, j, func(d *domain.Delivery) error { return d.Unblock(now) }, nil)
	default:
		return p.forward(ctx, j)
	}
}

// forward takes the next step of a delivery that nothing stands in the way of.
func (p *Publisher) forward(ctx context.Context, j *job) (bool, error) {
	switch {
	case j.d.Cursor.Next == domain.StepCheck:
		return p.check(ctx, j)
	case j.d.Cursor.Next == domain.StepPublish:
		return p.publish(ctx, j, j.d.Cursor)
	case j.pf.Can.Prepare != nil && !j.reposts():
		return p.prepare(ctx, j)
	default:
		return p.publish(ctx, j, domain.Cursor{})
	}
}

// late ends a delivery whose time has passed: missed if it was never tried,
// failed with its last reason if it was.
func (p *Publisher) late(ctx context.Context, j *job) error {
	now := p.now()
	return p.record(ctx, j, func(d *domain.Delivery) error {
		if d.Begun() || d.Attempts > 0 && d.State != domain.DeliveryBlocked {
			r := d.Reason
			r.Message = "It could not be published in time. " + r.Message
			if d.State == domain.DeliveryScheduled {
				if err := d.Begin(now); err != nil {
					return err
				}
			}
			return d.Fail(r, now)
		}
		r := domain.Reason{Code: "late", Message: "It could not be started in time, so it was not published."}
		if d.Reason.Message != "" {
			r.Message += " " + d.Reason.Message
		}
		return d.Miss(r, now)
	}, nil)
}

// block parks a delivery until the end of its late window.
func (p *Publisher) block(ctx context.Context, j *job, r domain.Reason) error {
	now := p.now()
	until := p.blockedUntil(j, now)
	return p.record(ctx, j, func(d *domain.Delivery) error { return d.Block(r, until, now) }, nil)
}

// blocked says why it must not be published now, if it must not.
func (j *job) blocked() (domain.Reason, bool) {
	if j.pf.Provider == nil {
		return domain.Reason{Code: "provider_missing", Message: "This platform is not set up in this installation."}, true
	}
	if j.ch.State == domain.ChannelActive {
		return j.heldBack()
	}
	msg := "The channel has to be connected again."
	if j.ch.StateReason != "" {
		msg += " " + j.ch.StateReason
	}
	return domain.Reason{Code: "channel_" + string(j.ch.State), Message: msg}, true
}

// blockedUntil is when a blocked delivery is looked at again: when its time is
// over, or earlier, for what blocks it may go away without anybody telling us.
func (p *Publisher) blockedUntil(j *job, now time.Time) time.Time {
	until, again := j.deadline().Add(time.Second), now.Add(j.lookEvery())
	if again.Before(until) {
		return again
	}
	return until
}

// item is the item that is next, as its provider gets it.
func (p *Publisher) item(ctx context.Context, j *job) (social.Item, error) {
	i := j.d.Current()
	items := j.post.ItemsFor(j.d.Channel)
	if i >= len(items) {
		return social.Item{}, fmt.Errorf("item %d of %d does not exist", i, len(items))
	}
	t, _ := j.post.Target(j.d.Channel)
	out := social.Item{Text: markup.Convert(items[i].Text, items[i].Format, j.pf.Descriptor.Markup), Settings: t.Settings}
	if i > 0 {
		out.Root, out.Parent = j.d.Parts[0].Ref, j.d.Parts[i-1].Ref
	}
	ids := make([]domain.MediaID, len(items[i].Media))
	for k, m := range items[i].Media {
		ids[k] = m.Media
	}
	if len(ids) == 0 {
		return out, nil
	}
	found, err := p.cfg.Store.Media().GetMany(ctx, j.d.Organization, ids)
	if err != nil {
		return out, err
	}
	by := map[domain.MediaID]domain.Media{}
	for _, m := range found {
		by[m.ID] = m
	}
	for _, at := range items[i].Media {
		m, ok := by[at.Media]
		if !ok {
			return out, social.Errorf(social.CodeRejected, "A file of this post is gone from the library.")
		}
		out.Media = append(out.Media, p.cfg.Media.ForProvider(m, at.Alt))
	}
	return out, nil
}

// target says on whose behalf and with which key the next call is made.
func (p *Publisher) target(ctx context.Context, j *job, first time.Time) (social.Target, error) {
	t, err := p.cfg.Credentials.Target(ctx, j.ch)
	if err != nil {
		return t, err
	}
	t.Key = domain.AttemptKey(j.d.ID, j.d.Current(), j.d.Revision)
	t.FirstTry = first
	return t, nil
}
