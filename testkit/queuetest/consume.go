package queuetest

import (
	"context"
	"sync"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/queue"
)

func consumeChecks() []Check {
	return []Check{
		{"consume/returns when its handlers have", waitsForHandlers},
		{"consume/what is cut off does not count", cutOff},
		{"consume/keeps to its concurrency", concurrency},
		{"consume/keeps to its kinds", kinds},
		{"consume/one slow job does not hold up the others", slowNeighbor},
	}
}

func waitsForHandlers(b *bench) {
	b.open(Settings{})
	j := b.put()
	end := make(chan struct{})
	c := b.start(Options{}, func(ctx context.Context, _ domain.Job) error {
		b.until(end)
		return ctx.Err() // it is alive within the grace
	})
	b.begun(j.ID, 1)
	c.stop()
	b.pause(2)
	late := b.put()
	b.pause(3)
	select {
	case <-c.done:
		b.errorf("Consume returned while a handler ran")
	default:
	}
	close(end)
	b.end(c)
	if rs := b.runsOf(j.ID); rs[0].end.IsZero() {
		b.errorf("Consume returned before its handler had")
	}
	b.exactly("enqueued after the consumer was stopped", late.ID, 0)
	b.start(Options{}, succeed)
	b.ran(late.ID, 1)
	b.pause(12)
	b.exactly("after it had worked while its consumer was stopping", j.ID, 1)
}

func cutOff(b *bench) {
	b.open(Settings{Grace: b.units(2), Policy: queue.Policy{MaxAttempts: 1}})
	j := b.put()
	c := b.start(Options{}, func(ctx context.Context, _ domain.Job) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-b.let:
			return nil
		}
	})
	b.begun(j.ID, 1)
	b.end(c)
	b.start(Options{}, succeed)
	if rs := b.ran(j.ID, 2); rs[1].job.Attempts != 1 {
		b.errorf("attempt after one that was cut off: got %d, want 1", rs[1].job.Attempts)
	}
	if n := len(b.dead(ours)); n != 0 {
		b.errorf("dead letters: got %d, want none", n)
	}
}

func concurrency(b *bench) {
	b.open(Settings{})
	var jobs []domain.Job
	for range 12 {
		jobs = append(jobs, b.job())
	}
	b.must(b.Enqueue(b, jobs...), "enqueue")
	var mu sync.Mutex
	now, most := 0, 0
	b.start(Options{Concurrency: 3}, func(context.Context, domain.Job) error {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		b.pause(1)
		mu.Lock()
		now--
		mu.Unlock()
		return nil
	})
	for _, j := range jobs {
		b.ran(j.ID, 1)
	}
	mu.Lock()
	defer mu.Unlock()
	if most != 3 {
		b.errorf("most jobs at once: got %d, want 3", most)
	}
}

func kinds(b *bench) {
	b.open(Settings{})
	m, h := b.put(), b.put(ofKind(hook))
	b.start(Options{Kinds: []string{hook}}, succeed)
	b.ran(h.ID, 1)
	b.pause(5)
	b.exactly("of a kind that nobody consumes", m.ID, 0)
	b.start(Options{Kinds: []string{mail}}, succeed)
	b.ran(m.ID, 1)
	b.exactly("at the end", h.ID, 1)
}

func slowNeighbor(b *bench) {
	b.open(Settings{})
	slow := b.put()
	b.start(Options{Concurrency: 2}, func(ctx context.Context, j domain.Job) error {
		if j.ID == slow.ID {
			return b.block(ctx, j)
		}
		return nil
	})
	b.begun(slow.ID, 1)
	for range 10 {
		b.ran(b.put().ID, 1)
	}
	b.exactly("beside ten others", slow.ID, 1)
}
