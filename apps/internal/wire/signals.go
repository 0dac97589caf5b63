package wire

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/pgwake"
	"github.com/crierhq/crier/adapters/redisqueue"
	"github.com/crierhq/crier/adapters/rediswake"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/wake"
)

// signals is how processes wake each other, and how side jobs come to workers.
// All of it may be away at any time: the rows are the truth.
type signals struct {
	// bell is nil with SQLite alone, where only this process works.
	bell wake.Bell
	// queue is nil without Redis.
	queue func(queue.Config) (core.JobRunner, error)
	// redis is nil without Redis.
	redis redis.UniversalClient
	stops []func() error
}

// dialRedis bounds one try to reach Redis, which nobody waits for longer.
const dialRedis = 2 * time.Second

// newSignals connects to nothing yet.
func newSignals(s config.Storage, log *slog.Logger) (signals, error) {
	if s.RedisURL != "" {
		return overRedis(string(s.RedisURL), log)
	}
	driver, address := s.Database()
	if driver != config.Postgres {
		return signals{}, nil
	}
	bell, err := pgwake.New(pgwake.Config{URL: address, Log: log.With("component", "wake")})
	if err != nil {
		return signals{}, err
	}
	return signals{bell: bell, stops: []func() error{bell.Close}}, nil
}

func overRedis(address string, log *slog.Logger) (signals, error) {
	opts, err := redis.ParseURL(address)
	if err != nil {
		return signals{}, errors.New("the address of REDIS_URL cannot be read")
	}
	opts.DialTimeout, opts.DialerRetries, opts.ContextTimeoutEnabled = dialRedis, 1, true
	client := redis.NewClient(opts)
	out := signals{redis: client, stops: []func() error{client.Close}}
	// Channels are those of all databases of a Redis.
	bell, err := rediswake.New(rediswake.Config{
		Client: client, Log: log.With("component", "wake"), Channel: fmt.Sprintf("crier:wake:%d", opts.DB),
	})
	if err != nil {
		return out, err
	}
	out.bell = bell
	out.queue = func(cfg queue.Config) (core.JobRunner, error) {
		return redisqueue.New(redisqueue.Config{Client: client}, cfg)
	}
	return out, nil
}

// close lets go of the connections. Whatever used them must have ended.
func (s signals) close() error {
	var errs []error
	for _, stop := range s.stops {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}
