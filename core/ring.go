package core

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/crierhq/crier/ports/wake"
)

const (
	// ringGap is the least time between two rings of one process: the first of a
	// burst goes out at once, and those that follow become one.
	ringGap = 50 * time.Millisecond
	// ringTimeout bounds one ring.
	ringTimeout = 5 * time.Second
)

// ringer rings a bell for use cases, which neither wait for it nor fail with it.
type ringer struct {
	bell wake.Bell
	log  *slog.Logger

	mu sync.Mutex
	// busy says that a ring is under way or was a moment ago, and again that one
	// was asked for since it began.
	busy, again bool
	failed      bool
}

// Ring rings soon. What it is for must be committed: a ring that is under way
// may have been heard already, so it never counts for this one.
func (r *ringer) Ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy {
		r.again = true
		return
	}
	r.busy = true
	go r.run()
}

// run rings, and again after the gap if that was asked for meanwhile.
func (r *ringer) run() {
	r.once()
	time.AfterFunc(ringGap, func() {
		r.mu.Lock()
		r.busy, r.again = r.again, false
		more := r.busy
		r.mu.Unlock()
		if more {
			r.run()
		}
	})
}

func (r *ringer) once() {
	ctx, cancel := context.WithTimeout(context.Background(), ringTimeout)
	defer cancel()
	err := r.bell.Ring(ctx)
	r.mu.Lock()
	before := r.failed
	r.failed = err != nil
	r.mu.Unlock()
	if err != nil && !before {
		r.log.WarnContext(ctx, "other processes cannot be woken; they look at the database by themselves", "error", err)
	}
}
