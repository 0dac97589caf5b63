package waketest

import (
	"context"
	"sync"
	"sync/atomic"
)

func ringReachesAll(b *bench) {
	one, other := b.Bell(), b.Bell()
	ears := []*ear{b.hearing(one), b.hearing(one), b.hearing(other), b.hearing(b.Bell())}
	for i, from := range []int{0, 2} {
		before := make([]int64, len(ears))
		for j, e := range ears {
			before[j] = e.settle()
		}
		b.ring(ears[from].bell)
		for j, e := range ears {
			e.wait("a ring at a listener", before[j]+1)
		}
		for j, e := range ears {
			if n := e.settle() - before[j]; n != 1 {
				b.errorf("ring %d at listener %d: got %d calls, want 1", i, j, n)
			}
		}
	}
}

func missedBefore(b *bench) {
	bell := b.Bell()
	b.ring(bell)
	e := b.listen(b.Bell(), nil)
	e.wait("the call at the begin of a Listen", 1)
	if n := e.settle(); n > 2 {
		b.errorf("calls after one ring before: got %d, want 1 or 2", n)
	}
}

func nobodyListens(b *bench) {
	bell := b.Bell()
	if err := bell.Ready(); err != nil {
		b.errorf("Ready of a new bell: got %v, want nil", err)
	}
	for range 3 {
		b.ring(bell)
	}
	if err := bell.Ready(); err != nil {
		b.errorf("Ready after rings: got %v, want nil", err)
	}
}

// slowListener rings while a call is under way: there must be one that begins
// after the ring, and Ring must not wait for it.
func slowListener(b *bench) {
	in, let := make(chan struct{}, 100), make(chan struct{})
	var busy, both atomic.Int64
	e := b.listen(b.Bell(), func() {
		if busy.Add(1) > 1 {
			both.Add(1)
		}
		defer busy.Add(-1)
		in <- struct{}{}
		select {
		case <-let:
		case <-b.Done():
		}
	})
	b.until("the call at the begin of a Listen", func() bool { return len(in) == 1 })
	bell := b.Bell()
	other := b.hearing(bell)
	for range 20 {
		b.ring(bell)
	}
	other.wait("a ring past a listener that takes its time", 2)
	b.watch() // let the rings arrive during the first call
	close(let)
	e.wait("a call after the rings during a call", 2)
	if n := both.Load(); n > 0 {
		b.errorf("%d calls began while another one was under way", n)
	}
}

func manyRings(b *bench) {
	e := b.hearing(b.Bell())
	bells := []func(){}
	for range 4 {
		bell := b.Bell()
		bells = append(bells, func() { b.ring(bell) })
	}
	var all sync.WaitGroup
	for _, ring := range bells {
		for range 10 {
			all.Go(func() {
				defer func() { _ = recover() }() // what stopped it is noted
				ring()
			})
		}
	}
	all.Wait()
	e.more("the last of many rings", func() { b.ring(b.Bell()) })
	if n := e.calls.Load(); n > 50 {
		b.errorf("calls after 41 rings: got %d, want 43 at most", n)
	}
}

func theEnd(b *bench) {
	bell := b.Bell()
	e := b.hearing(bell)
	stays := b.hearing(b.Bell())
	e.stop()
	b.until("the end of a Listen", func() bool {
		select {
		case <-e.ended:
			return true
		default:
			return false
		}
	})
	n := e.calls.Load()
	stays.more("a ring after another listener ended", func() { b.ring(bell) })
	b.watch()
	if got := e.calls.Load(); got != n {
		b.errorf("calls after Listen returned: got %d, want none", got-n)
	}
	if err := bell.Ready(); err != nil {
		b.errorf("Ready after the only Listen ended: got %v, want nil", err)
	}
	b.hearing(bell).more("a ring at a new Listen of the same bell", func() { b.ring(bell) })
}

func endedRing(b *bench) {
	bell := b.Bell()
	ctx, cancel := context.WithCancel(b)
	cancel()
	done := make(chan error, 1)
	go func() { done <- bell.Ring(ctx) }()
	b.until("the end of a Ring whose context has ended", func() bool { return len(done) == 1 })
	e := b.hearing(b.Bell())
	e.more("a ring after one whose context had ended", func() { b.ring(bell) })
	if err := bell.Ready(); err != nil {
		b.errorf("Ready after a ring that went out: got %v, want nil", err)
	}
}

func killed(b *bench) {
	if b.Kill == nil {
		return
	}
	bell := b.Bell()
	e := b.hearing(bell)
	for range 2 {
		e.more("the call after a killed connection was made again", b.Kill)
		b.until("Ready after a killed connection was made again", func() bool { return bell.Ready() == nil })
		e.more("a ring after a killed connection was made again", func() { b.ring(bell) })
	}
}

func outage(b *bench) {
	if b.Down == nil {
		return
	}
	bell := b.Bell()
	e := b.hearing(bell)
	up := b.Down()
	b.until("an end of Ready while the server is away", func() bool { return bell.Ready() != nil })
	b.failing(bell)
	before := e.settle()
	up()
	e.wait("the call after the server came back", before+1)
	b.until("Ready after the server came back", func() bool { return bell.Ready() == nil })
	e.more("a ring after the server came back", func() { b.ring(bell) })
}

// failing rings where nobody can hear it, which must fail soon.
func (b *bench) failing(bell interface{ Ring(context.Context) error }) {
	ctx, cancel := context.WithTimeout(b, b.h.Patience/2)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- bell.Ring(ctx) }()
	b.until("the end of a Ring while the server is away", func() bool { return len(done) == 1 })
	if err := <-done; err == nil {
		b.errorf("Ring while the server is away: got nil, want an error")
	}
}

func lateServer(b *bench) {
	if b.Down == nil {
		return
	}
	up := b.Down()
	bell := b.Bell()
	e := b.listen(bell, nil)
	b.until("an end of Ready while the server is not there", func() bool { return bell.Ready() != nil })
	b.failing(bell)
	if n := e.settle(); n != 0 {
		b.errorf("calls before the server was there: got %d, want none", n)
	}
	up()
	e.wait("the call after the server came", 1)
	b.until("Ready after the server came", func() bool { return bell.Ready() == nil })
	e.more("a ring after the server came", func() { b.ring(bell) })
}
