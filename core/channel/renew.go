package channel

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	// refreshTimeout bounds the call of one renewal.
	refreshTimeout = 30 * time.Second
	// keepFor is for how long a new credential is tried to be stored.
	keepFor = time.Minute
	// renewalLease is for how long nobody else renews the credential. It is
	// longer than the call and the storing take together, for a platform that
	// gets an old refresh token may take back all of them.
	renewalLease = refreshTimeout + keepFor + 30*time.Second
	// renewalPoll is how often somebody who waits for the renewal of another
	// looks.
	renewalPoll = 250 * time.Millisecond
	// noteFor bounds writing down a renewal that failed.
	noteFor = 5 * time.Second
	// countedDeliveries bounds how many deliveries a forecast counts.
	countedDeliveries = 1000
)

var (
	// errBusy means that somebody else renews the credential now.
	errBusy = social.Errorf(social.CodeUnavailable, "The sign-in of the channel is being renewed just now.")
	// errReplaced means that the credential is not the one that was to be
	// renewed any more.
	errReplaced = errors.New("the credential was replaced")
	// errTaken means that the right to renew went to somebody else.
	errTaken = errors.New("somebody else renews the credential")
)

func notRenewable() *social.Error {
	return social.Errorf(social.CodeAuthRevoked, "The sign-in has ended and cannot be renewed. Connect the channel again.")
}

// needsPerson reports whether err says that the channel has to be connected
// again. A refresh token that has expired cannot be refreshed in turn.
func needsPerson(err error) bool {
	switch social.CodeOf(err) {
	case social.CodeAuthRevoked, social.CodeAuthExpired, social.CodeAccountBlocked, social.CodeScopeMissing:
		return true
	default:
		return false
	}
}

// renewable returns the platform of ch if it can renew the credential.
func (c *Credentials) renewable(ch domain.Channel) (Platform, bool) {
	pf, err := c.cfg.Catalog.Get(ch.Provider)
	return pf, err == nil && pf.Can.Refresh != nil && !ch.HostTokens
}

// Renew returns a new credential after the one of ch was refused or is about to
// end. If somebody else has renewed it since ch was read, or does so now, theirs
// is returned, and if they tried in vain, that they did. A channel that has to be
// connected again is parked, and people are told. Errors are *social.Error;
// CodeAuthRevoked, CodeScopeMissing and CodeAccountBlocked mean that a person
// must act, every other code that it may work later.
func (c *Credentials) Renew(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	if ch.HostTokens {
		return c.hostToken(ctx, ch)
	}
	pf, ok := c.renewable(ch)
	if !ok {
		return social.Credential{}, notRenewable()
	}
	return c.renew(ctx, pf, ch, true)
}

// renew is Renew for a channel of pf. Unless it may wait it returns errBusy while
// somebody else renews the credential.
func (c *Credentials) renew(ctx context.Context, pf Platform, ch domain.Channel, wait bool) (social.Credential, error) {
	unlock, err := c.flights.lock(ctx, ch.ID, wait)
	if err != nil {
		return social.Credential{}, err
	}
	defer unlock()
	held, err := c.take(ctx, ch, wait)
	switch {
	case errors.Is(err, errReplaced):
		cred, err := c.open(ctx, held)
		if err != nil {
			return social.Credential{}, unavailable(err)
		}
		return cred, nil
	case err != nil:
		return social.Credential{}, social.AsError(err)
	}
	return c.exchange(ctx, pf, held)
}

// take returns the channel with the right to renew its credential, or as it is
// with errReplaced. It waits while somebody else has the right; one who died has
// it until the lease ends.
func (c *Credentials) take(ctx context.Context, ch domain.Channel, wait bool) (domain.Channel, error) {
	for waited := time.Duration(0); ; waited += renewalPoll {
		cur, err := c.cfg.Store.Channels().Get(ctx, ch.Organization, ch.ID)
		if err != nil {
			return cur, unavailable(err)
		}
		if err := outcome(ch, cur); err != nil {
			return cur, err
		}
		if !cur.Renewing(c.cfg.Now()) {
			held, err := c.claim(ctx, cur)
			if err == nil || !errors.Is(err, errTaken) {
				return held, err
			}
		}
		// Everybody who had the right was given the time that one needs.
		if !wait || waited > 2*renewalLease || !c.cfg.Sleep(ctx, renewalPoll) {
			return cur, errBusy
		}
	}
}

// outcome says what a renewal since ch was read came to, if there was one.
func outcome(ch, cur domain.Channel) error {
	switch {
	case cur.Secret != ch.Secret:
		return errReplaced
	case cur.State != ch.State:
		return social.Errorf(social.CodeAuthRevoked, "%s", cur.StateReason)
	case cur.RefreshFailures > ch.RefreshFailures:
		return social.Errorf(social.CodeUnavailable, "%s", cur.RefreshProblem)
	default:
		return nil
	}
}

// claim takes the right to renew the credential of ch if it is still as ch says.
func (c *Credentials) claim(ctx context.Context, ch domain.Channel) (domain.Channel, error) {
	now := domain.Instant(c.cfg.Now())
	held, err := c.cfg.Store.Channels().Update(ctx, ch.Organization, ch.ID, func(cur *domain.Channel) error {
		if cur.Renewal != ch.Renewal || cur.Renewing(now) {
			return errTaken
		}
		cur.ClaimRenewal(c.cfg.Owner, now.Add(renewalLease))
		return nil
	})
	if err != nil && !errors.Is(err, errTaken) {
		return held, unavailable(err)
	}
	return held, err
}

// exchange renews the credential of held, which the caller has the right to.
func (c *Credentials) exchange(ctx context.Context, pf Platform, held domain.Channel) (social.Credential, error) {
	cred, err := c.open(ctx, held)
	if err != nil {
		// That is our own trouble: it says nothing about the channel.
		return social.Credential{}, c.failed(ctx, held, unavailable(err), false)
	}
	// The platform may replace the refresh token as soon as it gets the request:
	// a call that is cut off loses the new one.
	call, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
	defer cancel()
	fresh, err := pf.Can.Refresh.Refresh(call, social.Target{Account: held.Account, Traits: held.Traits, Credential: cred})
	if err == nil && fresh.Access == "" {
		err = social.Errorf(social.CodeUnavailable, "The platform answered without a token.")
	}
	if err != nil {
		err = c.failed(ctx, held, social.AsError(err), needsPerson(err))
		if errors.Is(err, errReplaced) {
			return c.theirs(ctx, held)
		}
		return social.Credential{}, err
	}
	if fresh.Refresh == "" {
		fresh.Refresh = cred.Refresh
	}
	return c.keep(ctx, held, fresh)
}

// theirs returns the credential that somebody else has stored. A platform that
// replaces refresh tokens refuses the old one as soon as somebody has used it:
// that is no reason to ask a person.
func (c *Credentials) theirs(ctx context.Context, ch domain.Channel) (social.Credential, error) {
	cur, err := c.cfg.Store.Channels().Get(ctx, ch.Organization, ch.ID)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	cred, err := c.open(ctx, cur)
	if err != nil {
		return social.Credential{}, unavailable(err)
	}
	return cred, nil
}

// keep stores a renewed credential, unless another one got there first, which is
// returned then. The platform has acted: that is written down even when the
// process is told to stop, and even when the database is away for a moment.
func (c *Credentials) keep(ctx context.Context, held domain.Channel, fresh social.Credential) (social.Credential, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepFor)
	defer cancel()
	var text string
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		var err error
		if text == "" {
			text, err = c.Seal(ctx, held.ID, fresh)
		}
		if err == nil {
			err = c.keepOnce(ctx, held, text, fresh.Expiry)
		}
		switch {
		case err == nil:
			return fresh, nil
		case errors.Is(err, errReplaced):
			return c.theirs(ctx, held)
		case errors.Is(err, fault.ErrNotFound):
			return social.Credential{}, unavailable(err)
		}
		c.cfg.Log.WarnContext(ctx, "a renewed sign-in could not be stored yet", "channel", held.ID, "provider", held.Provider, "error", err)
		if !c.cfg.Sleep(ctx, wait) {
			c.cfg.Log.ErrorContext(ctx, "a renewed sign-in is lost: the store did not take it", "channel", held.ID, "provider", held.Provider)
			return social.Credential{}, unavailable(err)
		}
	}
}

// keepOnce stores text in the place of the secret of held. A channel that was
// parked meanwhile, such as by one whose old token was refused, goes on.
func (c *Credentials) keepOnce(ctx context.Context, held domain.Channel, text string, expires time.Time) error {
	now := domain.Instant(c.cfg.Now())
	return c.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		var was domain.ChannelState
		stored, err := r.Channels().Update(ctx, held.Organization, held.ID, func(cur *domain.Channel) error {
			was = cur.State
			switch cur.Secret {
			case text: // the try before this was kept, and only its answer lost
			case held.Secret:
				cur.Connect(text, expires, true, now)
			default:
				return errReplaced
			}
			return nil
		})
		if err != nil || was != domain.ChannelReconnect {
			return err
		}
		if err := c.resume(ctx, r, stored, now); err != nil {
			return err
		}
		return c.cfg.Journal.Append(ctx, r, journal.Channel(stored, domain.EventChannelConnected, now))
	})
}

// failed writes down that a renewal did not work, parks the channel if it has to
// be connected again, warns people if it keeps failing, and returns cause. It
// returns errReplaced if somebody else has stored a credential meanwhile.
func (c *Credentials) failed(ctx context.Context, held domain.Channel, cause *social.Error, park bool) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteFor)
	defer cancel()
	now := domain.Instant(c.cfg.Now())
	err := c.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		parked, warned := false, false
		ch, err := r.Channels().Update(ctx, held.Organization, held.ID, func(cur *domain.Channel) error {
			parked, warned = false, false
			switch {
			case cur.Secret != held.Secret:
				return errReplaced
			case cur.Renewal.Token != held.Renewal.Token:
				return errTaken
			case park:
				parked = cur.NeedReconnect(cause.Message, now)
				cur.EndRenewal()
			default:
				cur.RenewalFailed(cause.Message, cause.RetryAfter, now)
				warned = cur.Foretell(now)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return c.tell(ctx, r, ch, parked, warned, now)
	})
	switch {
	case errors.Is(err, errReplaced):
		return errReplaced
	case err != nil && !errors.Is(err, errTaken):
		c.cfg.Log.WarnContext(ctx, "a renewal that failed could not be written down", "channel", held.ID, "error", err)
	}
	return cause
}

// tell appends the events of a channel that was parked, or whose end people are
// warned of.
func (c *Credentials) tell(ctx context.Context, r store.Repos, ch domain.Channel, parked, warned bool, now time.Time) error {
	switch {
	case parked:
		return c.cfg.Journal.Append(ctx, r, journal.Channel(ch, domain.EventChannelReconnect, now))
	case warned:
		ds, err := r.Deliveries().OfChannel(ctx, ch.Organization, ch.ID, countedDeliveries, domain.DeliveryScheduled)
		if err != nil {
			return err
		}
		behind := 0
		for _, d := range ds {
			if d.DueAt.After(ch.SecretExpires) {
				behind++
			}
		}
		return c.cfg.Journal.Append(ctx, r, journal.Expiring(ch, behind, now))
	default:
		return nil
	}
}

// flights has one renewal of a credential at a time in this process, so that
// those who wait for it need not ask the store.
type flights struct {
	mu sync.Mutex
	by map[domain.ChannelID]*flight
}

type flight struct {
	turn    chan struct{}
	waiting int
}

// lock waits for its turn, or returns errBusy if it may not wait or ctx ends.
func (f *flights) lock(ctx context.Context, id domain.ChannelID, wait bool) (unlock func(), err error) {
	f.mu.Lock()
	one, ok := f.by[id]
	if ok && !wait {
		f.mu.Unlock()
		return nil, errBusy
	}
	if !ok {
		one = &flight{turn: make(chan struct{}, 1)}
		f.by[id] = one
	}
	one.waiting++
	f.mu.Unlock()
	leave := func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if one.waiting--; one.waiting == 0 {
			delete(f.by, id)
		}
	}
	select {
	case one.turn <- struct{}{}:
		return func() { <-one.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, errBusy
	}
}
