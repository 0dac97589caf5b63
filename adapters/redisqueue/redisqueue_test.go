package redisqueue_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/memqueue"
	"github.com/crierhq/crier/adapters/redisqueue"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/testkit/queuetest"
)

const (
	mail = "mail"
	hook = "hook"
)

// redisURL is the Redis that tests may use.
func redisURL(t testing.TB) string {
	t.Helper()
	u := os.Getenv("TEST_REDIS_URL")
	if u == "" && os.Getenv("CI") == "true" {
		t.Fatal("TEST_REDIS_URL is not set, and CI must not leave Redis out")
	}
	if u == "" {
		t.Skip("NOT TESTED ON REDIS: set TEST_REDIS_URL, or run it through apps/internal/devservices")
	}
	return u
}

func client(t testing.TB, url string) *redis.Client {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal("TEST_REDIS_URL is not a URL of Redis")
	}
	o.DialerRetries, o.MaxRetries = 1, 1
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// installation is one name in Redis with its rows, cleared away at the end.
type installation struct {
	name, url string
	rows      queue.Rows
	settings  queuetest.Settings
	log       *slog.Logger
	n         *atomic.Int64
}

func install(t testing.TB, url string, s queuetest.Settings) installation {
	t.Helper()
	in := installation{
		name: "test-" + rand.Text(), url: url, rows: memqueue.NewRows(), settings: s,
		log: slog.New(slog.DiscardHandler), n: new(atomic.Int64),
	}
	return in
}

// clear removes what the installation left in Redis.
func (in installation) clear(t testing.TB) {
	inspector := asynq.NewInspectorFromRedisClient(client(t, in.url))
	for _, kind := range []string{mail, hook} {
		_ = inspector.DeleteQueue(in.name+":"+kind, true) // it may not be there
	}
}

func (in installation) open(t testing.TB, c redis.UniversalClient, rows queue.Rows, o queuetest.Options) *redisqueue.Queue {
	t.Helper()
	s := in.settings
	if len(o.Kinds) == 0 {
		o.Kinds = []string{mail, hook}
	}
	q, err := redisqueue.New(redisqueue.Config{
		Client: c, Name: in.name, Carry: s.Lease, Check: 20 * time.Millisecond, Retry: 50 * time.Millisecond,
	}, queue.Config{
		Rows: rows, Log: in.log, Now: time.Now, NewID: func(time.Time) string { return fmt.Sprintf("id-%06d", in.n.Add(1)) },
		Owner: fmt.Sprint("worker-", in.n.Add(1)), Kinds: o.Kinds, Concurrency: o.Concurrency,
		Policy: s.Policy, Policies: s.Policies, Lease: s.Lease, Poll: s.Poll, Grace: s.Grace,
	})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func (in installation) subject(t testing.TB) queuetest.Subject {
	q := in.open(t, client(t, in.url), in.rows, queuetest.Options{})
	return queuetest.Subject{Enqueuer: q, DeadLetters: q, Consumer: func(o queuetest.Options) (queue.Consumer, func()) {
		severed, cut := queuetest.Cut(in.rows)
		c, k := client(t, in.url), &killable{}
		c.AddHook(k)
		return in.open(t, c, severed, o), func() {
			cut()
			k.off.Store(true)
		}
	}}
}

// killable fails every command once it is off.
type killable struct{ off atomic.Bool }

var errKilled = errors.New("this client was killed")

func (k *killable) DialHook(next redis.DialHook) redis.DialHook { return next }

func (k *killable) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if k.off.Load() {
			cmd.SetErr(errKilled)
			return errKilled
		}
		return next(ctx, cmd)
	}
}

func (k *killable) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if k.off.Load() {
			return errKilled
		}
		return next(ctx, cmds)
	}
}

func TestQueue(t *testing.T) {
	t.Parallel()
	url := redisURL(t)
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			in := install(t, url, s)
			t.Cleanup(func() { in.clear(t) })
			return in.subject(t)
		},
		Now: time.Now,
	})
}

// Without a Redis the queue is what it is without Redis.
func TestQueueWithoutRedis(t *testing.T) {
	t.Parallel()
	queuetest.Run(t, queuetest.Harness{
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject {
			return install(t, "redis://127.0.0.1:1/0", s).subject(t)
		},
		Now: time.Now,
	})
}
