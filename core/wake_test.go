package core_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/adapters/memwake"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/ports/wake"
	"github.com/crierhq/crier/testkit/enginetest"
)

// bell is a bell whose rings are counted, and that can be out of order.
type bell struct {
	wake.Bell
	rings  atomic.Int64
	during func() // part of each ring
	broken error
	lossy  bool
}

func newBell() *bell { return &bell{Bell: memwake.New()} }

func (b *bell) Ring(ctx context.Context) error {
	b.rings.Add(1)
	if b.during != nil {
		b.during()
	}
	if b.broken != nil || b.lossy {
		return b.broken
	}
	return b.Bell.Ring(ctx)
}

func (b *bell) Ready() error { return b.broken }

// share returns an option that gives engines one store and one bell.
func share(t *testing.T, st store.Store, b wake.Bell) func(*core.Config) {
	t.Helper()
	sealer, err := memseal.New()
	if err != nil {
		t.Fatal(err)
	}
	return func(c *core.Config) {
		c.Store, c.Bell, c.Sealer, c.Worker.Poll = st, b, sealer, time.Hour
		c.NewID = func() string { return core.NewID(time.Now()) }
	}
}

// run runs an engine until the test ends, or stop.
func run(t *testing.T, e *enginetest.Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: got %v, want nil", err)
		}
	})
	return stop
}

func TestARingWakesTheWorkerOfAnotherProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		st, b := memstore.New(), newBell()
		both := share(t, st, b)
		writer, worker := enginetest.New(t, both), enginetest.New(t, both)
		defer run(t, worker)()
		synctest.Wait() // it sleeps for hours
		ch := writer.Connect(writer.Owner, "a")
		begin := time.Now()
		v, err := writer.Posts.Create(t.Context(), writer.Owner, post(ch))
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got, err := writer.Posts.Get(t.Context(), writer.Owner, v.Post.ID)
		if err != nil || got.Summary != domain.SummaryPublished || time.Since(begin) != 0 {
			t.Errorf("got %s after %v, %v; want it published at once", got.Summary, time.Since(begin), err)
		}
	})
}

// TestRingsAreHints: a bell that loses every ring costs a poll, which is five
// times the usual one while nobody knows of the loss, and once otherwise.
func TestRingsAreHints(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bell *bell
		want time.Duration
	}{
		"lost":   {&bell{Bell: memwake.New(), lossy: true}, 5 * time.Second},
		"broken": {&bell{Bell: memwake.New(), broken: errors.New("away")}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				st := memstore.New()
				both := share(t, st, c.bell)
				writer := enginetest.New(t, both)
				var at time.Time
				worker := enginetest.New(t, both, func(cfg *core.Config) { cfg.Worker.Poll = time.Second })
				worker.Platform.OnPublish = func(_ context.Context, tg social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
					at = time.Now()
					return social.Published(social.Ref{ID: tg.Key}), nil
				}
				stop := run(t, worker)
				synctest.Wait()
				begin := time.Now()
				if _, err := writer.Posts.Create(t.Context(), writer.Owner, post(writer.Connect(writer.Owner, "a"))); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				stop()
				if d := at.Sub(begin); at.IsZero() || d > c.want || d < c.want-time.Second {
					t.Errorf("got it published after %v, want %v", d, c.want)
				}
			})
		})
	}
}

func TestABurstIsAFewRings(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		e := enginetest.New(t, func(c *core.Config) { c.Bell = b })
		ch := e.Connect(e.Owner, "a")
		synctest.Wait()
		time.Sleep(time.Second)
		before := b.rings.Load()
		for range 1000 {
			if _, err := e.Posts.Create(t.Context(), e.Owner, post(ch)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if n := b.rings.Load() - before; n < 10 || n > 25 {
			t.Errorf("rings for 1000 posts in a second: got %d, want about 20", n)
		}
		time.Sleep(time.Second)
		before = b.rings.Load()
		time.Sleep(time.Hour)
		if n := b.rings.Load() - before; n != 0 {
			t.Errorf("rings while nothing happens: got %d, want none", n)
		}
		e.Wake()
		synctest.Wait()
		if n := b.rings.Load() - before; n != 1 {
			t.Errorf("rings for one Wake: got %d, want 1 at once", n)
		}
		time.Sleep(time.Second)
	})
}

// TestAWakeDuringARingRingsAgain: the one under way may have been heard before
// the commit of what the Wake is for.
func TestAWakeDuringARingRingsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		let := make(chan struct{})
		b.during = func() { <-let }
		e := enginetest.New(t, func(c *core.Config) { c.Bell = b })
		e.Wake()
		synctest.Wait()
		for range 5 {
			e.Wake()
		}
		close(let)
		time.Sleep(time.Second)
		if n := b.rings.Load(); n != 2 {
			t.Errorf("rings: got %d, want 2", n)
		}
	})
}

func TestUseCasesRingAfterTheirCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		st := &enginetest.Watched{Store: memstore.New()}
		e := enginetest.New(t, share(t, st, b))
		ch := e.Connect(e.Owner, "a")
		time.Sleep(time.Second)
		synctest.Wait()
		rings := func(what string, want int64, do func() error) {
			t.Helper()
			before := b.rings.Load()
			if err := do(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			if n := b.rings.Load() - before; n != want {
				t.Errorf("%s: got %d rings, want %d", what, n, want)
			}
		}
		seen := 0
		b.during = func() {
			vs, err := e.Posts.List(t.Context(), e.Owner, store.PostFilter{Page: store.Page{Limit: 10}})
			if seen = len(vs); err != nil {
				t.Error(err)
			}
		}
		rings("create", 1, func() error {
			_, err := e.Posts.Create(t.Context(), e.Owner, post(ch))
			return err
		})
		if seen != 1 {
			t.Errorf("posts that a ring can see: got %d, want the one that it is for", seen)
		}
		b.during = nil
		rings("create in the transaction of a host", 0, func() error {
			return e.Store.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
				_, err := e.On(joined{r}).Posts.Create(ctx, e.Owner, post(ch))
				return err
			})
		})
		rings("Wake after it", 1, func() error { e.Wake(); return nil })
		rings("Wake of an engine in a transaction", 1, func() error { e.On(e.Store).Wake(); return nil })
		rings("a post that is refused", 0, func() error {
			if _, err := e.Posts.Create(t.Context(), e.Owner, core.PostInput{When: core.Now}); err == nil {
				return errors.New("it was taken")
			}
			return nil
		})
	})
}

func TestABrokenBellBreaksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBell()
		b.broken = errors.New("the bell is broken")
		var out strings.Builder
		e := enginetest.New(t, share(t, memstore.New(), b), func(c *core.Config) { c.Log = slog.New(slog.NewTextHandler(&out, nil)) })
		if err := e.Degraded(); !errors.Is(err, b.broken) {
			t.Errorf("Degraded: got %v, want %v", err, b.broken)
		}
		ch := e.Connect(e.Owner, "a")
		for range 10 {
			if _, err := e.Posts.Create(t.Context(), e.Owner, post(ch)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if n := strings.Count(out.String(), "cannot be woken"); n != 1 {
			t.Errorf("got %s, want one warning", &out)
		}
		if _, _, err := e.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := e.Ready(t.Context()); err != nil {
			t.Errorf("Ready: got %v, want nil: posts go out", err)
		}
		b.broken = nil
		if err := e.Degraded(); err != nil {
			t.Errorf("Degraded: got %v, want nil", err)
		}
	})
	if err := enginetest.New(t).Degraded(); err != nil {
		t.Errorf("Degraded without a bell: got %v, want nil", err)
	}
}
