// Package recurring tests posts that recur through the whole engine, on memory
// and on SQLite.
package recurring_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/adapters/rrulerecur"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// world is an installation whose engine can be started anew.
type world struct {
	*core.Engine
	t        testing.TB
	open     func() store.Store
	store    store.Store
	sealer   seal.Sealer
	platform *enginetest.Platform
	ids      atomic.Int64
	owner    domain.Actor

	mu  sync.Mutex
	now time.Time
	out []fired
}

// fired is something that the platform published.
type fired struct {
	at      time.Time
	account string
	text    string
}

// stores are how to open the store of a world; opened again, it has what it had.
func stores(t testing.TB) map[string]func() store.Store {
	t.Helper()
	memory := memstore.New()
	path := filepath.Join(t.TempDir(), "crier.db")
	var last *bunstore.Store
	return map[string]func() store.Store{
		"memory": func() store.Store { return memory },
		"SQLite": func() store.Store {
			if last != nil {
				_ = last.Close()
			}
			var err error
			if last, err = bunstore.Open(t.Context(), bunstore.Config{URL: "sqlite://" + path}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = last.Close() })
			if err := last.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			return last
		},
	}
}

// newWorld makes a world whose clock shows now, unless now is zero: then it
// shows the time of the machine.
func newWorld(t testing.TB, open func() store.Store, zone string, now time.Time) *world {
	t.Helper()
	w := &world{t: t, open: open, now: now, platform: enginetest.NewPlatform("test")}
	w.platform.OnPublish = func(_ context.Context, tg social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
		at := w.clock()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.out = append(w.out, fired{at, tg.Account, it.Text})
		return social.Published(social.Ref{ID: tg.Key, URL: "https://test.example/" + tg.Key}), nil
	}
	var err error
	if w.sealer, err = memseal.New(); err != nil {
		t.Fatal(err)
	}
	w.restart()
	org, err := w.Accounts.CreateOrganization(t.Context(), "Org", zone)
	if err != nil {
		t.Fatal(err)
	}
	w.owner = domain.System(org.ID)
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.now.IsZero() {
		return time.Now()
	}
	return w.now
}

// restart starts another engine on the same store.
func (w *world) restart() {
	w.t.Helper()
	w.store = w.open()
	blobs, err := memblob.New(w.clock)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Engine, err = core.New(core.Config{
		Store: w.store, Blobs: blobs, Sealer: w.sealer, Providers: []social.Provider{w.platform}, Recur: rrulerecur.New(),
		Worker: core.WorkerConfig{Poll: time.Minute},
		Now:    w.clock, NewID: func() string { return fmt.Sprintf("id-%06d", w.ids.Add(1)) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect(account string) domain.Channel {
	w.t.Helper()
	ch, err := w.Channels.ConnectForm(w.t.Context(), w.owner, "test", map[string]string{"account": account, "password": "x"})
	if err != nil {
		w.t.Fatal(err)
	}
	return ch
}

// until lets time pass: the engine is called at the times that it asks for.
func (w *world) until(end time.Time) {
	w.t.Helper()
	for {
		_, next, err := w.Tick(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		w.mu.Lock()
		if next.IsZero() || next.After(end) {
			w.now = end
			w.mu.Unlock()
			return
		}
		if next.After(w.now) {
			w.now = next
		}
		w.mu.Unlock()
	}
}

// all are the deliveries of a post, every one that was ever booked.
func (w *world) all(id domain.PostID) []domain.Delivery {
	w.t.Helper()
	ds, err := w.store.Deliveries().Since(w.t.Context(), w.owner.Organization, id, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return ds
}

func input(text, when, zone string, r *domain.Recurrence, channels ...domain.Channel) core.PostInput {
	in := core.PostInput{Items: []domain.Item{{Text: text}}, When: core.At, Time: when, Zone: zone, Recurrence: r}
	for _, c := range channels {
		in.Targets = append(in.Targets, domain.Target{Channel: c.ID})
	}
	return in
}
