// Package redisqueue is a queue.Queue whose jobs are rows, and which Redis
// carries to the workers: a job that one process has committed begins in another
// one within a fraction of a second, without that one polling the database hard.
//
// # The row is the truth
//
// Nothing reaches Redis that was not committed, because a relay reads the rows.
// It hands over only what is due, so that no second copy of a job ever waits in
// Redis for its time. Handing over is a claim in the name of the carrier, for a
// short lease; what goes to Redis is the job's organization, id and the token of
// that lease. The worker that gets it from Redis takes the lease over in the
// database, begins the attempt there, and writes the end of the run there. So:
//
//   - Redis decides who runs a job, the row decides whether. A message that
//     comes twice, late or from before a restart has an old token and does
//     nothing.
//   - A message that is lost, with or without all of Redis, costs the rest of
//     the carrier's lease. Then the job is handed over again.
//   - While Redis cannot be reached, due rows are claimed directly, as without
//     Redis. When it is back they are handed over again.
//   - A job runs more than once only where a run could not be written down in
//     the row: exactly as without Redis.
//   - Dead letters are rows, and never in Redis.
//
// The transport is hibiken/asynq. Only so many messages are in Redis at a time
// as the workers are about to need; a backlog stays in the rows.
package redisqueue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

// Config is what a Queue needs beside the Config of the port, whose Kinds are
// required here: each kind has a queue of its own in Redis. Client is required;
// the zero value of the others is their default.
type Config struct {
	// Client reaches Redis. The host opened it and closes it, after Consume and
	// Relay have returned.
	Client redis.UniversalClient
	// Name is what the queues in Redis begin with, so that several
	// installations can share one. Default "crier".
	Name string
	// Carry is how long Redis has to bring a job to a worker before it is
	// handed over again, and so how much later than at once a job runs whose
	// message was lost. Default 30 s.
	Carry time.Duration
	// Window bounds how many messages of a kind are in Redis at a time. Default
	// 4 times the concurrency.
	Window int
	// Check is the pause between two looks of an idle worker at Redis. Default
	// 200 ms.
	Check time.Duration
	// Retry is the pause between two looks for a Redis that is away. Default
	// 1 s.
	Retry time.Duration
}

const (
	defaultCarry       = 30 * time.Second
	defaultCheck       = 200 * time.Millisecond
	defaultRetry       = time.Second
	defaultConcurrency = 16
	defaultPoll        = time.Second
	windows            = 4
	// delayedCheck is how often asynq looks at what it is to try again, which
	// is only what a worker left behind that was killed.
	delayedCheck = 500 * time.Millisecond
)

func (c Config) withDefaults(concurrency int) Config {
	if c.Name == "" {
		c.Name = "crier"
	}
	if c.Carry == 0 {
		c.Carry = defaultCarry
	}
	if c.Window == 0 {
		c.Window = windows * concurrency
	}
	if c.Check == 0 {
		c.Check = defaultCheck
	}
	if c.Retry == 0 {
		c.Retry = defaultRetry
	}
	return c
}

// Queue is a queue.Queue over rows with Redis as the carrier.
type Queue struct {
	*queue.Worker
	cfg       Config
	jobs      queue.Config
	inspector *asynq.Inspector
}

var _ queue.Queue = (*Queue)(nil)

// New returns a Queue. It starts nothing and does not call Redis.
func New(cfg Config, jobs queue.Config) (*Queue, error) {
	var problems []error
	if cfg.Client == nil {
		problems = append(problems, errors.New("redisqueue: Config needs a Client"))
	}
	if cfg.Carry < 0 || cfg.Window < 0 || cfg.Check < 0 || cfg.Retry < 0 {
		problems = append(problems, errors.New("redisqueue: Carry, Window, Check and Retry of Config cannot be negative"))
	}
	if len(jobs.Kinds) == 0 {
		problems = append(problems, errors.New("redisqueue: the kinds of jobs must be named, because each has a queue in Redis"))
	}
	w, err := queue.New(jobs)
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, err
	}
	if jobs.Concurrency == 0 {
		jobs.Concurrency = defaultConcurrency
	}
	if jobs.Poll == 0 {
		jobs.Poll = defaultPoll
	}
	if jobs.PollNow == nil {
		jobs.PollNow = func() time.Duration { return jobs.Poll }
	}
	return &Queue{
		Worker: w, cfg: cfg.withDefaults(jobs.Concurrency), jobs: jobs,
		inspector: asynq.NewInspectorFromRedisClient(cfg.Client),
	}, nil
}

// in is the name of a kind's queue in Redis.
func (q *Queue) in(kind string) string { return q.cfg.Name + ":" + kind }

// Consume implements queue.Consumer: it takes jobs from Redis, relays those
// that are due, and does without Redis while that is away.
func (q *Queue) Consume(ctx context.Context, h queue.Handler) error {
	s := q.Begin(ctx, h)
	defer s.End()
	server := q.server()
	if err := server.Start(q.receive(ctx, s)); err != nil {
		return fmt.Errorf("redisqueue: %w", err)
	}
	defer server.Shutdown()
	q.relay(ctx, s)
	return nil
}

// Relay hands over due jobs until ctx ends, and runs none. It is for a process
// that enqueues but does not consume: its jobs then need not wait until a
// consumer polls the rows. While Redis is away it leaves them to the consumers.
func (q *Queue) Relay(ctx context.Context) error {
	q.relay(ctx, nil)
	return nil
}

// message is what Redis carries.
type message struct {
	Organization domain.OrganizationID `json:"org"`
	Job          domain.JobID          `json:"job"`
	Token        int64                 `json:"token"`
}

func (q *Queue) server() *asynq.Server {
	queues := map[string]int{}
	for _, kind := range q.jobs.Kinds {
		queues[q.in(kind)] = 1
	}
	return asynq.NewServerFromRedisClient(q.cfg.Client, asynq.Config{
		Concurrency: q.jobs.Concurrency, Queues: queues,
		TaskCheckInterval: q.cfg.Check, DelayedTaskCheckInterval: delayedCheck,
		// Waiting for handlers is the shift's, which knows their grace.
		ShutdownTimeout: time.Millisecond,
		RetryDelayFunc:  func(int, error, *asynq.Task) time.Duration { return delayedCheck },
		Logger:          logger{q.jobs.Log}, LogLevel: asynq.WarnLevel,
	})
}

// receive takes jobs over that Redis brought. It never fails a message: if the
// rows cannot be reached, the carrier's lease runs out, and the job comes again.
func (q *Queue) receive(ctx context.Context, s *queue.Shift) asynq.Handler {
	return asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		var m message
		if err := json.Unmarshal(task.Payload(), &m); err != nil {
			q.jobs.Log.ErrorContext(ctx, "Redis holds a message that is not ours", "queue", task.Type())
			return fmt.Errorf("%w: not a message of this queue", asynq.RevokeTask)
		}
		if err := s.TakeOver(ctx, m.Organization, m.Job, m.Token); err != nil && ctx.Err() == nil {
			q.jobs.Log.WarnContext(ctx, "a job from Redis could not be claimed; it will come again", "job", m.Job, "error", err)
		}
		return nil
	})
}

// relay hands over what is due until ctx ends. With a shift it works on what is
// due itself while Redis is away.
func (q *Queue) relay(ctx context.Context, s *queue.Shift) {
	var away atomic.Bool
	var watch sync.WaitGroup
	defer watch.Wait()
	for ctx.Err() == nil {
		more, err := q.round(ctx, s, away.Load())
		switch {
		case ctx.Err() != nil:
		case errors.Is(err, errAway):
			q.jobs.Log.WarnContext(ctx, "Redis cannot be reached; jobs are taken from the database", "error", err)
			away.Store(true)
			watch.Go(func() { q.awaitRedis(ctx, &away) })
		case err != nil:
			q.jobs.Log.ErrorContext(ctx, "the jobs cannot be read", "error", err)
			q.rest(ctx, q.jobs.Poll, nil)
		case !more:
			q.sleep(ctx, s, away.Load())
		}
	}
}

// awaitRedis looks for Redis beside the loop, because a look may take long.
func (q *Queue) awaitRedis(ctx context.Context, away *atomic.Bool) {
	for ctx.Err() == nil {
		q.rest(ctx, q.cfg.Retry, nil)
		if q.cfg.Client.Ping(ctx).Err() == nil {
			q.jobs.Log.InfoContext(ctx, "Redis is back and carries jobs again")
			away.Store(false)
			q.Wake()
			return
		}
	}
}

// sleep waits until there may be something to do.
func (q *Queue) sleep(ctx context.Context, s *queue.Shift, away bool) {
	if away && s != nil {
		s.Wait(ctx, q.jobs.PollNow())
		return
	}
	d := q.jobs.PollNow()
	if next, err := q.jobs.Rows.NextWake(ctx, q.jobs.Kinds...); err == nil && !next.IsZero() && !away {
		if d = min(d, next.Sub(q.jobs.Now())); d <= 0 {
			d = q.cfg.Check // Redis holds as many messages as it may
		}
	}
	q.rest(ctx, d, q.Woken())
}

// rest sleeps until d or ctx ends or early receives.
func (q *Queue) rest(ctx context.Context, d time.Duration, early <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-early:
	}
}

// errAway says that Redis, and not the database, failed.
var errAway = errors.New("redisqueue: Redis cannot be reached")

// round brings due jobs on their way. It reports whether there may be more at
// once.
func (q *Queue) round(ctx context.Context, s *queue.Shift, away bool) (more bool, err error) {
	if away {
		if s == nil {
			return false, nil
		}
		n, err := s.Fill(ctx)
		return n > 0 && s.Free() > 0, err
	}
	next, err := q.jobs.Rows.NextWake(ctx, q.jobs.Kinds...)
	if err != nil || next.IsZero() || next.After(q.jobs.Now()) {
		return false, err
	}
	room, err := q.room()
	if err != nil {
		return false, err
	}
	for _, kind := range q.jobs.Kinds {
		if room[kind] <= 0 {
			continue
		}
		n, err := q.handOver(ctx, kind, room[kind])
		if err != nil {
			return false, err
		}
		more = more || n == room[kind]
	}
	return more, nil
}

// room is how many more messages of each kind Redis may hold.
func (q *Queue) room() (map[string]int, error) {
	there, err := q.inspector.Queues()
	if err != nil {
		return nil, errors.Join(errAway, err)
	}
	out := map[string]int{}
	for _, kind := range q.jobs.Kinds {
		out[kind] = q.cfg.Window
		if slices.Contains(there, q.in(kind)) {
			info, err := q.inspector.GetQueueInfo(q.in(kind))
			if err != nil {
				return nil, errors.Join(errAway, err)
			}
			out[kind] -= info.Pending + info.Active + info.Retry
		}
	}
	return out, nil
}

// handOver gives up to limit due jobs of a kind to Redis.
func (q *Queue) handOver(ctx context.Context, kind string, limit int) (int, error) {
	jobs, err := q.Claim(ctx, "carrier of "+q.jobs.Owner, limit, q.cfg.Carry, true, kind)
	if err != nil {
		return 0, err
	}
	// A client notes which queues it has told Redis of, but Redis may forget, so
	// each round has one of its own.
	client := asynq.NewClientFromRedisClient(q.cfg.Client)
	limited, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	for i, j := range jobs {
		if err := q.push(limited, client, j); err != nil {
			q.giveBack(ctx, jobs[i:])
			return i, errors.Join(errAway, err)
		}
	}
	return len(jobs), nil
}

// push may be repeated: a message with the same token is there once.
func (q *Queue) push(ctx context.Context, client *asynq.Client, j domain.Job) error {
	payload, err := json.Marshal(message{Organization: j.Organization, Job: j.ID, Token: j.Lease.Token})
	if err != nil {
		return err
	}
	_, err = client.EnqueueContext(ctx, asynq.NewTask(j.Kind, payload),
		asynq.Queue(q.in(j.Kind)), asynq.TaskID(fmt.Sprintf("%s#%d", j.ID, j.Lease.Token)),
		asynq.Retention(0), asynq.MaxRetry(maxRetry), asynq.Timeout(noTimeout))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	return err
}

const (
	// maxRetry is for messages whose worker was killed. Each does nothing if the
	// job has been handed over again meanwhile, and so leaves Redis.
	maxRetry = 25
	// noTimeout: the policy of the kind bounds a run.
	noTimeout = 10000 * time.Hour
	// pushTimeout bounds one round of messages.
	pushTimeout = 5 * time.Second
)

// giveBack ends the leases of jobs that could not be handed over, so that they
// can be claimed at once.
func (q *Queue) giveBack(ctx context.Context, jobs []domain.Job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), q.cfg.Carry)
	defer cancel()
	for _, j := range jobs {
		_, err := q.jobs.Rows.Update(ctx, j.Organization, j.ID, func(row *domain.Job) error {
			if row.Lease.Token != j.Lease.Token {
				return errTaken
			}
			row.Release()
			return nil
		})
		if err != nil && !errors.Is(err, errTaken) {
			q.jobs.Log.WarnContext(ctx, "a job could not be given back; it is claimed when its lease ends", "job", j.ID, "error", err)
		}
	}
}

var errTaken = errors.New("redisqueue: a worker has the job")

// logger lets asynq write to ours.
type logger struct{ log *slog.Logger }

func (l logger) Debug(args ...any) { l.log.Debug(line(args)) }
func (l logger) Info(args ...any)  { l.log.Info(line(args)) }
func (l logger) Warn(args ...any)  { l.log.Warn(line(args)) }
func (l logger) Error(args ...any) { l.log.Error(line(args)) }
func (l logger) Fatal(args ...any) { l.log.Error(line(args)) }

func line(args []any) string { return "asynq: " + strings.TrimSpace(fmt.Sprint(args...)) }
