package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// Shift is the time between the begin and the end of a Consume: it runs claimed
// jobs and keeps their leases. It is for carriers, which bring jobs to it by
// ways of their own.
type Shift struct {
	w *Worker
	h Handler
	// work is the context of the handlers: it outlives the one of Consume.
	work   context.Context //nolint:containedctx // it lives as long as the shift
	stop   context.CancelFunc
	slots  chan struct{}
	jobs   sync.WaitGroup
	leases sync.WaitGroup

	mu    sync.Mutex
	held  map[domain.JobID]*hold
	ended bool
}

// hold is a job that runs here.
type hold struct {
	until time.Time
	lose  context.CancelCauseFunc
}

var errLost = errors.New("queue: the lease of the job was lost")

// Begin begins a shift. It must be ended.
func (w *Worker) Begin(ctx context.Context, h Handler) *Shift {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &Shift{
		w: w, h: h, work: work, stop: stop, slots: make(chan struct{}, w.cfg.Concurrency),
		held: map[domain.JobID]*hold{},
	}
	s.leases.Go(s.keepLeases)
	return s
}

// End waits for the handlers that run, and ends their contexts when the grace
// is over.
func (s *Shift) End() {
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	idle := s.idle()
	t := time.NewTimer(s.w.cfg.Grace)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
	s.stop()
	<-idle
	s.leases.Wait()
}

// idle is closed once no handler runs.
func (s *Shift) idle() <-chan struct{} {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		s.jobs.Wait()
	}()
	return idle
}

// Free is how many more jobs can run now.
func (s *Shift) Free() int { return cap(s.slots) - len(s.slots) }

// maxClaim bounds how many jobs one claim takes.
const maxClaim = 256

// Fill claims as many due jobs as there are free slots and begins to run them.
// It returns how many it claimed. One goroutine at a time may call it.
func (s *Shift) Fill(ctx context.Context) (int, error) {
	free := 0
	for free < maxClaim && s.take() {
		free++
	}
	var jobs []domain.Job
	var err error
	if free > 0 {
		jobs, err = s.w.Claim(ctx, s.w.cfg.Owner, free, s.w.cfg.Lease, false, s.w.cfg.Kinds...)
	}
	for range free - len(jobs) {
		<-s.slots
	}
	for _, j := range jobs {
		s.jobs.Go(func() {
			defer s.vacate()
			s.run(j)
		})
	}
	return len(jobs), err
}

// Claim claims due jobs in the name of owner.
func (w *Worker) Claim(ctx context.Context, owner string, limit int, lease time.Duration, handOver bool, kinds ...string) ([]domain.Job, error) {
	now := domain.Instant(w.cfg.Now())
	return w.cfg.Rows.Claim(ctx, domain.JobClaim{
		Owner: owner, Now: now, Until: now.Add(lease), Limit: limit, Kinds: kinds, HandOver: handOver,
	})
}

// TakeOver runs a job that a carrier brought, once there is a free slot, and
// returns when its handler has. The token is that of the lease with which the
// job was handed over: if it is not the present one, somebody else has taken
// the job and nothing is done.
func (s *Shift) TakeOver(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.work.Done():
		return s.work.Err()
	}
	defer s.vacate()
	if !s.join() {
		return context.Canceled
	}
	defer s.jobs.Done()
	j, err := s.w.cfg.Rows.Update(ctx, org, id, func(j *domain.Job) error {
		if j.State != domain.JobWaiting || j.Lease.Token != token {
			return errLost
		}
		now := domain.Instant(s.w.cfg.Now())
		j.Claim(domain.JobClaim{Owner: s.w.cfg.Owner, Until: now.Add(s.w.cfg.Lease)})
		return nil
	})
	switch {
	case errors.Is(err, errLost), errors.Is(err, fault.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	s.run(j)
	return nil
}

// join makes End wait for one more, unless it waits already.
func (s *Shift) join() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.jobs.Add(1)
	}
	return !s.ended
}

func (s *Shift) take() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

// vacate frees a slot, and wakes the loop if it was waiting for one.
func (s *Shift) vacate() {
	full := len(s.slots) == cap(s.slots)
	<-s.slots
	if full {
		s.w.Wake()
	}
}

// minRest keeps the loop from spinning where a job is due that others keep
// from being claimed.
const minRest = 10 * time.Millisecond

// Wait sleeps until a job may be due, somebody calls Wake, or limit or ctx
// ends. With no free slot it does not look for due jobs.
func (s *Shift) Wait(ctx context.Context, limit time.Duration) {
	d := limit
	if s.Free() > 0 {
		next, err := s.w.cfg.Rows.NextWake(ctx, s.w.cfg.Kinds...)
		if err == nil && !next.IsZero() {
			d = min(max(next.Sub(s.w.cfg.Now()), minRest), limit)
		}
	}
	s.Rest(ctx, d, s.w.bell)
}

// Rest sleeps until d or ctx ends or early receives.
func (s *Shift) Rest(ctx context.Context, d time.Duration, early <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-early:
	}
}

// run runs one claimed job and writes down how it ended.
func (s *Shift) run(j domain.Job) {
	if j.Attempts > j.MaxAttempts {
		// Whoever began the last attempt never wrote down its end.
		s.settle(j, func(j *domain.Job) {
			j.Attempts = min(j.Attempts, j.MaxAttempts)
			j.Bury(domain.Reason{Code: "worker_lost", Message: "The worker disappeared during the last attempt."}, s.w.cfg.Now())
		})
		return
	}
	ctx, lose := context.WithCancelCause(s.work)
	defer lose(nil)
	held := s.hold(j, lose)
	defer s.release(j.ID, held)
	timed, cancel := context.WithTimeout(ctx, s.w.cfg.policy(j.Kind).Timeout)
	defer cancel()
	err := s.call(timed, j)
	if errors.Is(context.Cause(ctx), errLost) {
		s.w.cfg.Log.WarnContext(ctx, "the lease of a job was lost while it ran", "job", j.ID, "kind", j.Kind)
	}
	s.finish(j, err)
}

// call runs the handler, for which a panic is a failure like others.
func (s *Shift) call(ctx context.Context, j domain.Job) (err error) {
	returned := false
	defer func() {
		if returned {
			return
		}
		p := recover() // nil: the handler ended its goroutine
		s.w.cfg.Log.ErrorContext(ctx, "a job's handler panicked", "job", j.ID, "kind", j.Kind, "panic", p, "stack", string(debug.Stack()))
		err = fmt.Errorf("the handler panicked: %v", p)
	}()
	j.Payload = slices.Clone(j.Payload)
	err = s.h(ctx, j)
	returned = true
	return err
}

// finish decides what becomes of a job whose handler returned err.
func (s *Shift) finish(j domain.Job, err error) {
	if err == nil {
		s.remove(j)
		return
	}
	now, policy := s.w.cfg.Now(), s.w.cfg.policy(j.Kind)
	snooze, snoozed := errors.AsType[*SnoozeError](err)
	_, discarded := errors.AsType[*DiscardError](err)
	log := s.w.cfg.Log.With("job", j.ID, "kind", j.Kind, "attempt", j.Attempts)
	var change func(*domain.Job)
	switch {
	case snoozed:
		d := snooze.For
		if d <= 0 {
			d = policy.Backoff
		}
		change = func(j *domain.Job) { j.Snooze(now.Add(d)) }
	case discarded, j.Attempts >= j.MaxAttempts && s.work.Err() == nil:
		log.ErrorContext(s.work, "a job failed for good", "error", err)
		change = func(j *domain.Job) { j.Bury(reason(err), now) }
	case s.work.Err() != nil: // it was cut off, which is not its fault
		change = func(j *domain.Job) { j.Snooze(now) }
	default:
		wait := policy.Wait(j.Attempts, s.w.cfg.Random())
		log.WarnContext(s.work, "a job failed and is tried again", "error", err, "wait", wait)
		change = func(j *domain.Job) { j.Retry(now.Add(wait), reason(err)) }
	}
	s.settle(j, change)
}

// settle changes the row of a job that ran here.
func (s *Shift) settle(j domain.Job, change func(*domain.Job)) {
	s.write(j, func(ctx context.Context) error {
		_, err := s.w.cfg.Rows.Update(ctx, j.Organization, j.ID, func(row *domain.Job) error {
			if row.Lease.Token != j.Lease.Token {
				return errLost
			}
			change(row)
			return nil
		})
		return err
	})
	s.w.Wake() // it may be due earlier than what the loop waits for
}

func (s *Shift) remove(j domain.Job) {
	s.write(j, func(ctx context.Context) error {
		return s.w.cfg.Rows.Remove(ctx, j.Organization, j.ID, j.Lease.Token)
	})
}

const (
	writeTries   = 4
	writeTimeout = 10 * time.Second
)

// write writes down how a run ended, more than once if need be. If it cannot,
// the lease runs out and the job runs again.
func (s *Shift) write(j domain.Job, do func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.work), writeTimeout)
	defer cancel()
	for try := 1; ; try++ {
		err := do(ctx)
		switch {
		case err == nil:
			return
		case errors.Is(err, errLost), errors.Is(err, fault.ErrNotFound):
			s.w.cfg.Log.WarnContext(ctx, "a job was given to another worker before its end could be written down", "job", j.ID, "kind", j.Kind)
			return
		case try == writeTries || ctx.Err() != nil:
			s.w.cfg.Log.ErrorContext(ctx, "the end of a job could not be written down; it will run again", "job", j.ID, "kind", j.Kind, "error", err)
			return
		}
		s.Rest(ctx, 50*time.Millisecond<<try, nil)
	}
}

// maxEvidence bounds what is kept of an error, in bytes.
const maxEvidence = 1000

// reason is what a dead letter shows of err: to people only what is meant for
// them, to operators the text.
func reason(err error) domain.Reason {
	text := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "?"), "\x00", "?")
	if len(text) > maxEvidence {
		text = strings.ToValidUTF8(text[:maxEvidence], "") + "…"
	}
	out := domain.Reason{Code: string(fault.KindOf(err)), Message: "The job failed.", Evidence: text}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		if f.Code != "" {
			out.Code = f.Code
		}
		if f.Message != "" {
			out.Message = f.Message
		}
	}
	return out
}

func (s *Shift) hold(j domain.Job, lose context.CancelCauseFunc) *hold {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := &hold{until: j.Lease.Until, lose: lose}
	s.held[j.ID] = h
	return h
}

func (s *Shift) release(id domain.JobID, h *hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[id] == h { // and not a later run
		delete(s.held, id)
	}
}

// renewals is how often a lease is renewed in its lifetime.
const renewals = 3

// keepLeases renews what runs here until the shift is over.
func (s *Shift) keepLeases() {
	tick := time.NewTicker(max(s.w.cfg.Lease/renewals, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.renew()
		case <-s.work.Done():
			return
		}
	}
}

func (s *Shift) renew() {
	s.mu.Lock()
	held := maps.Clone(s.held)
	s.mu.Unlock()
	if len(held) == 0 {
		return
	}
	until := domain.Instant(s.w.cfg.Now()).Add(s.w.cfg.Lease)
	// A database that is slow may still answer before the leases end.
	ctx, cancel := context.WithTimeout(s.work, s.w.cfg.Lease-s.w.cfg.Lease/renewals)
	defer cancel()
	renewed, err := s.w.cfg.Rows.Renew(ctx, s.w.cfg.Owner, slices.Sorted(maps.Keys(held)), until)
	if err != nil && s.work.Err() == nil {
		s.w.cfg.Log.WarnContext(ctx, "the leases of jobs could not be renewed", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, h := range held {
		switch {
		case slices.Contains(renewed, id):
			h.until = until
		case s.held[id] != h: // it ended meanwhile
		case err == nil || !h.until.After(s.w.cfg.Now()):
			h.lose(errLost)
		}
	}
}
