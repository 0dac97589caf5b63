// Package waketest is the conformance kit for ports/wake: what every bell must
// keep to, as checks that can be run against any of them.
//
// A check works on a bell of its own and reports findings instead of failing a
// test, so that the kit itself is tested with bells that are wrong on purpose.
package waketest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/wake"
)

// Harness says how to get at the bell under test.
type Harness struct {
	// Open returns an installation of its own for each call and closes it with
	// t.Cleanup. It may be called at the same time from several tests.
	Open func(t testing.TB) Installation
	// Patience is how long what must come is waited for. Default 30 s.
	Patience time.Duration
	// Quiet is how long it is watched that nothing comes. Default 100 ms.
	Quiet time.Duration
}

// Installation is what processes share.
type Installation struct {
	// Bell returns the bell as another process would have it.
	Bell func() wake.Bell
	// Kill has the server break the connections of all that listen; they can be
	// made again at once. Nil: there are no connections.
	Kill func()
	// Down has the server be away until up is called. Nil: it cannot be.
	Down func() (up func())
}

const (
	defaultPatience = 30 * time.Second
	defaultQuiet    = 100 * time.Millisecond
)

// Run runs every check as a parallel subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for _, f := range c.Findings(t, h) {
				t.Error(f)
			}
		})
	}
}

// Check is one rule that a bell must keep to.
type Check struct {
	Name string
	run  func(*bench)
}

// Findings runs the check on an installation that h opens, and returns what is
// wrong.
func (c Check) Findings(t testing.TB, h Harness) []string {
	t.Helper()
	if h.Patience == 0 {
		h.Patience = defaultPatience
	}
	if h.Quiet == 0 {
		h.Quiet = defaultQuiet
	}
	ctx, cancel := context.WithCancel(t.Context())
	b := &bench{Context: ctx, Installation: h.Open(t), h: h, t: t}
	defer b.listeners.Wait()
	defer cancel()
	b.check(c)
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found
}

func (b *bench) check(c Check) {
	defer func() {
		if p := recover(); p != nil && p != stopped {
			b.errorf("it panicked: %v", p)
		}
	}()
	c.run(b)
}

// Checks lists every check.
func Checks() []Check {
	return []Check{
		{"a ring reaches every listener", ringReachesAll},
		{"what was missed before", missedBefore},
		{"nobody listens", nobodyListens},
		{"a listener that takes its time", slowListener},
		{"many rings at once", manyRings},
		{"the end of a listen", theEnd},
		{"an ended context does not ring for long", endedRing},
		{"a connection that is killed", killed},
		{"a server that goes away and comes back", outage},
		{"a server that is not there yet", lateServer},
	}
}

// bench is what a check works with.
type bench struct {
	context.Context //nolint:containedctx // the bench lives as long as one check
	Installation
	h         Harness
	t         testing.TB
	listeners sync.WaitGroup

	mu    sync.Mutex
	found []string
}

// stopped is what a check panics with that cannot go on.
const stopped = "waketest: stop"

func (b *bench) errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.found = append(b.found, fmt.Sprintf(format, args...))
}

func (b *bench) stopf(format string, args ...any) {
	b.errorf(format, args...)
	panic(stopped)
}

func (b *bench) ring(bell wake.Bell) {
	ctx, cancel := context.WithTimeout(b, b.h.Patience)
	defer cancel()
	if err := bell.Ring(ctx); err != nil {
		b.stopf("Ring: got %v, want nil", err)
	}
}

// ear is a Listen that runs.
type ear struct {
	b     *bench
	bell  wake.Bell
	calls atomic.Int64
	stop  context.CancelFunc
	ended chan struct{}
}

// listen begins to listen. during, which may be nil, is part of each call.
func (b *bench) listen(bell wake.Bell, during func()) *ear {
	ctx, stop := context.WithCancel(b)
	e := &ear{b: b, bell: bell, stop: stop, ended: make(chan struct{})}
	b.listeners.Go(func() {
		defer close(e.ended)
		bell.Listen(ctx, func() {
			e.calls.Add(1)
			if during != nil {
				during()
			}
		})
	})
	return e
}

// hearing is listen, and waits for the call at the begin.
func (b *bench) hearing(bell wake.Bell) *ear {
	e := b.listen(bell, nil)
	e.wait("the call at the begin of a Listen", 1)
	b.until("Ready after the begin of a Listen", func() bool { return bell.Ready() == nil })
	return e
}

// wait waits until there were so many calls.
func (e *ear) wait(what string, calls int64) {
	e.b.until(what, func() bool { return e.calls.Load() >= calls })
}

// more waits for another call after ringing, and until no more come.
func (e *ear) more(what string, ring func()) {
	before := e.settle()
	ring()
	e.wait(what, before+1)
}

// settle waits until no call came for a while, and returns how many there are.
func (e *ear) settle() int64 {
	for {
		n := e.calls.Load()
		e.b.watch()
		if e.calls.Load() == n {
			return n
		}
	}
}

// watch lets the time pass in which nothing is to come.
func (b *bench) watch() {
	t := time.NewTimer(b.h.Quiet)
	defer t.Stop()
	<-t.C
}

const lookEvery = 2 * time.Millisecond

func (b *bench) until(what string, ok func() bool) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	deadline := time.NewTimer(b.h.Patience)
	defer deadline.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			b.stopf("%s did not come", what)
		}
	}
}
