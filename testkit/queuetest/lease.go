package queuetest

import (
	"context"
	"sync"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

func leaseChecks() []Check {
	return []Check{
		{"lease/a job whose consumer was killed runs again", killed},
		{"lease/what a killed consumer says late changes nothing", lateWord},
		{"lease/a job that kills its consumers dies", poison},
		{"lease/a long job is left to its consumer", longJob},
		{"lease/no job runs twice at once", neverAtOnce},
	}
}

func killed(b *bench) {
	b.open(Settings{Lease: b.units(6)})
	j := b.put(key("k"))
	first := b.start(Options{}, b.block)
	b.begun(j.ID, 1)
	b.pause(1)
	first.kill()
	b.start(Options{}, succeed)
	rs := b.ran(j.ID, 2)
	if wait := rs[1].begin.Sub(rs[0].begin); wait < b.units(5) {
		b.errorf("the second run began %v after the first, want not before its lease of %v had ended", wait, b.units(6))
	}
	if got := rs[1].job.Attempts; got != 2 {
		b.errorf("attempt after the consumer was killed: got %d, want 2", got)
	}
	b.pause(12)
	b.exactly("after it worked", j.ID, 2)
	later := b.put(key("k"))
	b.ran(later.ID, 1)
}

func lateWord(b *bench) {
	b.open(Settings{Lease: b.units(4), Policy: queue.Policy{MaxAttempts: 5, Backoff: b.units(1), Jitter: -1}})
	j := b.put()
	late, second := make(chan struct{}), make(chan struct{})
	first := b.start(Options{}, func(context.Context, domain.Job) error { b.until(late); return nil })
	b.begun(j.ID, 1)
	first.kill()
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.Attempts == 2 {
			b.until(second)
			return errWork
		}
		return nil
	})
	b.begun(j.ID, 2)
	close(late) // the dead one says that the work is done
	b.ran(j.ID, 1)
	b.pause(1)
	close(second)
	b.ran(j.ID, 3)
}

func poison(b *bench) {
	b.open(Settings{Lease: b.units(3), Policy: queue.Policy{MaxAttempts: 2, Backoff: b.units(1), Jitter: -1}})
	j := b.put()
	for n := 1; n <= 2; n++ {
		c := b.start(Options{}, b.block)
		b.begun(j.ID, n)
		c.kill()
	}
	b.start(Options{}, succeed)
	if d := b.died(j.ID); d.Attempts != 2 || d.Reason.Code == "" {
		b.errorf("dead letter of a job that killed its consumers: got %d attempts and reason %+v, want 2 and a reason", d.Attempts, d.Reason)
	}
	b.exactly("after its death", j.ID, 2)
}

func longJob(b *bench) {
	b.open(Settings{Lease: b.units(4)})
	j := b.put()
	end := make(chan struct{})
	slow := func(ctx context.Context, _ domain.Job) error {
		select {
		case <-end:
		case <-b.let:
		case <-ctx.Done():
			b.errorf("the context of a job ended while its consumer lived: %v", context.Cause(ctx))
		}
		return nil
	}
	b.start(Options{}, slow)
	b.begun(j.ID, 1)
	b.start(Options{}, slow)
	b.pause(18)
	b.exactly("after four leases", j.ID, 1)
	close(end)
	b.ran(j.ID, 1)
	b.pause(6)
	b.exactly("after it worked", j.ID, 1)
}

func neverAtOnce(b *bench) {
	// Many writes at once must not outlast a lease, however slow the machine.
	b.open(Settings{Lease: b.units(100), Policy: queue.Policy{MaxAttempts: 2, Backoff: b.units(0.2), Jitter: -1}})
	const n = 40
	var mu sync.Mutex
	now := map[domain.JobID]int{}
	work := func(_ context.Context, j domain.Job) error {
		mu.Lock()
		if now[j.ID]++; now[j.ID] > 1 {
			b.errorf("%s ran twice at once", j.ID)
		}
		mu.Unlock()
		b.pause(0.3)
		mu.Lock()
		now[j.ID]--
		mu.Unlock()
		if j.Attempts == 1 && j.Organization == theirs {
			return errWork
		}
		return nil
	}
	var jobs []domain.Job
	for i := range n {
		jobs = append(jobs, b.job(of([]domain.OrganizationID{ours, theirs}[i%2])))
	}
	for range 3 {
		b.start(Options{Concurrency: 5}, work)
	}
	b.must(b.Enqueue(b, jobs...), "enqueue")
	for i, j := range jobs {
		b.ran(j.ID, 1+i%2)
	}
	b.pause(3)
	for i, j := range jobs {
		b.exactly("at the end", j.ID, 1+i%2)
	}
}
