package channel

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/crierhq/crier/core/delay"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	// careLook is the longest sleep between two looks at what is due, which finds
	// what other processes wrote.
	careLook = time.Minute
	// careProvider bounds how many renewals of one platform are under way, so
	// that one that is slow does not hold up the others.
	careProvider = 8
)

// Run renews credentials ahead of their end, and warns people of the end of
// those that cannot be renewed, until ctx ends; then it waits for the calls under
// way. Any number of processes may run at once on one store. While nothing is due
// it looks once a minute. A store that cannot be reached is waited for.
func (c *Credentials) Run(ctx context.Context) {
	for ctx.Err() == nil {
		next, err := c.care(ctx, c.cfg.Now)
		wait := careLook
		switch {
		case err != nil && ctx.Err() == nil:
			c.cfg.Log.ErrorContext(ctx, "the credentials that are to be renewed cannot be read", "error", err)
		case err == nil && !next.IsZero():
			wait = min(wait, next.Sub(c.cfg.Now()))
		}
		delay.For(ctx, max(wait, time.Second), nil)
	}
}

// RenewDue does what Run does for all that is due at now, and returns when there
// is something to do again: the zero time if never. The failure of one channel
// is not an error; it is written down there and tried again later.
func (c *Credentials) RenewDue(ctx context.Context, now time.Time) (next time.Time, err error) {
	return c.care(ctx, func() time.Time { return now })
}

// care sees to what is due at now, which may go on while it works, until nothing
// is left.
func (c *Credentials) care(ctx context.Context, now func() time.Time) (time.Time, error) {
	r := &round{done: make(chan domain.ProviderID), busy: map[domain.ProviderID]int{}}
	defer func() {
		for r.wait() {
		}
	}()
	for {
		next, err := c.cfg.Store.Channels().NextRenewal(ctx, c.providers()...)
		if err != nil {
			return time.Time{}, err
		}
		if !next.IsZero() && !next.After(now()) {
			n, err := c.begin(ctx, r, now())
			if err != nil {
				return time.Time{}, err
			}
			if n > 0 {
				continue
			}
		}
		if !r.wait() {
			return next, nil
		}
	}
}

// providers are the platforms whose channels are seen to here.
func (c *Credentials) providers() []domain.ProviderID {
	if len(c.cfg.Providers) > 0 {
		return c.cfg.Providers
	}
	var out []domain.ProviderID
	for _, pf := range c.cfg.Catalog.All() {
		out = append(out, pf.Descriptor.ID)
	}
	return out
}

// round is what is under way. Only the goroutine that began it uses it.
type round struct {
	done  chan domain.ProviderID
	busy  map[domain.ProviderID]int
	total int
}

// wait waits until something has ended. It returns false if nothing is under way.
func (r *round) wait() bool {
	if r.total == 0 {
		return false
	}
	r.busy[<-r.done]--
	r.total--
	return true
}

// begin claims channels that are due, as many as there is room for, and has each
// seen to. It returns how many.
func (c *Credentials) begin(ctx context.Context, r *round, now time.Time) (int, error) {
	room := min(c.cfg.Concurrency-r.total, careProvider)
	free := slices.DeleteFunc(slices.Clone(c.providers()), func(id domain.ProviderID) bool { return r.busy[id] >= careProvider })
	if room <= 0 || len(free) == 0 {
		return 0, nil
	}
	chs, err := c.cfg.Store.Channels().ClaimRenewals(ctx, store.RenewalClaim{
		Owner: c.cfg.Owner, Now: domain.Instant(now), Until: domain.Instant(c.cfg.Now()).Add(renewalLease), Limit: room, Providers: free,
	})
	for _, ch := range chs {
		r.busy[ch.Provider]++
		r.total++
		go func() {
			c.attend(ctx, ch)
			r.done <- ch.Provider
		}()
	}
	return len(chs), err
}

// attend sees to one channel that was claimed.
func (c *Credentials) attend(ctx context.Context, ch domain.Channel) {
	var err error
	if pf, ok := c.renewable(ch); ok {
		_, err = c.exchange(ctx, pf, ch)
	} else {
		err = c.foresee(ctx, ch)
	}
	if err == nil {
		return
	}
	// Not the whole error: what it was caused by may quote the request.
	e := social.AsError(err)
	c.cfg.Log.WarnContext(ctx, "a sign-in could not be renewed", "channel", ch.ID, "provider", ch.Provider,
		"code", e.Code, "message", e.Message, "status", e.Status, "evidence", e.Evidence)
}

// foresee warns people of the end of a credential that only they can replace, and
// parks its channel when it has come.
func (c *Credentials) foresee(ctx context.Context, held domain.Channel) error {
	now := domain.Instant(c.cfg.Now())
	return c.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		parked, warned := false, false
		ch, err := r.Channels().Update(ctx, held.Organization, held.ID, func(cur *domain.Channel) error {
			if cur.Renewal.Token != held.Renewal.Token {
				return errTaken
			}
			cur.RefreshAt = time.Time{} // its adapter may have been able to
			if cur.Ended(now) {
				parked = cur.NeedReconnect(notRenewable().Message, now)
			} else {
				warned = cur.Foretell(now)
			}
			cur.EndRenewal()
			return nil
		})
		if errors.Is(err, errTaken) {
			return nil
		}
		if err != nil {
			return err
		}
		return c.tell(ctx, r, ch, parked, warned, now)
	})
}
