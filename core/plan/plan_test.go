package plan_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core/plan"
)

// run lets a planner run for d and returns when it called expand, after its
// start.
func run(t *testing.T, d time.Duration, expand func(n int) (time.Time, error), during func(*plan.Planner)) []time.Duration {
	t.Helper()
	var calls []time.Duration
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := plan.New(plan.Config{
			Expand: func(context.Context) (time.Time, error) {
				calls = append(calls, time.Since(start))
				return expand(len(calls))
			},
			Booked: func() {}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		})
		ctx, stop := context.WithTimeout(t.Context(), d)
		defer stop()
		go during(p)
		p.Run(ctx)
	})
	return calls
}

func nothing(*plan.Planner) {}

func TestItSleepsUntilTheNextTime(t *testing.T) {
	t.Parallel()
	calls := run(t, 4*time.Second, func(n int) (time.Time, error) {
		if n > 1 {
			return time.Time{}, nil
		}
		return time.Now().Add(3 * time.Second), nil
	}, nothing)
	if len(calls) != 2 || calls[1] != 3*time.Second {
		t.Errorf("got calls at %v, want one at the start and one when it is time", calls)
	}
}

func TestItLooksNowAndThen(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]time.Duration{"nothing recurs": 0, "far away": 1000 * time.Hour} {
		calls := run(t, time.Hour, func(int) (time.Time, error) {
			if next == 0 {
				return time.Time{}, nil
			}
			return time.Now().Add(next), nil
		}, nothing)
		if n := len(calls); n < 60 || n > 300 {
			t.Errorf("%s: got %d looks in an hour, want some and not many", name, n)
		}
	}
}

func TestItWakes(t *testing.T) {
	t.Parallel()
	calls := run(t, 10*time.Second, func(int) (time.Time, error) { return time.Time{}, nil }, func(p *plan.Planner) {
		<-time.After(2 * time.Second)
		p.Wake()
	})
	if len(calls) != 2 || calls[1] != 2*time.Second {
		t.Errorf("got calls at %v, want a second one when it was woken", calls)
	}
}

func TestItWaitsForAStoreThatFails(t *testing.T) {
	t.Parallel()
	calls := run(t, time.Minute, func(int) (time.Time, error) { return time.Now(), errors.New("away") }, func(p *plan.Planner) {
		for range 20 {
			p.Wake() // must not make it hurry
			<-time.After(time.Second)
		}
	})
	if n := len(calls); n < 5 || n > 20 {
		t.Errorf("got %d tries in a minute, want some and not many", n)
	}
}
