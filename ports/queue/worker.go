package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// Config is what a Worker needs. Rows, Log, Now, NewID and Owner are required;
// the zero value of the others is their default.
type Config struct {
	Rows Rows
	Log  *slog.Logger
	Now  func() time.Time
	// NewID returns a new identifier that sorts by the time.
	NewID func(time.Time) string
	// Owner names this worker; no two living workers share a name.
	Owner string
	// Kinds narrows what Consume runs. Empty: all. There are no priorities
	// within a worker; what must not wait behind other kinds gets a worker of
	// its own.
	Kinds []string
	// Concurrency is how many jobs run at once. Default 16.
	Concurrency int
	// Lease is for how long a claim is good unless it is renewed, and so how
	// long a job waits after its worker died. Default 60 s.
	Lease time.Duration
	// Poll is the longest sleep between two looks at the rows, which finds what
	// other processes wrote. Default 1 s.
	Poll time.Duration
	// PollNow says how long the Poll is just now, such as longer while other
	// processes call Wake here when they wrote something. Nil: always Poll.
	PollNow func() time.Duration
	// Grace is how long handlers may go on after Consume was told to stop.
	// What is then cut off does not count as an attempt. Default 20 s.
	Grace time.Duration
	// Policy is for the kinds that Policies does not name.
	Policy   Policy
	Policies map[string]Policy
	// Random gives the jitter, from [0, 1). Default: math/rand/v2.
	Random func() float64
}

// The defaults of a Config.
const (
	defaultConcurrency = 16
	defaultLease       = time.Minute
	defaultPoll        = time.Second
	defaultGrace       = 20 * time.Second
)

func (c Config) withDefaults() Config {
	if c.Concurrency == 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Lease == 0 {
		c.Lease = defaultLease
	}
	if c.Poll == 0 {
		c.Poll = defaultPoll
	}
	if c.Grace == 0 {
		c.Grace = defaultGrace
	}
	if c.PollNow == nil {
		c.PollNow = func() time.Duration { return c.Poll }
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	return c
}

func (c Config) check() error {
	var problems []error
	for _, need := range []struct {
		name    string
		missing bool
	}{
		{"Rows", c.Rows == nil},
		{"Log", c.Log == nil},
		{"Now", c.Now == nil},
		{"NewID", c.NewID == nil},
		{"Owner", c.Owner == ""},
	} {
		if need.missing {
			problems = append(problems, fmt.Errorf("queue: Config needs %s", need.name))
		}
	}
	if c.Concurrency < 0 || c.Lease < 0 || c.Poll < 0 || c.Grace < 0 {
		problems = append(problems, errors.New("queue: Concurrency, Lease, Poll and Grace of Config cannot be negative"))
	}
	problems = append(problems, c.Policy.problems("all kinds")...)
	for kind, p := range c.Policies {
		problems = append(problems, p.problems("the kind "+kind)...)
	}
	return errors.Join(problems...)
}

// policy is the one for the jobs of a kind.
func (c Config) policy(kind string) Policy {
	if p, ok := c.Policies[kind]; ok {
		return p.withDefaults()
	}
	return c.Policy.withDefaults()
}

// Worker is a Queue over Rows. Any number of workers, in any number of
// processes, share the same rows.
type Worker struct {
	cfg  Config
	bell chan struct{}
}

var _ Queue = (*Worker)(nil)

// New returns a Worker. It starts nothing.
func New(cfg Config) (*Worker, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return &Worker{cfg: cfg.withDefaults(), bell: make(chan struct{}, 1)}, nil
}

// Wake tells the worker that there may be something to do: call it after the
// commit of a transaction that enqueued. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// Woken receives when Wake was called. It is for carriers.
func (w *Worker) Woken() <-chan struct{} { return w.bell }

// Enqueue implements Enqueuer, in a transaction of its own.
func (w *Worker) Enqueue(ctx context.Context, jobs ...domain.Job) error {
	if err := w.insert(ctx, w.cfg.Rows, jobs); err != nil {
		return err
	}
	w.Wake()
	return nil
}

// Within returns an Enqueuer whose jobs are stored through rows, such as the
// Jobs of a transaction, and so exist if and only if that is kept. Call Wake
// after the commit, so that they are seen before the next poll.
func (w *Worker) Within(rows Inserter) Enqueuer { return within{w, rows} }

type within struct {
	w    *Worker
	rows Inserter
}

// Enqueue implements Enqueuer.
func (e within) Enqueue(ctx context.Context, jobs ...domain.Job) error {
	return e.w.insert(ctx, e.rows, jobs)
}

func (w *Worker) insert(ctx context.Context, rows Inserter, jobs []domain.Job) error {
	now := domain.Instant(w.cfg.Now())
	fresh := make([]domain.Job, len(jobs))
	var problems []fault.Problem
	for i, j := range jobs {
		problems = append(problems, check(i, j)...)
		fresh[i] = w.fresh(j, now)
	}
	if err := fault.Check(problems); err != nil || len(fresh) == 0 {
		return err
	}
	return rows.Insert(ctx, fresh...)
}

// The greatest lengths, in bytes, which any index takes.
const (
	maxKind = 100
	maxKey  = 500
)

func check(i int, j domain.Job) []fault.Problem {
	var out []fault.Problem
	add := func(field, rule, message string) {
		out = append(out, fault.Problem{Field: fmt.Sprintf("jobs[%d].%s", i, field), Rule: rule, Message: message})
	}
	if j.Kind == "" {
		add("kind", "required", "A job needs a kind.")
	}
	if len(j.Kind) > maxKind {
		add("kind", "too_long", fmt.Sprintf("The kind of a job can have up to %d bytes.", maxKind))
	}
	if len(j.Key) > maxKey {
		add("key", "too_long", fmt.Sprintf("The key of a job can have up to %d bytes.", maxKey))
	}
	if !storable(string(j.ID)) || !storable(string(j.Organization)) || !storable(j.Kind) || !storable(j.Key) {
		add("key", "bad_text", "A text holds characters that cannot be stored.")
	}
	if len(j.Payload) > 0 && (!json.Valid(j.Payload) || !utf8.Valid(j.Payload)) {
		add("payload", "not_json", "The payload of a job must be JSON.")
	}
	if j.MaxAttempts < 0 {
		add("max_attempts", "too_small", "A job needs at least one attempt.")
	}
	return out
}

func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// fresh is j as it is stored at first.
func (w *Worker) fresh(j domain.Job, now time.Time) domain.Job {
	out := domain.Job{
		ID: j.ID, Organization: j.Organization, Kind: j.Kind, Key: j.Key, Payload: j.Payload,
		State: domain.JobWaiting, RunAt: domain.Instant(j.RunAt), MaxAttempts: j.MaxAttempts, CreatedAt: now, Version: 1,
	}
	if out.ID == "" {
		out.ID = domain.JobID(w.cfg.NewID(now))
	}
	if out.RunAt.IsZero() {
		out.RunAt = now
	}
	if out.MaxAttempts == 0 {
		out.MaxAttempts = w.cfg.policy(j.Kind).MaxAttempts
	}
	return out
}

// List implements DeadLetters.
func (w *Worker) List(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return w.cfg.Rows.Dead(ctx, org, p)
}

// Replay implements DeadLetters.
func (w *Worker) Replay(ctx context.Context, org domain.OrganizationID, id domain.JobID) error {
	_, err := w.cfg.Rows.Update(ctx, org, id, func(j *domain.Job) error { return j.Replay(w.cfg.Now()) })
	if err == nil {
		w.Wake()
	}
	return err
}

// Drop implements DeadLetters.
func (w *Worker) Drop(ctx context.Context, org domain.OrganizationID, id domain.JobID) error {
	j, err := w.cfg.Rows.Get(ctx, org, id)
	if err != nil {
		return err
	}
	if j.State != domain.JobDead {
		return fault.New(fault.Conflict, "job_not_dead", "This job has not failed, so it cannot be dropped.")
	}
	return w.cfg.Rows.Remove(ctx, org, id, j.Lease.Token)
}

// maxRest is the longest wait after the rows could not be reached.
const maxRest = 5 * time.Second

// Consume implements Consumer.
func (w *Worker) Consume(ctx context.Context, h Handler) error {
	s := w.Begin(ctx, h)
	defer s.End()
	for failures := 0; ctx.Err() == nil; {
		n, err := s.Fill(ctx)
		if err != nil && ctx.Err() == nil {
			failures++
			w.cfg.Log.ErrorContext(ctx, "the jobs cannot be read", "error", err)
			s.Rest(ctx, min(w.cfg.Poll<<min(failures, 4), maxRest), nil)
			continue
		}
		failures = 0
		if n == 0 || s.Free() == 0 {
			s.Wait(ctx, w.cfg.PollNow())
		}
	}
	return nil
}

// Drain runs what is due with h, the jobs included that become due meanwhile,
// and returns how many runs it began, once all have ended. It is for hosts that
// cannot keep a loop running.
func (w *Worker) Drain(ctx context.Context, h Handler) (int, error) {
	s := w.Begin(ctx, h)
	defer s.End()
	for total := 0; ; {
		n, err := s.Fill(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
		select {
		case <-s.idle():
		case <-ctx.Done():
			return total, ctx.Err()
		}
	}
}
