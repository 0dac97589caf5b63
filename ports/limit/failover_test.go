package limit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memlimit"
	"github.com/crierhq/crier/ports/limit"
	"github.com/crierhq/crier/testkit/limittest"
)

// remote is a limiter that can be out of reach.
type remote struct {
	limit.Limiter
	down  bool
	calls atomic.Int64
}

func (r *remote) Take(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
	r.calls.Add(1)
	if r.down {
		return limit.Result{}, errors.New("out of reach")
	}
	return r.Limiter.Take(ctx, key, p, n)
}

func failover(t testing.TB, now *time.Time, log *bytes.Buffer) (*limit.Failover, *remote) {
	t.Helper()
	clock := func() time.Time { return *now }
	own, err := memlimit.New(memlimit.Config{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	shared, err := memlimit.New(memlimit.Config{Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	r := &remote{Limiter: shared}
	f, err := limit.NewFailover(limit.FailoverConfig{Shared: r, Own: own, Log: slog.New(slog.NewTextHandler(log, nil)), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return f, r
}

func TestFailoverConforms(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]bool{"reached": false, "out of reach": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			limittest.Run(t, limittest.Harness{Open: func(t testing.TB) (limittest.Installation, error) {
				now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
				f, r := failover(t, &now, &bytes.Buffer{})
				r.down = down
				return limittest.Installation{Limiter: f, Pass: func(d time.Duration) { now = now.Add(d) }}, nil
			}})
		})
	}
}

func TestFailoverSaysItOnceAndTriesNowAndThen(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	f, r := failover(t, &now, &log)
	p := limit.Policy{Name: "p", Limit: 100, Window: time.Minute}
	take := func() {
		t.Helper()
		if res, err := f.Take(t.Context(), "k", p, 1); err != nil || !res.Allowed {
			t.Fatalf("got %+v, %v, want it allowed", res, err)
		}
	}
	take()
	r.down = true
	r.calls.Store(0)
	for range 3 {
		for range 10 {
			take()
		}
		now = now.Add(time.Second)
	}
	if r.calls.Load() != 3 {
		t.Errorf("a limiter out of reach was asked %d times in 3 s, want 3", r.calls.Load())
	}
	r.down = false
	take()
	take()
	if r.calls.Load() != 5 {
		t.Errorf("got %d calls, want one more for each take after it is back", r.calls.Load())
	}
	if n := strings.Count(log.String(), "\n"); n != 2 || strings.Count(log.String(), "WARN") != 1 {
		t.Errorf("got the log %q, want one warning and one line when it is over", log.String())
	}
}

// TestACallerWhoLeavesProvesNothing: else one who hangs up would make all others
// count apart.
func TestACallerWhoLeavesProvesNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	f, r := failover(t, &now, &log)
	ctx, cancel := context.WithCancel(t.Context())
	r.Limiter = leaving{cancel}
	if _, err := f.Take(ctx, "k", limit.Policy{Name: "p", Limit: 1, Window: time.Minute}, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
	if log.Len() > 0 {
		t.Errorf("got the log %q, want nothing", log.String())
	}
}

type leaving struct{ leave func() }

func (l leaving) Take(ctx context.Context, _ string, _ limit.Policy, _ int) (limit.Result, error) {
	l.leave()
	return limit.Result{}, ctx.Err()
}

func TestNewFailoverNeedsAll(t *testing.T) {
	t.Parallel()
	if f, err := limit.NewFailover(limit.FailoverConfig{}); err == nil {
		t.Errorf("got %v, want an error", f)
	}
}
