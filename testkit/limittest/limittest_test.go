package limittest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memlimit"
	"github.com/crierhq/crier/ports/limit"
	"github.com/crierhq/crier/testkit/limittest"
)

type take func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error)

func (f take) Take(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
	return f(ctx, key, p, n)
}

// world is a good limiter with a clock of its own, and what a broken one is made
// from.
type world struct {
	good limit.Limiter

	mu   sync.Mutex
	time time.Time
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func open(t testing.TB, spoil func(*world) limit.Limiter) (limittest.Installation, error) {
	t.Helper()
	w := &world{time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	good, err := memlimit.New(memlimit.Config{Now: w.now})
	w.good = good
	return limittest.Installation{Limiter: spoil(w), Pass: w.pass}, err
}

// after changes what a good limiter says.
func after(change func(*limit.Result)) func(*world) limit.Limiter {
	return func(w *world) limit.Limiter {
		return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
			res, err := w.good.Take(ctx, key, p, n)
			if err == nil {
				change(&res)
			}
			return res, err
		})
	}
}

// before changes what a good limiter is asked.
func before(change func(key *string, p *limit.Policy, n *int)) func(*world) limit.Limiter {
	return func(w *world) limit.Limiter {
		return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
			if err := limit.CheckTake(p, n); err != nil {
				return limit.Result{}, err
			}
			change(&key, &p, &n)
			return w.good.Take(ctx, key, p, n)
		})
	}
}

// fixedWindows is the counter that most people write first.
func fixedWindows(w *world) limit.Limiter {
	var mu sync.Mutex
	counts := map[string]int{}
	return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
		mu.Lock()
		defer mu.Unlock()
		if err := errors.Join(limit.CheckTake(p, n), ctx.Err()); err != nil {
			return limit.Result{}, err
		}
		begun := w.now().Truncate(p.Window)
		left := begun.Add(p.Window).Sub(w.now())
		key += p.Name + begun.String()
		if counts[key]+n > p.Limit {
			return limit.Result{Remaining: p.Limit - counts[key], Reset: left, RetryAfter: left}, nil
		}
		counts[key] += n
		return limit.Result{Allowed: true, Remaining: p.Limit - counts[key], Reset: left}, nil
	})
}

// torn reads and writes in two steps.
func torn(w *world) limit.Limiter {
	var mu sync.Mutex
	full := map[string]int64{}
	return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
		if err := errors.Join(limit.CheckTake(p, n), ctx.Err()); err != nil {
			return limit.Result{}, err
		}
		mu.Lock()
		old := full[p.Name+key]
		mu.Unlock()
		next, res := p.Take(old, w.now().UnixMicro(), n)
		for range 10 {
			runtime.Gosched()
		}
		mu.Lock()
		full[p.Name+key] = next
		mu.Unlock()
		return res, nil
	})
}

func TestKitFindsBrokenLimiters(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*world) limit.Limiter
		want  string
	}{
		"windows that end":        {fixedWindows, "evenly"},
		"not atomic":              {torn, "parallel"},
		"one key for all":         {before(func(key *string, _ *limit.Policy, _ *int) { *key = "x" }), "apart"},
		"one count for policies":  {before(func(_ *string, p *limit.Policy, _ *int) { p.Name = "x" }), "apart"},
		"units are one":           {before(func(_ *string, _ *limit.Policy, n *int) { *n = 1 }), "all_or_none"},
		"one more than the limit": {before(func(_ *string, p *limit.Policy, _ *int) { p.Limit++ }), "burst"},
		"always":                  {after(func(r *limit.Result) { r.Allowed, r.RetryAfter = true, 0 }), "burst"},
		"no time to retry":        {after(func(r *limit.Result) { r.RetryAfter = 0 }), "retry_after"},
		"no reset":                {after(func(r *limit.Result) { r.Reset = 0 }), "burst"},
		"remaining is not told":   {after(func(r *limit.Result) { r.Remaining = 0 }), "all_or_none"},
		"deaf to its context": {func(w *world) limit.Limiter {
			return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
				return w.good.Take(context.WithoutCancel(ctx), key, p, n)
			})
		}, "ended_context"},
		"takes what cannot be": {func(w *world) limit.Limiter {
			return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
				if valid := limit.CheckTake(p, n) == nil; valid {
					return w.good.Take(ctx, key, p, n)
				}
				return limit.Result{Allowed: true}, nil
			})
		}, "arguments"},
		"refusals count": {func(w *world) limit.Limiter {
			return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
				res, err := w.good.Take(ctx, key, p, n)
				if err == nil && !res.Allowed {
					w.pass(-time.Minute)
				}
				return res, err
			})
		}, "refusals_cost_nothing"},
		"rest is saved up": {func(w *world) limit.Limiter {
			full := map[string]int64{}
			var mu sync.Mutex
			return take(func(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
				mu.Lock()
				defer mu.Unlock()
				if err := errors.Join(limit.CheckTake(p, n), ctx.Err()); err != nil {
					return limit.Result{}, err
				}
				now := w.now().UnixMicro()
				interval, burst := p.Interval()
				if _, known := full[p.Name+key]; !known {
					full[p.Name+key] = now
				}
				next := full[p.Name+key] + interval*int64(n)
				if over := next - now - burst; over > 0 {
					return p.Result(false, full[p.Name+key]-now, over), nil
				}
				full[p.Name+key] = next
				return p.Result(true, next-now, 0), nil
			})
		}, "no_savings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := limittest.Findings(t, limittest.Harness{Open: func(t testing.TB) (limittest.Installation, error) {
				return open(t, c.spoil)
			}})
			if !slices.ContainsFunc(findings, func(f limittest.Finding) bool { return f.Check == c.want }) {
				t.Errorf("no finding of %s among %v", c.want, findings)
			}
		})
	}
}

func TestKitFindsNothingWrongWithAGoodOne(t *testing.T) {
	t.Parallel()
	good := limittest.Harness{Open: func(t testing.TB) (limittest.Installation, error) {
		return open(t, func(w *world) limit.Limiter { return w.good })
	}}
	if f := limittest.Findings(t, good); len(f) > 0 {
		t.Errorf("got %v, want none", f)
	}
	broken := limittest.Harness{Open: func(testing.TB) (limittest.Installation, error) {
		return limittest.Installation{}, errors.New("no")
	}}
	if f := limittest.Findings(t, broken); len(f) == 0 {
		t.Error("got no finding of an Open that fails")
	}
}
