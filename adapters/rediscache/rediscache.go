// Package rediscache is a cache.Cache that all processes share through Redis. A
// group is one key of Redis, and each step on it one command or script, so it
// works on a cluster, too, and needs no clock but that of Redis.
package rediscache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/ports/cache"
)

// Config is what a Cache needs. Client is required; the zero value of the others
// is their default.
type Config struct {
	// Client reaches Redis. The host opened it and closes it.
	Client redis.UniversalClient
	// Prefix is what the keys of Redis begin with. Default "crier:cache:".
	Prefix string
	// Life is how long values are kept. Default 10 s.
	Life time.Duration
	// Timeout bounds each call, which a request waits for. Default 250 ms.
	Timeout time.Duration
}

const (
	defaultPrefix  = "crier:cache:"
	defaultLife    = 10 * time.Second
	defaultTimeout = 250 * time.Millisecond
)

// A group is a hash. While it is open it has the field "lease" and its values as
// "v:" and their names; while it is held it has "h:" and the id of each hold, and
// nothing else.
var (
	lend = redis.NewScript(`
local lease = redis.call('HGET', KEYS[1], 'lease')
if lease then
  return {lease, redis.call('HGET', KEYS[1], ARGV[1])}
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return {''}
end
redis.call('HSET', KEYS[1], 'lease', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {ARGV[2]}
`)
	put = redis.NewScript(`
if redis.call('HGET', KEYS[1], 'lease') == ARGV[1] then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
end
`)
	hold = redis.NewScript(`
if redis.call('HEXISTS', KEYS[1], 'lease') == 1 then
  redis.call('DEL', KEYS[1])
end
redis.call('HSET', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)
	release = redis.NewScript(`
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 and redis.call('HEXISTS', KEYS[1], 'lease') == 1 then
  redis.call('DEL', KEYS[1])
end
`)
)

// Cache keeps values in Redis.
type Cache struct{ cfg Config }

var _ cache.Cache = (*Cache)(nil)

// New returns a Cache. It does not call Redis.
func New(cfg Config) (*Cache, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("rediscache: Config needs a Client"))
	}
	if cfg.Life < 0 || cfg.Life > 0 && cfg.Life < time.Millisecond {
		problems = append(problems, errors.New("rediscache: Life of Config must be at least a millisecond"))
	}
	if cfg.Timeout < 0 {
		problems = append(problems, errors.New("rediscache: Timeout of Config cannot be negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Prefix == "" {
		cfg.Prefix = defaultPrefix
	}
	if cfg.Life == 0 {
		cfg.Life = defaultLife
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return &Cache{cfg: cfg}, nil
}

// Life implements cache.Cache.
func (c *Cache) Life() time.Duration { return c.cfg.Life }

// Get implements cache.Cache.
func (c *Cache) Get(ctx context.Context, keys ...cache.Key) ([]cache.Entry, error) {
	return within(ctx, c.cfg.Timeout, func(ctx context.Context) ([]cache.Entry, error) { return c.get(ctx, keys) })
}

// get asks for the values, which most often are there, and then for leases for
// those that are not.
func (c *Cache) get(ctx context.Context, keys []cache.Key) ([]cache.Entry, error) {
	asked := make([]*redis.StringCmd, len(keys))
	_, err := c.cfg.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, k := range keys {
			asked[i] = p.HGet(ctx, c.cfg.Prefix+k.Group, field(k))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	out := make([]cache.Entry, len(keys))
	for i, k := range keys {
		value, err := asked[i].Bytes()
		switch {
		case err == nil:
			out[i] = cache.Entry{Value: value, Found: true}
		case !errors.Is(err, redis.Nil):
			return nil, err
		default:
			if out[i], err = c.lend(ctx, k); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (c *Cache) lend(ctx context.Context, k cache.Key) (cache.Entry, error) {
	got, err := lend.Run(ctx, c.cfg.Client, []string{c.cfg.Prefix + k.Group}, field(k), rand.Text(), c.cfg.Life.Milliseconds()).Slice()
	if err != nil {
		return cache.Entry{}, err
	}
	// The second is the value, if another was quicker to put it, or nil.
	if len(got) > 1 {
		if value, ok := got[1].(string); ok {
			return cache.Entry{Value: []byte(value), Found: true}, nil
		}
	}
	lease, _ := got[0].(string)
	return cache.Entry{Lease: lease}, nil
}

func field(k cache.Key) string { return "v:" + k.Name }

// Put implements cache.Cache.
func (c *Cache) Put(ctx context.Context, k cache.Key, lease string, value []byte) error {
	if lease == "" {
		return ctx.Err()
	}
	return c.each(ctx, put, []string{k.Group}, lease, field(k), value)
}

// Hold implements cache.Cache.
func (c *Cache) Hold(ctx context.Context, groups ...string) (cache.Release, error) {
	id := "h:" + rand.Text()
	err := c.each(ctx, hold, groups, id, cache.HoldFor.Milliseconds())
	return func(ctx context.Context) error { return c.each(ctx, release, groups, id) }, err
}

// each runs a script that answers nothing on each of the groups.
func (c *Cache) each(ctx context.Context, s *redis.Script, groups []string, args ...any) error {
	_, err := within(ctx, c.cfg.Timeout, func(ctx context.Context) (struct{}, error) {
		var errs []error
		for _, g := range groups {
			if err := s.Run(ctx, c.cfg.Client, []string{c.cfg.Prefix + g}, args...).Err(); err != nil && !errors.Is(err, redis.Nil) {
				errs = append(errs, err)
			}
		}
		return struct{}{}, errors.Join(errs...)
	})
	return err
}

// within bounds the time of do. The client watches a deadline only while it writes
// and reads, and not while it connects, so it is not waited for.
func within[T any](ctx context.Context, timeout time.Duration, do func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan answer, 1)
	go func() {
		value, err := do(ctx)
		done <- answer{value, err}
	}()
	var got answer
	select {
	case got = <-done:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	if got.err != nil {
		var none T
		return none, fmt.Errorf("rediscache: %w", got.err)
	}
	return got.value, nil
}
