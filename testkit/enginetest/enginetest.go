// Package enginetest gives tests an Engine on memory adapters, with a clock
// that stands still and a provider that does what the test says. Use-case tests
// use it, and programs that embed Crier may.
package enginetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/adapters/mempassword"
	"github.com/crierhq/crier/adapters/memrecur"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// Start is the time that the clock of a new Engine shows: a Sunday noon.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant that Go cannot write as one

// Engine is a core.Engine with all that it stands on in reach.
type Engine struct {
	*core.Engine
	// Store is what the engine works on: memory, unless an option replaced it.
	Store store.Store
	Blobs *memblob.Bucket
	Clock *Clock
	// Platform is the provider of the engine, unless an option replaced it.
	Platform *Platform
	// Org is an organization without people, and Owner who acts for it.
	Org   domain.Organization
	Owner domain.Actor

	t testing.TB
}

// New returns an Engine that is ready to use. Options change its Config before
// it is made. It remembers what it reads, in memory, and the test fails where it
// could be told something that was changed; see HoldsOnly.
func New(t testing.TB, options ...func(*core.Config)) *Engine {
	t.Helper()
	clock := &Clock{now: Start}
	e := &Engine{Clock: clock, Platform: NewPlatform("test"), t: t}
	var err error
	if e.Blobs, err = memblob.New(clock.Now); err != nil {
		t.Fatal(err)
	}
	sealer, err := memseal.New()
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := mempassword.New(mempassword.Config{Iterations: 10})
	if err != nil {
		t.Fatal(err)
	}
	remembers, err := memcache.New(memcache.Config{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	var ids atomic.Int64
	cfg := core.Config{
		Store: memstore.New(), Blobs: e.Blobs, Sealer: sealer, Hasher: hasher, Providers: []social.Provider{e.Platform},
		Cache: remembers, Recur: memrecur.New(), Now: clock.Now, NewID: func() string { return fmt.Sprintf("id-%06d", ids.Add(1)) },
	}
	for _, o := range options {
		o(&cfg)
	}
	e.Store = cfg.Store
	if cfg.Cache != nil {
		cfg.Cache, cfg.Store = HoldsOnly(t, cfg.Cache, cfg.Store)
	}
	if e.Engine, err = core.New(cfg); err != nil {
		t.Fatal(err)
	}
	e.Org, e.Owner = e.NewOrganization("")
	return e
}

// NewOrganization makes another tenant and returns who acts for it.
func (e *Engine) NewOrganization(zone string) (domain.Organization, domain.Actor) {
	e.t.Helper()
	org, err := e.Accounts.CreateOrganization(e.t.Context(), "Org", zone)
	if err != nil {
		e.t.Fatal(err)
	}
	return org, domain.System(org.ID)
}

// Connect makes a channel of a on the Platform, for an account of this name.
func (e *Engine) Connect(a domain.Actor, account string) domain.Channel {
	e.t.Helper()
	ch, err := e.Channels.ConnectForm(e.t.Context(), a, e.Platform.Facts.ID, map[string]string{"account": account, "password": "secret-of-" + account})
	if err != nil {
		e.t.Fatal(err)
	}
	return ch
}

// As is a in another role, as the person with the id user.
func As(a domain.Actor, role domain.Role, user domain.UserID) domain.Actor {
	a.Role, a.User = role, user
	return a
}

// Clock is a clock that tests set. It is safe for concurrent use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it forward.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
