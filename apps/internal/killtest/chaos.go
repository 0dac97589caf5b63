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
	redis int // kills of Redis
	errs  []error
}

func newChaos(seed uint64) *chaos { return &chaos{rng: rand.New(rand.NewPCG(seed, 2))} }

const (
	// A program lives for between shortLife and longLife, and is gone for at
	// most longGone.
	shortLife, longLife, longGone = 400 * time.Millisecond, 2500 * time.Millisecond, 700 * time.Millisecond
	// stopOdds is how many of a hundred are told to stop instead of killed.
	stopOdds = 20
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
		if err := p.end(how()); err != nil {
			return err
		}
		c.pause(ctx, 0, longGone)
		if err := p.start(); err != nil {
			return err
		}
	}
	return nil
}

// always kills Redis.
func (c *chaos) always() syscall.Signal {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.redis++
	return syscall.SIGKILL
}

// signal is what ends a program of ours.
func (c *chaos) signal() syscall.Signal {
	c.mu.Lock()
	defer c.mu.Unlock()
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
