package queuetest

import (
	"context"
	"errors"
	"sync"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func keyChecks() []Check {
	return []Check{
		{"key/one job of 20 that are enqueued at once", keyParallel},
		{"key/counts within organization and kind", keyScope},
		{"key/is kept while the job runs and free after it", keyWhileRunning},
		{"key/is kept between attempts", keyBetweenAttempts},
		{"key/is free after a death", keyAfterDeath},
		{"key/an id counts once", idOnce},
	}
}

// total is how many runs there were.
func (b *bench) total() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.runs)
}

func keyParallel(b *bench) {
	b.open(Settings{})
	b.start(Options{}, b.block)
	var wg sync.WaitGroup
	for range 20 {
		j := b.job(key("k"))
		wg.Go(func() {
			if err := b.Enqueue(b, j); err != nil {
				b.errorf("enqueue of a double: got error %q, want none", err)
			}
		})
	}
	wg.Wait()
	b.eventually("a run of the job with the key", func() bool { return b.total() > 0 })
	b.pause(5)
	if n := b.total(); n != 1 {
		b.errorf("runs after 20 enqueues with one key: got %d, want 1", n)
	}
}

func keyScope(b *bench) {
	b.open(Settings{})
	jobs := []domain.Job{
		b.job(key("k")), b.job(key("k"), of(theirs)), b.job(key("k"), of("")), b.job(key("k"), ofKind(hook)),
		b.job(key("K")), b.job(), b.job(),
	}
	b.must(b.Enqueue(b, jobs...), "enqueue")
	double := b.put(key("k"))
	b.start(Options{}, succeed)
	for _, j := range jobs {
		b.ran(j.ID, 1)
	}
	b.pause(2)
	b.exactly("of a key that was taken", double.ID, 0)
}

func keyWhileRunning(b *bench) {
	b.open(Settings{})
	first := b.put(key("k"))
	end := make(chan struct{})
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.ID == first.ID {
			b.until(end)
		}
		return nil
	})
	b.begun(first.ID, 1)
	double := b.put(key("k"))
	close(end)
	b.ran(first.ID, 1)
	b.pause(3) // the end is written down
	later := b.put(key("k"))
	b.ran(later.ID, 1)
	b.exactly("enqueued while the first one ran", double.ID, 0)
	b.exactly("at the end", first.ID, 1)
}

func keyBetweenAttempts(b *bench) {
	b.open(Settings{})
	first := b.put(key("k"))
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.Attempts == 1 {
			return errWork
		}
		return nil
	})
	b.ran(first.ID, 1)
	double := b.put(key("k"))
	b.ran(first.ID, 2)
	b.pause(3)
	b.exactly("enqueued between the attempts of the first one", double.ID, 0)
}

func keyAfterDeath(b *bench) {
	b.open(Settings{})
	first := b.put(key("k"), attempts(1))
	end := make(chan struct{})
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.ID == first.ID && len(b.runsOf(first.ID)) == 1 {
			return errWork
		}
		b.until(end)
		return nil
	})
	b.died(first.ID)
	second := b.put(key("k"))
	b.begun(second.ID, 1)
	if err := b.Replay(b, ours, first.ID); !errors.Is(err, fault.ErrConflict) {
		b.errorf("replay while a living job has the key: got error %v, want a fault of kind conflict", err)
	}
	b.died(first.ID)
	close(end)
	b.ran(second.ID, 1)
	b.pause(3)
	b.must(b.Replay(b, ours, first.ID), "replay after the key is free")
	b.ran(first.ID, 2)
}

func idOnce(b *bench) {
	b.open(Settings{})
	j := b.job()
	b.must(b.Enqueue(b, j, j), "enqueue of one job twice")
	b.must(b.Enqueue(b, j), "enqueue of the same job")
	b.start(Options{}, succeed)
	b.ran(j.ID, 1)
	b.pause(5)
	b.exactly("after it was enqueued three times", j.ID, 1)
}
