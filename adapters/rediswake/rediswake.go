// Package rediswake is a wake.Bell through publish and subscribe of Redis:
// https://redis.io/docs/latest/develop/pubsub/. Redis keeps nothing of a ring,
// so losing it loses nothing.
package rediswake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/ports/wake"
)

// Config is what a Bell needs. Client and Log are required; the zero value of
// the others is their default.
type Config struct {
	// Client reaches Redis. The host opened it and closes it, after every Listen
	// has returned.
	Client redis.UniversalClient
	Log    *slog.Logger
	// Channel is the channel of Redis; installations that share a Redis need
	// one each, whatever the number of their database. Default "crier:wake".
	Channel string
	// Backoff and MaxBackoff are those of wake.LineConfig.
	Backoff, MaxBackoff time.Duration
	// Quiet is how long nothing may be heard before the connection is tried.
	// Default 1 min.
	Quiet time.Duration
}

const (
	defaultChannel = "crier:wake"
	defaultQuiet   = time.Minute
	// answer bounds the wait for an answer of Redis.
	answer = 5 * time.Second
)

// Bell is a wake.Bell through Redis.
type Bell struct {
	*wake.Line
	cfg Config
}

var _ wake.Bell = (*Bell)(nil)

// New returns a Bell. It starts nothing and does not call Redis.
func New(cfg Config) (*Bell, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("rediswake: Config needs a Client"))
	}
	if cfg.Quiet < 0 {
		problems = append(problems, errors.New("rediswake: Quiet of Config cannot be negative"))
	}
	line, err := wake.NewLine(wake.LineConfig{Name: "Redis", Log: cfg.Log, Backoff: cfg.Backoff, MaxBackoff: cfg.MaxBackoff})
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	if cfg.Channel == "" {
		cfg.Channel = defaultChannel
	}
	if cfg.Quiet == 0 {
		cfg.Quiet = defaultQuiet
	}
	return &Bell{Line: line, cfg: cfg}, nil
}

// Ring implements wake.Bell.
func (b *Bell) Ring(ctx context.Context) error {
	// The client watches a deadline only while it writes and reads, and not the
	// end of ctx, so it is not waited for.
	done := make(chan error, 1)
	go func() { done <- b.cfg.Client.Publish(ctx, b.cfg.Channel, "").Err() }()
	select {
	case err := <-done:
		return b.Rung(err)
	case <-ctx.Done():
		return b.Rung(ctx.Err())
	}
}

// Listen implements wake.Bell.
func (b *Bell) Listen(ctx context.Context, woken func()) { b.Line.Listen(ctx, woken, b.session) }

// session subscribes and hears until the connection is lost.
func (b *Bell) session(ctx context.Context, open, heard func()) error {
	sub := b.cfg.Client.Subscribe(ctx, b.cfg.Channel)
	defer func() { _ = sub.Close() }() // the connection is given up, whatever comes of it
	// A receive does not watch ctx.
	defer context.AfterFunc(ctx, func() { _ = sub.Close() })()
	if err := confirmed(sub.ReceiveTimeout(ctx, answer)); err != nil {
		return err
	}
	open()
	tried := false // a quiet connection was tried and has yet to answer
	for {
		wait := b.cfg.Quiet
		if tried {
			wait = answer
		}
		msg, err := sub.ReceiveTimeout(ctx, wait)
		timeout, ok := errors.AsType[net.Error](err)
		switch {
		case ok && timeout.Timeout() && !tried && ctx.Err() == nil:
			if err := sub.Ping(ctx); err != nil {
				return err
			}
			tried = true
			continue
		case err != nil:
			return err
		}
		tried = false
		switch msg.(type) {
		case *redis.Message:
			heard()
		case *redis.Subscription:
			return errors.New("rediswake: the connection was replaced by another one")
		}
	}
}

// confirmed reports whether the first message says that Redis took us in.
func confirmed(msg any, err error) error {
	if _, ok := msg.(*redis.Subscription); err == nil && !ok {
		return fmt.Errorf("rediswake: Redis answered a subscription with %T", msg)
	}
	return err
}
