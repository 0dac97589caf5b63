package recall_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/ports/cache"
)

// flaky is a cache that can be out of reach.
type flaky struct {
	cache.Cache
	down          atomic.Bool
	gets, release atomic.Int32
}

var errDown = errors.New("out of reach")

func (f *flaky) Get(ctx context.Context, keys ...cache.Key) ([]cache.Entry, error) {
	f.gets.Add(1)
	if f.down.Load() {
		return nil, errDown
	}
	return f.Cache.Get(ctx, keys...)
}

func (f *flaky) Hold(ctx context.Context, groups ...string) (cache.Release, error) {
	var release cache.Release
	err := errDown
	if !f.down.Load() {
		release, err = f.Cache.Hold(ctx, groups...)
	}
	return func(ctx context.Context) error {
		f.release.Add(1)
		if f.down.Load() {
			return errDown
		}
		if release == nil { // the hold did not reach it, and the release is to forget all the same
			var err error
			if release, err = f.Cache.Hold(ctx, groups...); err != nil {
				return err
			}
		}
		return release(ctx)
	}, err
}

type world struct {
	*recall.Memory
	cache *flaky
	mu    sync.Mutex
	now   time.Time
	slept time.Duration
	// onSleep is called with each sleep.
	onSleep func()
	log     bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), onSleep: func() {}}
	own, err := memcache.New(memcache.Config{Now: w.time, Life: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	w.cache = &flaky{Cache: own}
	w.Memory = recall.New(recall.Config{
		Cache: w.cache, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: w.time,
		Sleep: func(_ context.Context, d time.Duration) bool {
			w.pass(d)
			w.onSleep()
			return true
		},
	})
	return w
}

func (w *world) time() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now }

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now, w.slept = w.now.Add(d), w.slept+d
}

var k = cache.Key{Group: "g", Name: "n"} //nolint:gochecknoglobals // a constant that Go cannot write as one

// read asks m for k, which is n in the store, and reports whether the store was
// asked.
func read(t testing.TB, m *recall.Memory, n int) (got int, asked bool) {
	t.Helper()
	err := m.Read(t.Context(), recall.Ask(k, &got, func(context.Context) (int, error) { asked = true; return n, nil }))
	if err != nil {
		t.Fatal(err)
	}
	return got, asked
}

func TestReadAsksTheStoreOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got, asked := read(t, w.Memory, 1); got != 1 || !asked {
		t.Errorf("at first: got %d, asked: %t", got, asked)
	}
	if got, asked := read(t, w.Memory, 2); got != 1 || asked {
		t.Errorf("again: got %d, asked: %t; want what is remembered", got, asked)
	}
	w.pass(10 * time.Second)
	if got, asked := read(t, w.Memory, 3); got != 3 || !asked {
		t.Errorf("after its life: got %d, asked: %t", got, asked)
	}
}

func TestReadRemembersNoFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got int
	fail := recall.Ask(k, &got, func(context.Context) (int, error) { return 0, fault.ErrNotFound })
	if err := w.Read(t.Context(), fail); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("got %v, want the error of the store as it is", err)
	}
	if got, asked := read(t, w.Memory, 1); got != 1 || !asked {
		t.Errorf("after a failure: got %d, asked: %t", got, asked)
	}
}

func TestReadTakesNothingThatItCannotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found, err := w.cache.Get(t.Context(), k)
	if err != nil || w.cache.Put(t.Context(), k, found[0].Lease, []byte(`"text"`)) != nil {
		t.Fatal(err)
	}
	if got, asked := read(t, w.Memory, 1); got != 1 || !asked {
		t.Errorf("got %d, asked: %t; want it from the store", got, asked)
	}
}

func TestWithoutACache(t *testing.T) {
	t.Parallel()
	m := recall.New(recall.Config{})
	for n := range 2 {
		if got, asked := read(t, m, n); got != n || !asked || m.Reads() {
			t.Errorf("got %d, asked: %t", got, asked)
		}
	}
	if err := m.Change(t.Context(), func(context.Context) error { return errDown }, "g"); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the error of the change", err)
	}
}

// TestNobodyIsToldWhatWasChanged is the race: a reader has read and not yet put
// when the change begins, and another one comes while it is under way.
func TestNobodyIsToldWhatWasChanged(t *testing.T) {
	t.Parallel()
	race := func(t *testing.T, w *world) (during, after int) {
		truth := 1
		var got int
		err := w.Read(t.Context(), recall.Ask(k, &got, func(ctx context.Context) (int, error) {
			n := truth // read before the change
			return n, w.Change(ctx, func(context.Context) error {
				during, _ = read(t, w.Memory, truth)
				truth = 2
				during, _ = read(t, w.Memory, truth)
				return nil
			}, "g")
		}))
		if err != nil {
			t.Fatal(err)
		}
		after, _ = read(t, w.Memory, truth)
		return during, after
	}
	if during, after := race(t, newWorld(t)); during != 2 || after != 2 {
		t.Errorf("got %d during and %d after the change, want 2 and 2", during, after)
	}
	// The same with a cache whose Hold does nothing shows that this test can fail.
	w := newWorld(t)
	w.Memory = recall.New(recall.Config{Cache: holdsNothing{w.cache}, Log: slog.New(slog.DiscardHandler), Now: w.time})
	if during, after := race(t, w); during == 2 || after == 2 {
		t.Errorf("without holds: got %d during and %d after the change, want what was there before", during, after)
	}
}

type holdsNothing struct{ cache.Cache }

func (holdsNothing) Hold(context.Context, ...string) (cache.Release, error) {
	return func(context.Context) error { return nil }, nil
}

// TestReadersAndWritersAtOnce is the same with real threads.
func TestReadersAndWritersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var truth atomic.Int64 // what is committed
	var told atomic.Int64  // what a writer was told to be in force
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 2000 {
				least := told.Load()
				var got int64
				if err := w.Read(t.Context(), recall.Ask(k, &got, func(context.Context) (int64, error) { return truth.Load(), nil })); err != nil || got < least {
					t.Errorf("got %d, %v; want no less than %d", got, err, least)
				}
			}
		})
	}
	wg.Go(func() {
		for n := range int64(500) {
			if err := w.Change(t.Context(), func(context.Context) error { truth.Store(n); return nil }, "g"); err != nil {
				t.Error(err)
			}
			told.Store(n)
		}
	})
	wg.Wait()
}

func TestAChangeThatFailsOrPanicsLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read(t, w.Memory, 1)
	if err := w.Change(t.Context(), func(context.Context) error { return errDown }, "g"); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the error of the change", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = w.Change(t.Context(), func(context.Context) error { panic("x") }, "g")
	}()
	read(t, w.Memory, 2)
	if got, asked := read(t, w.Memory, 3); got != 2 || asked {
		t.Errorf("got %d, asked: %t; want it remembered again", got, asked)
	}
}

func TestAChangeLetsGoForACallerWhoLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, leave := context.WithCancel(t.Context())
	if err := w.Change(ctx, func(context.Context) error { leave(); return nil }, "g"); err != nil {
		t.Fatal(err)
	}
	read(t, w.Memory, 2)
	if got, asked := read(t, w.Memory, 3); got != 2 || asked {
		t.Errorf("got %d, asked: %t; want it remembered again", got, asked)
	}
}

// TestAChangeWaitsForACacheThatIsAway: others may still reach it, and would be
// told what it remembers.
func TestAChangeWaitsForACacheThatIsAway(t *testing.T) {
	t.Parallel()
	t.Run("until what it knows is too old", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		read(t, w.Memory, 1)
		w.cache.down.Store(true)
		if err := w.Change(t.Context(), func(context.Context) error { return nil }, "g"); err != nil {
			t.Fatal(err)
		}
		if w.slept < 10*time.Second || w.slept > 11*time.Second {
			t.Errorf("it waited for %s, want the 10 s that a value lives", w.slept)
		}
		w.cache.down.Store(false)
		w.pass(time.Second) // until it is asked again
		if got, asked := read(t, w.Memory, 2); got != 2 || !asked {
			t.Errorf("got %d, asked: %t; want it forgotten", got, asked)
		}
	})
	t.Run("until it is back", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		read(t, w.Memory, 1)
		w.cache.down.Store(true)
		w.onSleep = func() { w.cache.down.Store(w.cache.release.Load() < 3) }
		if err := w.Change(t.Context(), func(context.Context) error { return nil }, "g"); err != nil {
			t.Fatal(err)
		}
		if w.slept != 3*time.Second {
			t.Errorf("it waited for %s, want 3 s", w.slept)
		}
		if got, asked := read(t, w.Memory, 2); got != 2 || !asked {
			t.Errorf("got %d, asked: %t; want it forgotten", got, asked)
		}
	})
}

func TestReadersLeaveACacheAloneThatIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read(t, w.Memory, 1)
	w.cache.down.Store(true)
	w.cache.gets.Store(0)
	for range 3 {
		for range 10 {
			if got, asked := read(t, w.Memory, 2); got != 2 || !asked {
				t.Errorf("got %d, asked: %t; want it from the store", got, asked)
			}
		}
		w.pass(time.Second)
	}
	if n := w.cache.gets.Load(); n != 3 {
		t.Errorf("a cache that is away was asked %d times in 3 s, want 3", n)
	}
	w.cache.down.Store(false)
	if got, asked := read(t, w.Memory, 2); got != 1 || asked {
		t.Errorf("got %d, asked: %t; want what is remembered again", got, asked)
	}
	if n := strings.Count(w.log.String(), "\n"); n != 2 || strings.Count(w.log.String(), "WARN") != 1 {
		t.Errorf("got the log %q, want one warning and one line when it is over", w.log.String())
	}
}

// TestJoined: what is not committed yet is not remembered, and what was there
// before is not until the hold ends.
func TestJoined(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read(t, w.Memory, 1)
	j := w.Joined()
	if got, asked := read(t, j, 2); got != 2 || !asked || j.Reads() {
		t.Errorf("inside: got %d, asked: %t; want it from the transaction", got, asked)
	}
	if got, _ := read(t, w.Memory, 1); got != 1 {
		t.Errorf("outside: got %d, want nothing of what is not committed", got)
	}
	if err := j.Change(t.Context(), func(context.Context) error { return nil }, "g"); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		if got, asked := read(t, w.Memory, n); got != n || !asked {
			t.Errorf("until the commit: got %d, asked: %t; want it from the store", got, asked)
		}
	}
	w.pass(cache.HoldFor)
	read(t, w.Memory, 3)
	if got, asked := read(t, w.Memory, 4); got != 3 || asked {
		t.Errorf("later: got %d, asked: %t; want it remembered", got, asked)
	}
	w.cache.down.Store(true)
	ran := false
	err := j.Change(t.Context(), func(context.Context) error { ran = true; return nil }, "g")
	if fault.KindOf(err) != fault.Unavailable || !errors.Is(err, errDown) || ran {
		t.Errorf("without the cache: got %v (ran: %t), want it refused", err, ran)
	}
}

func TestWriteOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	read(t, w.Memory, 1)
	m := recall.New(recall.Config{Cache: w.cache, WriteOnly: true, Log: slog.New(slog.DiscardHandler), Now: w.time})
	if got, asked := read(t, m, 2); got != 2 || !asked {
		t.Errorf("got %d, asked: %t; want it from the store", got, asked)
	}
	if err := m.Change(t.Context(), func(context.Context) error { return nil }, "g"); err != nil {
		t.Fatal(err)
	}
	if got, asked := read(t, w.Memory, 3); got != 3 || !asked {
		t.Errorf("got %d, asked: %t; want it forgotten for others", got, asked)
	}
}
