package limit

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// FailoverConfig is what a Failover needs. All but Pause is required.
type FailoverConfig struct {
	// Shared counts for all processes, and may be out of reach.
	Shared Limiter
	// Own counts for this process alone while Shared does not answer.
	Own Limiter
	Log *slog.Logger
	Now func() time.Time
	// Pause is how long Shared is left alone after it failed, so that not every
	// request waits for it. Default 1 s.
	Pause time.Duration
}

const defaultPause = time.Second

// Failover is a Limiter that goes on in the own process while a shared one is
// out of reach. It says so once at the beginning and once at the end.
type Failover struct {
	cfg FailoverConfig

	mu     sync.Mutex
	broken bool
	until  time.Time // when Shared is tried again
}

var _ Limiter = (*Failover)(nil)

// NewFailover returns a Failover.
func NewFailover(cfg FailoverConfig) (*Failover, error) {
	if cfg.Shared == nil || cfg.Own == nil || cfg.Log == nil || cfg.Now == nil {
		return nil, errors.New("limit: FailoverConfig needs Shared, Own, Log and Now")
	}
	if cfg.Pause <= 0 {
		cfg.Pause = defaultPause
	}
	return &Failover{cfg: cfg}, nil
}

// Take implements Limiter.
func (f *Failover) Take(ctx context.Context, key string, p Policy, n int) (Result, error) {
	if err := errors.Join(CheckTake(p, n), ctx.Err()); err != nil {
		return Result{}, err
	}
	if f.resting() {
		return f.cfg.Own.Take(ctx, key, p, n)
	}
	res, err := f.cfg.Shared.Take(ctx, key, p, n)
	switch {
	case err == nil:
		f.heal(ctx)
		return res, nil
	case ctx.Err() != nil:
		return Result{}, err // the caller is gone, which says nothing of Shared
	}
	f.fail(ctx, err)
	return f.cfg.Own.Take(ctx, key, p, n)
}

// resting reports whether Shared is left alone now. Of the callers after a pause
// one tries, and the others go on without.
func (f *Failover) resting() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.broken {
		return false
	}
	now := f.cfg.Now()
	if now.Before(f.until) {
		return true
	}
	f.until = now.Add(f.cfg.Pause)
	return false
}

func (f *Failover) fail(ctx context.Context, err error) {
	f.mu.Lock()
	first := !f.broken
	f.broken, f.until = true, f.cfg.Now().Add(f.cfg.Pause)
	f.mu.Unlock()
	if first {
		f.cfg.Log.WarnContext(ctx, "the shared counts of rate limits cannot be reached; this process counts alone until they can", "error", err)
	}
}

func (f *Failover) heal(ctx context.Context) {
	f.mu.Lock()
	was := f.broken
	f.broken = false
	f.mu.Unlock()
	if was {
		f.cfg.Log.InfoContext(ctx, "the shared counts of rate limits can be reached again")
	}
}
