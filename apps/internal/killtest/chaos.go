package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// chaos kills programs and connections at random moments.
type chaos struct {
	mu    sync.Mutex
	rng   *rand.Rand
	kills int // kill -9
	stops int // SIGTERM
	ended int // connections to the database
	// freezes are those that lasted for longer than a lease.
	freezes int
	redis   int // kills of Redis
	begun   int // signals to programs of ours
	errs    []error
}

func newChaos(seed uint64) *chaos { return &chaos{rng: rand.New(rand.NewPCG(seed, 2))} }

const (
	// A program lives for between shortLife and longLife, and is gone for at
	// most longGone.
	shortLife, longLife, longGone = 400 * time.Millisecond, 2500 * time.Millisecond, 700 * time.Millisecond
	// stopOdds is how many of a hundred are told to stop instead of killed.
	stopOdds = 20
	// freezeOdds is how many of a hundred are neither, but stand still for between
	// shortFreeze, which is longer than a lease, and longFreeze.
	freezeOdds              = 15
	shortFreeze, longFreeze = lease + 500*time.Millisecond, lease + 2*time.Second
	// longEve is the longest between telling of a strike and striking.
	longEve = 60 * time.Millisecond
	// Connections are ended every calmest at least, at most victims at a time.
	calm, calmest, victims = 200 * time.Millisecond, time.Second, 5
)

// run lasts until ctx ends. All programs run then. redis may be nil.
func (c *chaos) run(ctx context.Context, programs []*program, redis *program, db database) error {
	var wg sync.WaitGroup
	if redis != nil {
		wg.Go(func() { c.note(c.torment(ctx, redis, c.always)) })
	}
	for _, p := range programs {
		wg.Go(func() { c.note(c.torment(ctx, p, c.signal)) })
	}
	wg.Go(func() { c.note(c.cut(ctx, db)) })
	wg.Wait()
	return errors.Join(c.errs...)
}

func (c *chaos) torment(ctx context.Context, p *program, how func() syscall.Signal) error {
	for c.pause(ctx, shortLife, longLife) {
		if p.eve != nil {
			p.eve()
			c.pause(ctx, 0, longEve)
		}
		sig := how()
		if sig == syscall.SIGSTOP {
			if err := c.freeze(ctx, p); err != nil {
				return err
			}
			continue
		}
		if err := p.end(sig); err != nil {
			return err
		}
		c.pause(ctx, 0, longGone)
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

// freeze has a program stand still for longer than its leases last, and go on
// as if nothing had been. What it holds is taken by others meanwhile.
func (c *chaos) freeze(ctx context.Context, p *program) error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	// To the end, also where the time for chaos is over meanwhile.
	c.pause(context.WithoutCancel(ctx), shortFreeze, longFreeze)
	c.mu.Lock()
	c.freezes++
	c.mu.Unlock()
	return p.signal(syscall.SIGCONT)
}

// always kills Redis.
func (c *chaos) always() syscall.Signal {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redis++
	return syscall.SIGKILL
}

// signal is what a program of ours gets next. The first ones see to it that
// there is some of each.
func (c *chaos) signal() syscall.Signal {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.begun++; c.begun == 2 || c.begun > 2 && c.rng.IntN(100) < freezeOdds {
		return syscall.SIGSTOP
	}
	if c.kills > 0 && c.rng.IntN(100) < stopOdds {
		c.stops++
		return syscall.SIGTERM
	}
	c.kills++
	return syscall.SIGKILL
}

// cut ends connections to the database.
func (c *chaos) cut(ctx context.Context, db database) error {
	for c.pause(ctx, calm, calmest) {
		c.mu.Lock()
		n := 1 + c.rng.IntN(victims)
		c.mu.Unlock()
		n, err := db.disturb(ctx, n)
		if err != nil && ctx.Err() == nil {
			return err
		}
		c.mu.Lock()
		c.ended += n
		c.mu.Unlock()
	}
	return nil
}

// pause waits for a time between least and most. It reports whether there is
// still time.
func (c *chaos) pause(ctx context.Context, least, most time.Duration) bool {
	c.mu.Lock()
	d := least + time.Duration(c.rng.Int64N(int64(most-least)))
	c.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (c *chaos) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.errs = append(c.errs, err)
}
