package queuetest_test

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
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memqueue"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/testkit/queuetest"
)

// flaw is what is wrong with a queue. Each function changes one part of a good
// one; nil leaves it as it is.
type flaw struct {
	rows     func(queue.Rows) queue.Rows
	handler  func(queue.Handler) queue.Handler
	consume  func(queue.Consumer) queue.Consumer
	settings func(*queuetest.Settings)
	options  func(*queuetest.Options)
	enqueue  func(queue.Enqueuer) queue.Enqueuer
	dead     func(queue.DeadLetters) queue.DeadLetters
}

func harness(f flaw) queuetest.Harness {
	return queuetest.Harness{
		Now: time.Now, Virtual: true,
		Open: func(t testing.TB, s queuetest.Settings) queuetest.Subject { return f.open(t, s) },
	}
}

func (f flaw) open(t testing.TB, s queuetest.Settings) queuetest.Subject {
	t.Helper()
	if f.settings != nil {
		f.settings(&s)
	}
	var rows queue.Rows = memqueue.NewRows()
	if f.rows != nil {
		rows = f.rows(rows)
	}
	var n atomic.Int64
	worker := func(rows queue.Rows, o queuetest.Options) *queue.Worker {
		w, err := queue.New(queue.Config{
			Rows: rows, Log: slog.New(slog.DiscardHandler), Now: time.Now,
			NewID: func(time.Time) string { return fmt.Sprintf("id-%06d", n.Add(1)) },
			Owner: fmt.Sprint("worker-", n.Add(1)), Kinds: o.Kinds, Concurrency: o.Concurrency,
			Policy: s.Policy, Policies: s.Policies, Lease: s.Lease, Poll: s.Poll, Grace: s.Grace,
		})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := worker(rows, queuetest.Options{})
	return queuetest.Subject{
		Enqueuer: apply(f.enqueue, queue.Enqueuer(w)), DeadLetters: apply(f.dead, queue.DeadLetters(w)),
		Consumer: func(o queuetest.Options) (queue.Consumer, func()) {
			if f.options != nil {
				f.options(&o)
			}
			severed, cut := queuetest.Cut(rows)
			return apply(f.consume, queue.Consumer(handling{worker(severed, o), f.handler})), cut
		},
	}
}

func apply[T any](f func(T) T, v T) T {
	if f == nil {
		return v
	}
	return f(v)
}

type handling struct {
	queue.Consumer
	change func(queue.Handler) queue.Handler
}

func (c handling) Consume(ctx context.Context, h queue.Handler) error {
	return c.Consumer.Consume(ctx, apply(c.change, h))
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range queuetest.Checks() {
		if seen[c.Name] {
			t.Errorf("two checks are named %q", c.Name)
		}
		seen[c.Name] = true
	}
}

func TestGoodQueueHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, c := range queuetest.Checks() {
		for _, f := range c.Findings(t, harness(flaw{})) {
			t.Errorf("%s", f)
		}
	}
}

// Each wrong queue must be found by every check that is named for it.
func TestWrongQueuesAreFound(t *testing.T) {
	t.Parallel()
	named := map[string]bool{}
	for name, c := range wrongQueues() {
		for _, want := range c.found {
			named[want] = true
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, want := range c.found {
				i := slices.IndexFunc(queuetest.Checks(), func(c queuetest.Check) bool { return c.Name == want })
				if i < 0 {
					t.Fatalf("there is no check %q", want)
				}
				fs := queuetest.Checks()[i].Findings(t, harness(c.flaw))
				if len(fs) == 0 {
					t.Errorf("%q has no finding, want at least one", want)
				}
				for _, f := range fs {
					if f.Check != want || !strings.HasPrefix(f.String(), want+": ") || f.Message == "" {
						t.Errorf("finding %+v, want it to name its check and say something", f)
					}
				}
			}
		})
	}
	for _, c := range queuetest.Checks() {
		if !named[c.Name] {
			t.Errorf("no wrong queue is found by %q", c.Name)
		}
	}
}

type wrongQueue struct {
	found []string
	flaw  flaw
}

func wrongQueues() map[string]wrongQueue {
	return map[string]wrongQueue{
		"a job is gone when it is taken": {[]string{
			"lease/a job whose consumer was killed runs again", "lease/what a killed consumer says late changes nothing",
			"retry/waits twice as long each time, and ends",
		}, flaw{rows: func(r queue.Rows) queue.Rows { return takesAway{r} }}},
		"keys are ignored": {[]string{
			"key/one job of 20 that are enqueued at once", "key/counts within organization and kind",
			"key/is kept while the job runs and free after it", "key/is kept between attempts",
		}, flaw{rows: func(r queue.Rows) queue.Rows {
			return edits{Rows: r, inserted: func(j *domain.Job) { j.Key = "" }}
		}}},
		"a key is free while its job runs": {[]string{
			"key/is kept while the job runs and free after it", "key/is kept between attempts",
		}, flaw{rows: func(r queue.Rows) queue.Rows { return freesKeys{r} }}},
		"a key is never free again": {[]string{
			"key/is kept while the job runs and free after it", "key/is free after a death",
			"lease/a job whose consumer was killed runs again",
		}, flaw{rows: func(r queue.Rows) queue.Rows { return &keepsKeys{Rows: r, seen: map[string]bool{}} }}},
		"a key counts everywhere": {[]string{"key/counts within organization and kind"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return &keepsKeys{Rows: r, seen: map[string]bool{}} },
		}},
		"jobs run twice": {[]string{"key/an id counts once", "enqueue/every job runs once", "dead/replay gives all attempts again"}, flaw{
			handler: func(h queue.Handler) queue.Handler {
				return func(ctx context.Context, j domain.Job) error { return errors.Join(h(ctx, j), h(ctx, j)) }
			},
		}},
		"jobs run early": {[]string{"run-at/nothing runs early", "run-at/a nearer job is seen by a sleeping consumer"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return early{r} },
		}},
		"jobs run late": {[]string{"run-at/nothing runs early", "run-at/a nearer job is seen by a sleeping consumer"}, flaw{
			settings: func(s *queuetest.Settings) { s.Poll = 30 * time.Second },
			rows:     func(r queue.Rows) queue.Rows { return oversleeps{r} },
		}},
		"failures are tried again at once": {[]string{
			"retry/waits twice as long each time, and ends", "retry/has the defaults of the port", "steer/a snooze is not an attempt",
		}, flaw{rows: func(r queue.Rows) queue.Rows {
			return edits{Rows: r, updated: func(_ domain.Job, j *domain.Job) { j.RunAt = j.CreatedAt }}
		}}},
		"the wait does not grow": {[]string{"retry/waits twice as long each time, and ends"}, flaw{
			settings: func(s *queuetest.Settings) { s.Policy.MaxBackoff = s.Policy.Backoff },
		}},
		"there is another default": {[]string{"retry/has the defaults of the port", "enqueue/fills in what is left open"}, flaw{
			settings: func(s *queuetest.Settings) { s.Policy.Backoff, s.Policy.MaxAttempts = time.Second, 5 },
		}},
		"policies of kinds are ignored": {[]string{"retry/each kind has its policy"}, flaw{
			settings: func(s *queuetest.Settings) { s.Policies = nil },
		}},
		"there are no dead letters": {[]string{
			"retry/waits twice as long each time, and ends", "dead/is listed by pages, the newest first",
			"dead/replay gives all attempts again", "steer/discard ends at once", "key/is free after a death",
			"dead/keeps tenants apart", "dead/drop deletes", "lease/a job that kills its consumers dies",
		}, flaw{rows: func(r queue.Rows) queue.Rows { return buriesNothing{r} }}},
		"dead letters are listed the wrong way round": {[]string{"dead/is listed by pages, the newest first"}, flaw{
			dead: func(d queue.DeadLetters) queue.DeadLetters { return backwards{d} },
		}},
		"dead letters of others are shown": {[]string{"dead/keeps tenants apart"}, flaw{
			dead: func(d queue.DeadLetters) queue.DeadLetters { return leaky{d} },
		}},
		"a replay keeps the old attempts": {[]string{"dead/replay gives all attempts again"}, flaw{
			rows: func(r queue.Rows) queue.Rows {
				return edits{Rows: r, updated: func(old domain.Job, j *domain.Job) { j.Attempts = max(old.Attempts, j.Attempts) }}
			},
		}},
		"a drop does nothing": {[]string{"dead/drop deletes"}, flaw{
			dead: func(d queue.DeadLetters) queue.DeadLetters { return dropsNothing{d} },
		}},
		"a drop deletes anything": {[]string{"dead/the living are left alone"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return looksDead{r} },
		}},
		"the reason is lost": {[]string{"retry/waits twice as long each time, and ends", "steer/discard ends at once"}, flaw{
			rows: func(r queue.Rows) queue.Rows {
				return edits{Rows: r, updated: func(_ domain.Job, j *domain.Job) { j.Reason = domain.Reason{} }}
			},
		}},
		"leases do not hold": {[]string{"lease/no job runs twice at once", "lease/a long job is left to its consumer", "enqueue/every job runs once"}, flaw{
			rows: func(r queue.Rows) queue.Rows {
				return edits{Rows: r, claimed: func(c *domain.JobClaim) { c.Until = c.Now }}
			},
		}},
		"leases are not renewed": {[]string{"lease/a long job is left to its consumer"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return renewsNothing{r} },
		}},
		"leases are for ever": {[]string{
			"lease/a job whose consumer was killed runs again", "lease/a job that kills its consumers dies",
		}, flaw{rows: func(r queue.Rows) queue.Rows {
			return edits{Rows: r, claimed: func(c *domain.JobClaim) { c.Until = c.Now.AddDate(1, 0, 0) }}
		}}},
		"a lost lease may still write": {[]string{"lease/what a killed consumer says late changes nothing"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return believesLate{r} },
		}},
		"only failures count as attempts": {[]string{"lease/a job that kills its consumers dies", "lease/a job whose consumer was killed runs again"}, flaw{
			rows: func(r queue.Rows) queue.Rows { return countsLate{r} },
		}},
		"the end is not written down": {[]string{
			"enqueue/every job runs once", "consume/returns when its handlers have", "dead/drop deletes",
		}, flaw{rows: func(r queue.Rows) queue.Rows { return removesNothing{r} }}},
		"payloads go through a float": {[]string{"enqueue/a job comes as it was given", "dead/replay gives all attempts again"}, flaw{
			rows: func(r queue.Rows) queue.Rows {
				return edits{Rows: r, inserted: func(j *domain.Job) {
					var v any
					if json.Unmarshal(j.Payload, &v) == nil {
						j.Payload, _ = json.Marshal(v)
					}
				}}
			},
		}},
		"anything is taken in": {[]string{"enqueue/refuses what breaks a rule"}, flaw{
			enqueue: func(e queue.Enqueuer) queue.Enqueuer { return takesGood{e} },
		}},
		"a snooze counts as an attempt": {[]string{"steer/a snooze is not an attempt", "consume/what is cut off does not count"}, flaw{
			rows: func(r queue.Rows) queue.Rows {
				return edits{Rows: r, updated: func(old domain.Job, j *domain.Job) {
					if old.State == domain.JobWaiting {
						j.Attempts = max(j.Attempts, old.Attempts)
					}
				}}
			},
		}},
		"a discard is a failure like others": {[]string{"steer/discard ends at once"}, flaw{
			handler: func(h queue.Handler) queue.Handler {
				return func(ctx context.Context, j domain.Job) error {
					err := h(ctx, j)
					if d, ok := errors.AsType[*queue.DiscardError](err); ok {
						return d.Err
					}
					return err
				}
			},
		}},
		"a panic is a success": {[]string{"retry/a panic is a failed attempt"}, flaw{
			handler: func(h queue.Handler) queue.Handler {
				return func(ctx context.Context, j domain.Job) error {
					defer func() { _ = recover() }()
					return h(ctx, j)
				}
			},
		}},
		"attempts have no limit of time": {[]string{"retry/an attempt has a time limit"}, flaw{
			settings: func(s *queuetest.Settings) { s.Policy.Timeout = 0 },
		}},
		"Consume does not wait": {[]string{"consume/returns when its handlers have"}, flaw{
			consume: func(c queue.Consumer) queue.Consumer { return hasty{c} },
		}},
		"Consume never returns": {[]string{"consume/what is cut off does not count"}, flaw{
			consume: func(c queue.Consumer) queue.Consumer { return endless{c} },
		}},
		"handlers end with the consumer": {[]string{"consume/returns when its handlers have"}, flaw{
			settings: func(s *queuetest.Settings) { s.Grace = time.Nanosecond },
		}},
		"all jobs run at once": {[]string{"consume/keeps to its concurrency"}, flaw{
			options: func(o *queuetest.Options) { o.Concurrency = 100 },
		}},
		"one job runs at a time": {[]string{"consume/keeps to its concurrency", "consume/one slow job does not hold up the others"}, flaw{
			options: func(o *queuetest.Options) { o.Concurrency = 1 },
		}},
		"any kind is run": {[]string{"consume/keeps to its kinds"}, flaw{
			options: func(o *queuetest.Options) { o.Kinds = nil },
		}},
		"a method panics": {[]string{"dead/drop deletes"}, flaw{
			dead: func(queue.DeadLetters) queue.DeadLetters { return nil },
		}},
	}
}

// edits changes what is stored and what is asked for.
type edits struct {
	queue.Rows
	inserted func(*domain.Job)
	updated  func(old domain.Job, j *domain.Job)
	claimed  func(*domain.JobClaim)
}

func (r edits) Insert(ctx context.Context, js ...domain.Job) error {
	js = slices.Clone(js)
	for i := range js {
		if r.inserted != nil {
			r.inserted(&js[i])
		}
	}
	return r.Rows.Insert(ctx, js...)
}

func (r edits) Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	return r.Rows.Update(ctx, org, id, func(j *domain.Job) error {
		old := *j
		err := change(j)
		if err == nil && r.updated != nil {
			r.updated(old, j)
		}
		return err
	})
}

func (r edits) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	if r.claimed != nil {
		r.claimed(&c)
	}
	return r.Rows.Claim(ctx, c)
}

type takesAway struct{ queue.Rows }

func (r takesAway) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	js, err := r.Rows.Claim(ctx, c)
	for _, j := range js {
		err = errors.Join(err, r.Remove(ctx, j.Organization, j.ID, j.Lease.Token))
	}
	return js, err
}

type freesKeys struct{ queue.Rows }

func (r freesKeys) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	js, err := r.Rows.Claim(ctx, c)
	for _, j := range js {
		_, failed := r.Update(ctx, j.Organization, j.ID, func(j *domain.Job) error { j.Key = ""; return nil })
		err = errors.Join(err, failed)
	}
	return js, err
}

type keepsKeys struct {
	queue.Rows
	mu   sync.Mutex
	seen map[string]bool
}

func (r *keepsKeys) Insert(ctx context.Context, js ...domain.Job) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var fresh []domain.Job
	for _, j := range js {
		if j.Key == "" || !r.seen[j.Key] {
			fresh = append(fresh, j)
		}
		r.seen[j.Key] = true
	}
	return r.Rows.Insert(ctx, fresh...)
}

type early struct{ queue.Rows }

func (r early) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	c.Now = c.Now.Add(2 * time.Second)
	return r.Rows.Claim(ctx, c)
}

type oversleeps struct{ queue.Rows }

func (r oversleeps) NextWake(context.Context, ...string) (time.Time, error) { return time.Time{}, nil }

type buriesNothing struct{ queue.Rows }

func (r buriesNothing) Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	j, err := r.Rows.Update(ctx, org, id, change)
	if err == nil && j.State == domain.JobDead {
		err = r.Remove(ctx, org, id, j.Lease.Token)
	}
	return j, err
}

type backwards struct{ queue.DeadLetters }

func (d backwards) List(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	js, err := d.DeadLetters.List(ctx, org, p)
	slices.Reverse(js)
	return js, err
}

type leaky struct{ queue.DeadLetters }

func (d leaky) List(ctx context.Context, _ domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return d.DeadLetters.List(ctx, "org-ours", p)
}

func (d leaky) Replay(ctx context.Context, _ domain.OrganizationID, id domain.JobID) error {
	return d.DeadLetters.Replay(ctx, "org-ours", id)
}

type dropsNothing struct{ queue.DeadLetters }

func (dropsNothing) Drop(context.Context, domain.OrganizationID, domain.JobID) error { return nil }

type looksDead struct{ queue.Rows }

func (r looksDead) Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	j, err := r.Rows.Get(ctx, org, id)
	j.State = domain.JobDead
	return j, err
}

type renewsNothing struct{ queue.Rows }

func (renewsNothing) Renew(_ context.Context, _ string, ids []domain.JobID, _ time.Time) ([]domain.JobID, error) {
	return ids, nil
}

// believesLate ends a job whose first worker said that it was done, although
// another one has it by then.
type believesLate struct{ queue.Rows }

func (r believesLate) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	js, err := r.Rows.Claim(ctx, c)
	for _, j := range js {
		if j.Attempts > 1 {
			err = errors.Join(err, r.Remove(ctx, j.Organization, j.ID, j.Lease.Token))
		}
	}
	return js, err
}

type countsLate struct{ queue.Rows }

func (r countsLate) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	c.HandOver = true
	js, err := r.Rows.Claim(ctx, c)
	for i := range js {
		js[i].Attempts++
	}
	return js, err
}

type removesNothing struct{ queue.Rows }

func (removesNothing) Remove(context.Context, domain.OrganizationID, domain.JobID, int64) error {
	return nil
}

// takesGood takes in what is good and keeps silent about the rest.
type takesGood struct{ queue.Enqueuer }

func (e takesGood) Enqueue(ctx context.Context, js ...domain.Job) error {
	for _, j := range js {
		if err := e.Enqueuer.Enqueue(ctx, j); err != nil && fault.KindOf(err) != fault.Invalid {
			return err
		}
	}
	return nil
}

type hasty struct{ queue.Consumer }

func (c hasty) Consume(ctx context.Context, h queue.Handler) error {
	go func() { _ = c.Consumer.Consume(ctx, h) }()
	<-ctx.Done()
	return nil
}

type endless struct{ queue.Consumer }

func (c endless) Consume(ctx context.Context, h queue.Handler) error {
	_ = c.Consumer.Consume(ctx, h)
	<-time.After(630 * time.Second) // longer than a check has, not longer than it waits at its end
	return nil
}
