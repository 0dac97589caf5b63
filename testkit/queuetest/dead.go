package queuetest

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func deadChecks() []Check {
	return []Check{
		{"dead/is listed by pages, the newest first", deadPages},
		{"dead/replay gives all attempts again", replay},
		{"dead/drop deletes", drop},
		{"dead/keeps tenants apart", deadTenants},
		{"dead/the living are left alone", livingAlone},
	}
}

func deadPages(b *bench) {
	b.open(Settings{})
	b.start(Options{Concurrency: 1}, fail)
	var want []domain.JobID
	for range 5 {
		j := b.put(attempts(1))
		b.died(j.ID)
		b.pause(0.5) // so that they die at different times
		want = append(want, j.ID)
	}
	slices.Reverse(want)
	var got []domain.JobID
	page := domain.JobPage{Limit: 2}
	for range want {
		js, err := b.List(b, ours, page)
		b.must(err, "list")
		if len(js) > 2 {
			b.errorf("page with a limit of 2: got %d", len(js))
		}
		if len(js) == 0 {
			break
		}
		for _, j := range js {
			got = append(got, j.ID)
		}
		last := js[len(js)-1]
		page.Before, page.BeforeID = last.DiedAt, last.ID
	}
	if !slices.Equal(got, want) {
		b.errorf("dead letters by pages: got %v, want %v", got, want)
	}
}

func replay(b *bench) {
	b.open(Settings{})
	j := b.put(attempts(2), func(j *domain.Job) { j.Payload = []byte(nasty) })
	var good atomic.Bool
	b.start(Options{}, func(context.Context, domain.Job) error {
		if good.Load() {
			return nil
		}
		return errWork
	})
	b.died(j.ID)
	b.must(b.Replay(b, ours, j.ID), "replay")
	b.ran(j.ID, 4)
	if d := b.died(j.ID); d.Attempts != 2 {
		b.errorf("attempts after a replay that failed, too: got %d, want 2", d.Attempts)
	}
	good.Store(true)
	b.must(b.Replay(b, ours, j.ID), "second replay")
	rs := b.ran(j.ID, 5)
	if r := rs[4].job; r.Attempts != 1 || !sameJSON(r.Payload, []byte(nasty)) {
		b.errorf("a replayed run: got attempt %d and payload %s, want 1 and what was given", r.Attempts, r.Payload)
	}
	b.pause(5)
	b.exactly("after a replay that worked", j.ID, 5)
	if n := len(b.dead(ours)); n != 0 {
		b.errorf("dead letters after a replay that worked: got %d, want none", n)
	}
	if err := b.Replay(b, ours, j.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("replay of what is gone: got error %v, want fault.ErrNotFound", err)
	}
}

func drop(b *bench) {
	b.open(Settings{})
	j := b.put(attempts(1), key("k"))
	b.start(Options{}, fail)
	b.died(j.ID)
	b.must(b.Drop(b, ours, j.ID), "drop")
	if n := len(b.dead(ours)); n != 0 {
		b.errorf("dead letters after a drop: got %d, want none", n)
	}
	for what, err := range map[string]error{"drop": b.Drop(b, ours, j.ID), "replay": b.Replay(b, ours, j.ID)} {
		if !errors.Is(err, fault.ErrNotFound) {
			b.errorf("%s of what was dropped: got error %v, want fault.ErrNotFound", what, err)
		}
	}
	b.pause(3)
	b.exactly("after it was dropped", j.ID, 1)
}

func deadTenants(b *bench) {
	b.open(Settings{})
	mine, global := b.put(attempts(1)), b.put(attempts(1), of(""))
	b.start(Options{}, fail)
	b.died(mine.ID)
	b.eventually("the death of a job of the installation", func() bool { return len(b.dead("")) > 0 })
	if js := b.dead(theirs); len(js) != 0 {
		b.errorf("dead letters of another organization: got %d, want none", len(js))
	}
	if js := b.dead(ours); len(js) != 1 {
		b.errorf("dead letters of the organization: got %d, want 1", len(js))
	}
	for _, org := range []domain.OrganizationID{theirs, ""} {
		for what, err := range map[string]error{"replay": b.Replay(b, org, mine.ID), "drop": b.Drop(b, org, mine.ID)} {
			if !errors.Is(err, fault.ErrNotFound) {
				b.errorf("%s for the organization %q: got error %v, want fault.ErrNotFound", what, org, err)
			}
		}
	}
	if err := b.Replay(b, ours, global.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("replay of a job of the installation for an organization: got error %v, want fault.ErrNotFound", err)
	}
	b.pause(3)
	b.exactly("after others tried to replay it", mine.ID, 1)
	b.died(mine.ID)
}

func livingAlone(b *bench) {
	b.open(Settings{})
	waits := b.put(runAt(b.h.Now().Add(b.units(8))))
	runs := b.put()
	end := make(chan struct{})
	b.start(Options{}, func(_ context.Context, j domain.Job) error {
		if j.ID == runs.ID {
			b.until(end)
		}
		return nil
	})
	b.begun(runs.ID, 1)
	for _, id := range []domain.JobID{waits.ID, runs.ID} {
		for what, err := range map[string]error{"replay": b.Replay(b, ours, id), "drop": b.Drop(b, ours, id)} {
			if !errors.Is(err, fault.ErrConflict) {
				b.errorf("%s of a job that is not dead: got error %v, want a fault of kind conflict", what, err)
			}
		}
	}
	close(end)
	b.onTime(b.ran(waits.ID, 1)[0], waits)
	b.pause(2)
	b.exactly("after a replay that was refused", runs.ID, 1)
}
