// Package memlimit is a limit.Limiter inside one process, of bounded memory.
package memlimit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/crierhq/crier/ports/limit"
)

// Config tunes a Limiter. The zero value of every field is its default.
type Config struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// MaxKeys bounds how many keys are remembered; each takes some 100 bytes
	// and its own length. Default 100,000. Beyond it, those are forgotten that
	// would soon have had all of their units back.
	MaxKeys int
}

const defaultMaxKeys = 100_000

// Limiter counts in memory.
type Limiter struct {
	cfg Config

	mu sync.Mutex
	// full is when all units of a key are back, in microseconds.
	full map[string]int64
}

var _ limit.Limiter = (*Limiter)(nil)

// New returns a Limiter. It starts nothing.
func New(cfg Config) (*Limiter, error) {
	if cfg.MaxKeys < 0 {
		return nil, errors.New("memlimit: Config.MaxKeys cannot be negative")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxKeys == 0 {
		cfg.MaxKeys = defaultMaxKeys
	}
	return &Limiter{cfg: cfg, full: map[string]int64{}}, nil
}

// Take implements limit.Limiter.
func (l *Limiter) Take(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
	if err := errors.Join(limit.CheckTake(p, n), ctx.Err()); err != nil {
		return limit.Result{}, err
	}
	key = p.Name + ":" + key
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now().UnixMicro()
	old, known := l.full[key]
	full, res := p.Take(old, now, n)
	if !known && len(l.full) >= l.cfg.MaxKeys {
		l.shrink(now)
	}
	l.full[key] = full
	return res, nil
}

// shrink makes room: what is over goes, and if that is not enough, the quarter
// that would be over first. Taking many at once makes it cheap for each.
func (l *Limiter) shrink(now int64) {
	for key, full := range l.full {
		if full <= now {
			delete(l.full, key)
		}
	}
	most := l.cfg.MaxKeys - max(1, l.cfg.MaxKeys/4)
	if len(l.full) <= most {
		return
	}
	ends := make([]int64, 0, len(l.full))
	for _, full := range l.full {
		ends = append(ends, full)
	}
	slices.Sort(ends)
	last := ends[len(ends)-most-1]
	for key, full := range l.full {
		if full <= last {
			delete(l.full, key)
		}
	}
}
