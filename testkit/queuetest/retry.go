package queuetest

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

func retryChecks() []Check {
	return []Check{
		{"retry/waits twice as long each time, and ends", backoff},
		{"retry/has the defaults of the port", defaults},
		{"retry/each kind has its policy", policyOfKind},
		{"retry/a panic is a failed attempt", panics},
		{"retry/an attempt has a time limit", timeLimit},
		{"steer/a snooze is not an attempt", snooze},
		{"steer/discard ends at once", discard},
	}
}

// gap notes a finding unless run n+1 began within bounds after run n ended.
// Where time is real, nobody knows how late is too late.
func (b *bench) gap(rs []run, n int, low, high time.Duration) {
	got := rs[n].begin.Sub(rs[n-1].end)
	// The two are measured beside the queue, which cuts to microseconds.
	if got < low-time.Millisecond {
		b.errorf("wait after run %d: got %v, want at least %v", n, got, low)
	}
	if b.h.Virtual && got > high+b.units(1) {
		b.errorf("wait after run %d: got %v, want at most %v", n, got, high)
	}
}

func backoff(b *bench) {
	b.open(Settings{Policy: queue.Policy{MaxAttempts: 4, Backoff: b.units(2), MaxBackoff: b.units(6), Jitter: -1}})
	j := b.put()
	b.start(Options{}, fail)
	rs := b.ran(j.ID, 4)
	b.gap(rs, 1, b.units(2), b.units(2))
	b.gap(rs, 2, b.units(4), b.units(4))
	b.gap(rs, 3, b.units(6), b.units(6))
	b.diedAfter(j, 4, errWork.Error())
}

// diedAfter notes findings unless a job is a dead letter after n attempts,
// with the reason.
func (b *bench) diedAfter(j domain.Job, n int, why string) {
	d := b.died(j.ID)
	if d.State != domain.JobDead || d.Attempts != n || d.DiedAt.IsZero() || d.Kind != j.Kind || d.Key != j.Key || !sameJSON(d.Payload, j.Payload) {
		b.errorf("dead letter: got %+v, want it dead after %d attempts, with its time, and else as it was", d, n)
	}
	if d.Reason.Code == "" || d.Reason.Message == "" || !strings.Contains(d.Reason.Message+d.Reason.Evidence, why) {
		b.errorf("reason of the dead letter: got %+v, want %q in it", d.Reason, why)
	}
	b.pause(10)
	b.exactly("after its death", j.ID, n)
}

// defaults takes seconds, so it looks only where time is virtual.
func defaults(b *bench) {
	if !b.h.Virtual {
		return
	}
	b.open(Settings{Policy: queue.Policy{Timeout: time.Hour}})
	j := b.put()
	b.start(Options{}, fail)
	rs := b.ran(j.ID, 3)
	b.gap(rs, 1, 2*time.Second, 2500*time.Millisecond)
	b.gap(rs, 2, 4*time.Second, 5*time.Second)
	b.diedAfter(j, 3, errWork.Error())
}

func policyOfKind(b *bench) {
	b.open(Settings{
		Policy:   queue.Policy{MaxAttempts: 2, Backoff: b.units(1), Jitter: -1},
		Policies: map[string]queue.Policy{hook: {MaxAttempts: 1}},
	})
	m, h, own := b.put(), b.put(ofKind(hook)), b.put(ofKind(hook), attempts(2))
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.ID == own.ID && j.Attempts == 2 {
			return nil
		}
		return queue.Snooze(0)
	})
	// A snooze of no length waits for the first back-off of the kind.
	b.gap(b.ran(m.ID, 2), 1, b.units(1), b.units(1))
	for _, c := range b.consumers {
		b.end(c)
	}
	b.start(Options{}, fail)
	for _, w := range []struct {
		job domain.Job
		n   int
	}{{m, 2}, {h, 1}, {own, 2}} {
		if d := b.died(w.job.ID); d.Attempts != w.n || d.MaxAttempts != w.n {
			b.errorf("dead letter of kind %s: got %d of %d attempts, want %d", d.Kind, d.Attempts, d.MaxAttempts, w.n)
		}
	}
}

func panics(b *bench) {
	b.open(Settings{Policy: queue.Policy{MaxAttempts: 2, Backoff: b.units(1), Jitter: -1}, Lease: b.units(4)})
	bad, gone := b.put(), b.put()
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		switch j.ID {
		case bad.ID:
			panic("no " + nasty)
		case gone.ID:
			runtime.Goexit()
		}
		return nil
	})
	b.diedAfter(bad, 2, "no {")
	b.diedAfter(gone, 2, "")
	good := b.put()
	b.ran(good.ID, 1)
}

func timeLimit(b *bench) {
	b.open(Settings{Policy: queue.Policy{MaxAttempts: 2, Backoff: b.units(1), Jitter: -1, Timeout: b.units(3)}})
	j := b.put()
	b.start(Options{}, func(ctx context.Context, _ domain.Job) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.let:
			return nil
		}
	})
	rs := b.ran(j.ID, 2)
	if took := rs[0].end.Sub(rs[0].begin); took < b.units(2.9) || b.h.Virtual && took > b.units(4) {
		b.errorf("time of an attempt: got %v, want %v", took, b.units(3))
	}
	b.diedAfter(j, 2, context.DeadlineExceeded.Error())
}

func snooze(b *bench) {
	b.open(Settings{Policy: queue.Policy{MaxAttempts: 2, Backoff: b.units(1), Jitter: -1}})
	j := b.put()
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		switch n := len(b.runsOf(j.ID)); {
		case n <= 3:
			return fmt.Errorf("not now: %w", queue.Snooze(b.units(3)))
		case n == 4:
			return errWork
		}
		return nil
	})
	rs := b.ran(j.ID, 5)
	for i, want := range []int{1, 1, 1, 1, 2} {
		if got := rs[i].job.Attempts; got != want {
			b.errorf("attempt in run %d, after snoozes: got %d, want %d", i+1, got, want)
		}
		if i > 0 && i < 4 {
			b.gap(rs, i, b.units(3), b.units(3))
		}
	}
	b.pause(5)
	b.exactly("after it worked", j.ID, 5)
	if n := len(b.dead(ours)); n != 0 {
		b.errorf("dead letters: got %d, want none", n)
	}
}

func discard(b *bench) {
	b.open(Settings{})
	j, silent := b.put(key("k")), b.put()
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.ID == silent.ID {
			return queue.Discard(nil)
		}
		return fmt.Errorf("no use: %w", queue.Discard(errWork))
	})
	b.diedAfter(j, 1, errWork.Error())
	b.diedAfter(silent, 1, "")
}
