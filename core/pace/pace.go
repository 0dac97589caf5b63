// Package pace shares the rate limits of a platform app among all workers. A
// limit that a platform sets for an app holds for every channel of every
// organization that publishes through it, so no worker can keep to it alone.
//
// Before a visible change the engine asks Take; what a platform says of its
// limits goes to Report. How much was granted is one row for each app, which
// workers draw from in small batches, so that the row does not hold them up.
// An app without limits of its own costs no query.
package pace

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	// maxBatch bounds how many calls a worker draws at once, and maxShare, of
	// each limit, so that a few workers cannot hold all of a small one.
	maxBatch, maxShare = 64, 100
	// maxHold bounds how long a worker keeps what it drew.
	maxHold = time.Minute
	// refusal is how long a worker believes that nothing is left before it asks
	// again: somebody may have been told that more is.
	refusal = 5 * time.Second
	// silence is how long an app is left alone whose platform says that it had
	// too many calls, and not for how long.
	silence = time.Minute
	// drought is the same for a quota, whose windows are long.
	drought = time.Hour
	// hush keeps reports of much that is left from being stored with every call.
	hush = time.Second
)

// App is a platform app with its limits.
type App struct {
	Provider domain.ProviderID
	Limits   []social.RateLimit
}

// AppOf returns the app that all channels of a provider publish through.
func AppOf(d social.Descriptor) App { return App{Provider: d.ID, Limits: d.AppLimits} }

// Config is what a Budget needs. All of it is required.
type Config struct {
	Store store.Store
	Now   func() time.Time
}

// Budget is one worker's access to what apps may still do. All Budgets on one
// store share it. It is safe for concurrent use and starts nothing.
type Budget struct {
	cfg    Config
	mu     sync.Mutex
	shares map[domain.ProviderID]*share
}

// New returns a Budget.
func New(cfg Config) *Budget {
	return &Budget{cfg: cfg, shares: map[domain.ProviderID]*share{}}
}

// share is what this worker knows of one app.
type share struct {
	// lock is held while it is full. A channel, unlike a mutex, can be waited
	// for together with a context.
	lock chan struct{}
	// held calls are left of the last batch, until a time.
	held  int
	batch int
	until time.Time
	// freeAt is when there may be something again, and askAt when to ask.
	freeAt, askAt time.Time
	// told is until when an app without limits is looked up, because its
	// platform spoke of some.
	told time.Time
	// heard is when a report was stored last.
	heard time.Time
}

// Take asks for one call of Publish through app. Zero means: go on, and make
// the call now; what was taken is used up even if the call is never made. Any
// other wait means that the call must not be made; ask again after it. An error
// is one of the store, or the end of ctx, and grants nothing.
func (b *Budget) Take(ctx context.Context, app App) (wait time.Duration, err error) {
	s, unlock, err := b.enter(ctx, app)
	if err != nil {
		return 0, err
	}
	defer unlock()
	now := b.cfg.Now()
	switch {
	case now.Before(s.askAt):
		return s.freeAt.Sub(now), nil
	case s.held > 0 && now.Before(s.until):
		s.held--
		return 0, nil
	case len(app.Limits) == 0 && !now.Before(s.told):
		return 0, nil
	}
	want := s.next(app, now)
	granted := 0
	err = b.update(ctx, app, func(v *domain.Budget) bool {
		granted, wait = v.Grant(app.Limits, want, now)
		return granted > 0
	})
	if err != nil {
		return 0, fmt.Errorf("take from the budget of %s: %w", app.Provider, err)
	}
	if granted == 0 {
		s.freeAt, s.askAt = now.Add(wait), now.Add(min(wait, refusal))
		return wait, nil
	}
	s.batch, s.held, s.until = granted, granted-1, now.Add(hold(app))
	return 0, nil
}

// next is how many calls to draw: more each time the last batch was used up
// while it held, and one by one when there is little to do, so that few are
// lost.
func (s *share) next(app App, now time.Time) int {
	most := maxBatch
	for _, l := range app.Limits {
		if l.Calls > 0 {
			most = min(most, l.Calls/maxShare)
		}
	}
	if !now.Before(s.until) || len(app.Limits) == 0 {
		return 1
	}
	return max(1, min(2*s.batch, most))
}

// hold is for how long a batch may be kept.
func hold(app App) time.Duration {
	d := maxHold
	for _, l := range app.Limits {
		if l.Calls > 0 && l.Per > 0 {
			d = min(d, l.Slot())
		}
	}
	return d
}

// Report takes over what a platform said of the limits of app, so that every
// worker keeps to it: a Rate with nothing remaining stops all calls until it is
// reset. What is said of an account's limits is no matter of the app, and is
// passed over. Reports of much that is left are not all stored.
func (b *Budget) Report(ctx context.Context, app App, r social.Rate) error {
	if r.Scope != social.ScopeApp || r.Remaining > 0 && (r.ResetAfter <= 0 || 2*r.Remaining > r.Limit && r.Limit > 0) {
		return nil
	}
	s, unlock, err := b.enter(ctx, app)
	if err != nil {
		return err
	}
	defer unlock()
	now := b.cfg.Now()
	if r.Remaining > 0 && now.Sub(s.heard).Abs() < hush {
		return nil
	}
	until := now.Add(r.ResetAfter)
	if r.ResetAfter <= 0 {
		until = now.Add(silence)
	}
	err = b.update(ctx, app, func(v *domain.Budget) bool { return v.Tell(r.Remaining, until, now) })
	if err != nil {
		return fmt.Errorf("report to the budget of %s: %w", app.Provider, err)
	}
	// What is in hand is not in the platform's count, so it is drawn anew.
	s.heard, s.held, s.askAt = now, 0, time.Time{}
	if until.After(s.told) {
		s.told = until
	}
	return nil
}

// ReportError is Report for a call that failed, where err says that the app had
// too many of them.
func (b *Budget) ReportError(ctx context.Context, app App, err error) error {
	e, ok := errors.AsType[*social.Error](err)
	if !ok || e.Scope != social.ScopeApp || e.Code != social.CodeRateLimited && e.Code != social.CodeQuota {
		return nil
	}
	after := e.RetryAfter
	if after <= 0 && e.Code == social.CodeQuota {
		after = drought
	}
	return b.Report(ctx, app, social.Rate{Scope: social.ScopeApp, ResetAfter: after})
}

// enter returns the share of app, which is the caller's until unlock.
func (b *Budget) enter(ctx context.Context, app App) (s *share, unlock func(), err error) {
	b.mu.Lock()
	s, ok := b.shares[app.Provider]
	if !ok {
		s = &share{lock: make(chan struct{}, 1)}
		b.shares[app.Provider] = s
	}
	b.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	select {
	case s.lock <- struct{}{}:
		return s, func() { <-s.lock }, nil
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

// errSame keeps a row that did not change from being written.
var errSame = errors.New("nothing changed")

// update changes the row of app, which is made when it is needed first. change
// reports whether it changed anything; it may be called again.
func (b *Budget) update(ctx context.Context, app App, change func(*domain.Budget) bool) error {
	id := string(app.Provider)
	once := func() error {
		_, err := b.cfg.Store.Budgets().Update(ctx, id, func(v *domain.Budget) error {
			if !change(v) {
				return errSame
			}
			return nil
		})
		if errors.Is(err, errSame) {
			return nil
		}
		return err
	}
	err := once()
	if !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	err = b.cfg.Store.Budgets().Insert(ctx, domain.Budget{ID: id, Version: 1})
	if err != nil && !errors.Is(err, fault.ErrConflict) {
		return err
	}
	return once()
}
