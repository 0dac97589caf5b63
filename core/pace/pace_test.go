package pace_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/pace"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// counted counts the calls of Budgets, and fails them while broken is set.
type counted struct {
	store.Store
	calls  atomic.Int64
	broken error
}

func (c *counted) Budgets() store.Budgets {
	c.calls.Add(1)
	if c.broken != nil {
		return brokenBudgets{err: c.broken}
	}
	return c.Store.Budgets()
}

type brokenBudgets struct {
	store.Budgets
	err error
}

func (b brokenBudgets) Update(context.Context, string, func(*domain.Budget) error) (domain.Budget, error) {
	return domain.Budget{}, b.err
}

// workers are budgets on one store.
func workers(n int) (*counted, []*pace.Budget) {
	s := &counted{Store: memstore.New()}
	out := make([]*pace.Budget, n)
	for i := range out {
		out[i] = pace.New(pace.Config{Store: s, Now: time.Now})
	}
	return s, out
}

func limited(calls int) pace.App {
	return pace.App{Provider: "murmur", Limits: []social.RateLimit{{Calls: calls, Per: time.Hour}}}
}

func take(t *testing.T, b *pace.Budget, app pace.App) time.Duration {
	t.Helper()
	wait, err := b.Take(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func TestWorkersShareALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, ws := workers(2)
		app := limited(3)
		for i, b := range []*pace.Budget{ws[0], ws[1], ws[1]} {
			if wait := take(t, b, app); wait != 0 {
				t.Fatalf("take %d: got to wait %s, want none", i+1, wait)
			}
		}
		for i, b := range ws {
			if wait := take(t, b, app); wait < time.Hour || wait > time.Hour+5*time.Minute {
				t.Errorf("worker %d: got to wait %s, want until the hour is over", i+1, wait)
			}
		}
		time.Sleep(take(t, ws[0], app))
		if wait := take(t, ws[1], app); wait != 0 {
			t.Errorf("got to wait %s after the wait, want none", wait)
		}
	})
}

func TestAnAppWithoutLimitsCostsNothing(t *testing.T) {
	t.Parallel()
	s, ws := workers(1)
	app := pace.AppOf(social.Descriptor{ID: "murmur"})
	for range 100 {
		if wait := take(t, ws[0], app); wait != 0 {
			t.Fatalf("got to wait %s, want none", wait)
		}
	}
	for _, r := range []social.Rate{
		{Scope: social.ScopeAccount},
		{Scope: social.ScopeApp, Limit: 100, Remaining: 90, ResetAfter: time.Minute},
		{Scope: social.ScopeApp, Limit: 100, Remaining: 1},
	} {
		if err := ws[0].Report(t.Context(), app, r); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.calls.Load(); n != 0 {
		t.Errorf("got %d calls of the store, want none", n)
	}
}

func TestARefusalStopsEveryWorker(t *testing.T) {
	t.Parallel()
	refusal := func(scope social.RateScope, code social.Code, after time.Duration) error {
		return &social.Error{Code: code, Scope: scope, RetryAfter: after}
	}
	for name, tc := range map[string]struct {
		app  pace.App
		err  error
		want time.Duration
	}{
		"says for how long":      {limited(1000), refusal(social.ScopeApp, social.CodeRateLimited, 7*time.Minute), 7 * time.Minute},
		"does not say":           {limited(1000), refusal(social.ScopeApp, social.CodeRateLimited, 0), time.Minute},
		"a quota":                {limited(1000), refusal(social.ScopeApp, social.CodeQuota, 0), time.Hour},
		"publishes no number":    {limited(0), refusal(social.ScopeApp, social.CodeRateLimited, 7*time.Minute), 7 * time.Minute},
		"the account's":          {limited(1000), refusal(social.ScopeAccount, social.CodeRateLimited, time.Minute), 0},
		"nobody's in particular": {limited(1000), refusal("", social.CodeRateLimited, time.Minute), 0},
		"another refusal":        {limited(1000), refusal(social.ScopeApp, social.CodeRejected, time.Minute), 0},
		"another error":          {limited(1000), errors.New("no"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, ws := workers(2)
				if wait := take(t, ws[0], tc.app); wait != 0 {
					t.Fatalf("got to wait %s before the refusal, want none", wait)
				}
				if err := ws[0].ReportError(t.Context(), tc.app, tc.err); err != nil {
					t.Fatal(err)
				}
				for i, b := range ws {
					if wait := take(t, b, tc.app); wait != tc.want {
						t.Errorf("worker %d: got to wait %s, want %s", i+1, wait, tc.want)
					}
				}
				time.Sleep(tc.want)
				if wait := take(t, ws[1], tc.app); wait != 0 {
					t.Errorf("got to wait %s after it, want none", wait)
				}
			})
		})
	}
}

// TestARefusalNobodyExpected is of an app that was thought to have no limits:
// the worker that was refused keeps to it, and then asks nobody any more.
func TestARefusalNobodyExpected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, ws := workers(1)
		app := pace.App{Provider: "murmur"}
		if err := ws[0].Report(t.Context(), app, social.Rate{Scope: social.ScopeApp, ResetAfter: time.Minute}); err != nil {
			t.Fatal(err)
		}
		if wait := take(t, ws[0], app); wait != time.Minute {
			t.Errorf("got to wait %s, want 1m", wait)
		}
		time.Sleep(time.Minute)
		before := s.calls.Load()
		if wait := take(t, ws[0], app); wait != 0 || s.calls.Load() != before {
			t.Errorf("got to wait %s and %d calls of the store after it, want neither", wait, s.calls.Load()-before)
		}
	})
}

func TestReportsOfLittleThatIsLeftAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, ws := workers(2)
		app := limited(1000)
		take(t, ws[0], app)
		if err := ws[0].Report(t.Context(), app, social.Rate{Scope: social.ScopeApp, Limit: 1000, Remaining: 2, ResetAfter: 10 * time.Minute}); err != nil {
			t.Fatal(err)
		}
		got := []time.Duration{take(t, ws[1], app), take(t, ws[0], app), take(t, ws[1], app)}
		if want := []time.Duration{0, 0, 10 * time.Minute}; !slices.Equal(got, want) {
			t.Errorf("got to wait %v, want %v", got, want)
		}
	})
}

func TestReportsAreNotAllStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, ws := workers(1)
		app := limited(1000)
		for left := range 400 {
			r := social.Rate{Scope: social.ScopeApp, Limit: 1000, Remaining: 400 - left, ResetAfter: time.Hour}
			if err := ws[0].Report(t.Context(), app, r); err != nil {
				t.Fatal(err)
			}
		}
		if n := s.calls.Load(); n > 5 {
			t.Errorf("got %d calls of the store for reports of one instant, want a few", n)
		}
	})
}

// TestManyTakersShareOneRow has more takers than calls, in several workers: the
// limit holds to the call, and the row is asked far less often.
func TestManyTakersShareOneRow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const calls, takers = 5000, 8000
		s, ws := workers(4)
		app := limited(calls)
		var granted atomic.Int64
		var wg sync.WaitGroup
		for i := range takers {
			wg.Go(func() {
				wait, err := ws[i%len(ws)].Take(t.Context(), app)
				if err != nil {
					t.Error(err)
				}
				if wait == 0 {
					granted.Add(1)
				}
			})
		}
		wg.Wait()
		if got := granted.Load(); got > calls || got < calls-4*64 {
			t.Errorf("got %d granted, want %d at most, and all but a batch for each worker", got, calls)
		}
		if n := s.calls.Load(); n > calls/20 {
			t.Errorf("got %d calls of the store for %d takers, want batches", n, takers)
		}
	})
}

func TestLittleIsLostWhereLittleIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, ws := workers(3)
		app := limited(500)
		n := 0
		for range 500 {
			if take(t, ws[n%3], app) == 0 {
				n++
			}
			time.Sleep(10 * time.Second)
		}
		if n < 450 {
			t.Errorf("got %d of 500 calls granted, want nearly all of them", n)
		}
	})
}

func TestFailuresOfTheStoreGrantNothing(t *testing.T) {
	t.Parallel()
	s, ws := workers(1)
	down := errors.New("the database is away")
	s.broken = down
	app := limited(3)
	if _, err := ws[0].Take(t.Context(), app); !errors.Is(err, down) {
		t.Errorf("got %v, want the error of the store", err)
	}
	if err := ws[0].Report(t.Context(), app, social.Rate{Scope: social.ScopeApp}); !errors.Is(err, down) {
		t.Errorf("got %v, want the error of the store", err)
	}
	s.broken = nil
	if wait := take(t, ws[0], app); wait != 0 {
		t.Errorf("got to wait %s once the store is back, want none", wait)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ws[0].Take(ended, app); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
