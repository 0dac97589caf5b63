// Package redislimit is a limit.Limiter whose counts all processes share through
// Redis. One script takes and decides at once, by the clock of Redis, so
// processes with clocks that differ count alike.
package redislimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/ports/limit"
)

// Config is what a Limiter needs. Client is required; the zero value of the
// others is their default.
type Config struct {
	// Client reaches Redis. The host opened it and closes it.
	Client redis.UniversalClient
	// Prefix is what the keys of Redis begin with. Default "crier:limit:".
	Prefix string
	// Timeout bounds a Take, which a request waits for. Default 250 ms.
	Timeout time.Duration
}

const (
	defaultPrefix  = "crier:limit:"
	defaultTimeout = 250 * time.Millisecond
)

// Limiter counts in Redis.
type Limiter struct {
	cfg  Config
	take *redis.Script
}

var _ limit.Limiter = (*Limiter)(nil)

// script is limit.Policy.Take in microseconds. Numbers are written with a format,
// because Lua would write those as large as a time with an exponent.
const script = `
local interval, burst, n = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = math.max(tonumber(redis.call('GET', KEYS[1])) or 0, now)
local next = full + interval * n
local over = next - now - burst
if over > 0 then
  return {0, full - now, over}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000))
return {1, next - now, 0}
`

// New returns a Limiter. It does not call Redis.
func New(cfg Config) (*Limiter, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("redislimit: Config needs a Client"))
	}
	if cfg.Timeout < 0 {
		problems = append(problems, errors.New("redislimit: Timeout of Config cannot be negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Prefix == "" {
		cfg.Prefix = defaultPrefix
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return &Limiter{cfg: cfg, take: redis.NewScript(script)}, nil
}

// Take implements limit.Limiter.
func (l *Limiter) Take(ctx context.Context, key string, p limit.Policy, n int) (limit.Result, error) {
	if err := errors.Join(limit.CheckTake(p, n), ctx.Err()); err != nil {
		return limit.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	interval, burst := p.Interval()
	type answer struct {
		numbers []int64
		err     error
	}
	// The client watches a deadline only while it writes and reads, and not while
	// it connects, so it is not waited for.
	done := make(chan answer, 1)
	go func() {
		numbers, err := l.take.Run(ctx, l.cfg.Client, []string{l.cfg.Prefix + p.Name + ":" + key}, interval, burst, n).Int64Slice()
		done <- answer{numbers, err}
	}()
	var got answer
	select {
	case got = <-done:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	if got.err == nil && len(got.numbers) != 3 {
		got.err = fmt.Errorf("the script answered with %d numbers", len(got.numbers))
	}
	if got.err != nil {
		return limit.Result{}, fmt.Errorf("redislimit: %w", got.err)
	}
	return p.Result(got.numbers[0] == 1, got.numbers[1], got.numbers[2]), nil
}
