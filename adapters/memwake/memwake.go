// Package memwake is a wake.Bell within one process, for tests and for hosts
// that run several engines in it.
package memwake

import (
	"context"
	"sync"

	"github.com/crierhq/crier/ports/wake"
)

// Bell is a wake.Bell whose listeners are in this process.
type Bell struct {
	mu        sync.Mutex
	listeners map[chan struct{}]bool
}

var _ wake.Bell = (*Bell)(nil)

// New returns a Bell.
func New() *Bell { return &Bell{listeners: map[chan struct{}]bool{}} }

// Ring implements wake.Bell. Its error is that of ctx.
func (b *Bell) Ring(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for l := range b.listeners {
		select {
		case l <- struct{}{}:
		default: // a call that has yet to begin is for this ring, too
		}
	}
	return nil
}

// Listen implements wake.Bell.
func (b *Bell) Listen(ctx context.Context, woken func()) {
	rung := make(chan struct{}, 1)
	rung <- struct{}{} // for what was missed before
	b.mu.Lock()
	b.listeners[rung] = true
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.listeners, rung)
	}()
	for {
		select {
		case <-ctx.Done():
			return
		case <-rung:
		}
		if ctx.Err() == nil {
			woken()
		}
	}
}

// Ready implements wake.Bell: it always is.
func (*Bell) Ready() error { return nil }
