package waketest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memwake"
	"github.com/crierhq/crier/ports/wake"
	"github.com/crierhq/crier/testkit/waketest"
)

// network is a memory bell with connections that can be lost, made good by a
// wake.Line and bad by a flaw.
type network struct {
	mu   sync.Mutex
	down bool
	cut  chan struct{} // closed when the connections break
	mem  *memwake.Bell
}

var errDown = errors.New("the network is down")

func (n *network) state() (down bool, cut <-chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down, n.cut
}

func (n *network) set(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
	close(n.cut)
	n.cut = make(chan struct{})
}

// bell is a bell over the network.
type bell struct {
	*wake.Line
	net *network
}

func (b bell) Ring(ctx context.Context) error {
	if down, _ := b.net.state(); down {
		return b.Rung(errDown)
	}
	return b.Rung(b.net.mem.Ring(ctx))
}

func (b bell) Listen(ctx context.Context, woken func()) {
	b.Line.Listen(ctx, woken, func(ctx context.Context, open, heard func()) error {
		down, cut := b.net.state()
		if down {
			return errDown
		}
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		begun := false
		var m sync.WaitGroup
		m.Go(func() {
			b.net.mem.Listen(ctx, func() {
				if !begun { // the call at the begin is that of the Line
					begun = true
					open()
					return
				}
				heard()
			})
		})
		defer m.Wait()
		defer stop()
		select {
		case <-cut:
			return errDown
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// flawed is a bell with parts replaced.
type flawed struct {
	wake.Bell
	ring   func(context.Context, wake.Bell) error
	listen func(context.Context, wake.Bell, func())
	ready  func(wake.Bell) error
}

func (f flawed) Ring(ctx context.Context) error {
	if f.ring != nil {
		return f.ring(ctx, f.Bell)
	}
	return f.Bell.Ring(ctx)
}

func (f flawed) Listen(ctx context.Context, woken func()) {
	if f.listen != nil {
		f.listen(ctx, f.Bell, woken)
		return
	}
	f.Bell.Listen(ctx, woken)
}

func (f flawed) Ready() error {
	if f.ready != nil {
		return f.ready(f.Bell)
	}
	return f.Bell.Ready()
}

func harness(change func(wake.Bell) wake.Bell, log func() *wake.Line) waketest.Harness {
	return waketest.Harness{
		Patience: 300 * time.Millisecond, Quiet: 15 * time.Millisecond,
		Open: func(testing.TB) waketest.Installation {
			n := &network{mem: memwake.New(), cut: make(chan struct{})}
			return waketest.Installation{
				Bell: func() wake.Bell { return change(bell{log(), n}) },
				Kill: func() { n.set(false) },
				Down: func() func() {
					n.set(true)
					return func() { n.set(false) }
				},
			}
		},
	}
}

func TestAGoodBellPasses(t *testing.T) {
	t.Parallel()
	h := harness(func(b wake.Bell) wake.Bell { return b }, line(t))
	h.Patience = 10 * time.Second
	waketest.Run(t, h)
}

func TestWrongBellsAreFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flaw flawed
		want string
	}{
		"rings go nowhere": {
			flawed{ring: func(context.Context, wake.Bell) error { return nil }}, "a ring reaches every listener",
		},
		"every ring comes three times": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				b.Listen(ctx, func() { woken(); woken(); woken() })
			}}, "a ring reaches every listener",
		},
		"no call at the begin": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				first := true
				b.Listen(ctx, func() {
					if !first {
						woken()
					}
					first = false
				})
			}}, "what was missed before",
		},
		"it wants a listener": {
			flawed{ring: func(context.Context, wake.Bell) error {
				return errors.New("nobody listens")
			}}, "nobody listens",
		},
		"rings during a call are lost": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				var busy sync.Mutex
				var calls sync.WaitGroup
				b.Listen(ctx, func() {
					if busy.TryLock() {
						calls.Go(func() { defer busy.Unlock(); woken() })
					}
				})
				calls.Wait()
			}}, "a listener that takes its time",
		},
		"calls overlap": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				var calls sync.WaitGroup
				b.Listen(ctx, func() { calls.Go(woken) })
				calls.Wait()
			}}, "a listener that takes its time",
		},
		"it never ends": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				b.Listen(ctx, woken)
				t := time.NewTimer(time.Second)
				defer t.Stop()
				<-t.C
			}}, "the end of a listen",
		},
		"calls after the end": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				go b.Listen(context.WithoutCancel(ctx), woken)
				<-ctx.Done()
			}}, "the end of a listen",
		},
		"a ring that waits for ever": {
			flawed{ring: func(ctx context.Context, b wake.Bell) error {
				if ctx.Err() != nil {
					t := time.NewTimer(time.Second)
					defer t.Stop()
					<-t.C
				}
				return b.Ring(ctx)
			}}, "an ended context does not ring for long",
		},
		"the connection is not made again": {
			flawed{listen: once}, "a connection that is killed",
		},
		"nothing makes up for what was missed": {
			flawed{listen: func(ctx context.Context, b wake.Bell, woken func()) {
				lost, first := false, true
				b.Listen(ctx, func() {
					if first || !lost {
						woken()
					}
					first, lost = false, true
				})
			}}, "a connection that is killed",
		},
		"always ready": {
			flawed{ready: func(wake.Bell) error { return nil }}, "a server that goes away and comes back",
		},
		"never ready": {
			flawed{ready: func(wake.Bell) error { return errDown }}, "nobody listens",
		},
		"rings never fail": {
			flawed{ring: func(ctx context.Context, b wake.Bell) error {
				_ = b.Ring(ctx)
				return nil
			}}, "a server that is not there yet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := harness(func(b wake.Bell) wake.Bell {
				f := c.flaw
				f.Bell = b
				return f
			}, line(t))
			for _, check := range waketest.Checks() {
				if check.Name == c.want {
					if found := check.Findings(t, h); len(found) == 0 {
						t.Errorf("%q found nothing, want it to notice", c.want)
					}
					return
				}
			}
			t.Errorf("there is no check %q", c.want)
		})
	}
}
