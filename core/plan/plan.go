// Package plan has the occurrences of posts that recur booked in time. When
// they are due, and what booking them means, core/compose knows.
package plan

import (
	"context"
	"log/slog"
	"time"

	"github.com/crierhq/crier/core/delay"
)

const (
	// poll is the longest sleep between two looks, which finds what other
	// processes wrote: more than one occurrence is booked ahead, so nothing is
	// late by it.
	poll = 15 * time.Second
	// rest is the wait after the store could not be used.
	rest = 5 * time.Second
)

// Config is what a Planner needs. All fields are required.
type Config struct {
	// Expand books what is due and returns when it is to be called again.
	Expand func(ctx context.Context) (time.Time, error)
	// Booked is called after each time, for there may be something to publish.
	Booked func()
	Log    *slog.Logger
	Now    func() time.Time
}

// Planner books occurrences when it is time to.
type Planner struct {
	cfg  Config
	bell chan struct{}
}

// New returns a Planner.
func New(cfg Config) *Planner { return &Planner{cfg: cfg, bell: make(chan struct{}, 1)} }

// Wake has Run look now. It never blocks.
func (p *Planner) Wake() {
	select {
	case p.bell <- struct{}{}:
	default:
	}
}

// Run books occurrences until ctx ends. A store that cannot be used is waited
// for. Any number of processes may run one.
func (p *Planner) Run(ctx context.Context) {
	var last time.Time
	for ctx.Err() == nil {
		next, err := p.cfg.Expand(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.cfg.Log.ErrorContext(ctx, "occurrences could not be booked", "error", err)
			delay.For(ctx, rest, nil)
			continue
		case !next.Equal(last):
			last = next
			p.cfg.Booked()
		}
		d := poll
		if !next.IsZero() {
			d = min(d, max(next.Sub(p.cfg.Now()), 0))
		}
		delay.For(ctx, d, p.bell)
	}
}
