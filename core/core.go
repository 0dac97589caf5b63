// Package core is Crier as a library: hand it adapters and providers, get the
// use cases. It owns no goroutine until Run is called, registers nothing
// globally, and reads nothing from the environment.
package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/media"
	"github.com/crierhq/crier/core/publish"
	"github.com/crierhq/crier/core/vault"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// The words of the use cases that callers write down.
type (
	// PostInput is what an author wrote.
	PostInput = compose.Input
	// PostView is a post with what became of it.
	PostView = compose.View
	// Answer is what a person found out about a delivery in doubt.
	Answer = compose.Answer
	// Failures is the failures of one cause, and what is to be done about them.
	Failures = compose.Failures
	// Retried is what a bulk retry came to.
	Retried = compose.Retried
	// RegisterInput is what a person types in to register.
	RegisterInput = account.RegisterInput
	// SignedIn is a person who proved who they are.
	SignedIn = account.SignedIn
	// TokenSource supplies the credentials that the embedding program keeps.
	TokenSource = channel.TokenSource
	// Platform is a provider with what it can do.
	Platform = channel.Platform
	// Policy is the numbers of publishing.
	Policy = publish.Policy
	// Registration says who may make an account.
	Registration = account.Registration
)

// What is to become of a post.
const (
	Draft = compose.Draft
	Now   = compose.Now
	At    = compose.At
)

// Who may make an account.
const (
	RegistrationOpen   = account.RegistrationOpen
	RegistrationFirst  = account.RegistrationFirst
	RegistrationClosed = account.RegistrationClosed
)

// DefaultMaxUpload bounds uploads where Config sets nothing else.
const DefaultMaxUpload = 1 << 30

// overdue is how long something may be due and unclaimed before the engine
// counts as not ready.
const overdue = time.Minute

// Config names everything that an Engine needs from outside.
type Config struct {
	// Store keeps the state. Required.
	Store store.Store
	// Blobs keeps the bytes of media. Required.
	Blobs blob.Bucket
	// Sealer keeps secrets unreadable at rest. Required.
	Sealer seal.Sealer
	// Providers are the platforms on offer. At least one.
	Providers []social.Provider
	// Tokens supplies the credentials of channels that were made with
	// Channels.Adopt. It may be nil.
	Tokens TokenSource
	// Hasher checks passwords. Nil: there are no accounts here; the host says
	// who acts by making a domain.Actor.
	Hasher password.Hasher
	// Registration says who may make an account. Default: everybody.
	Registration Registration
	// MediaURL returns an address that anybody can fetch a file from for at
	// least an hour. Nil: platforms that pull cannot be served.
	MediaURL func(ctx context.Context, m domain.Media) (string, error)
	// MaxUpload bounds the size of one file, in bytes. Default DefaultMaxUpload.
	MaxUpload int64
	// Policy is the numbers of publishing.
	Policy Policy
	// Worker is the numbers of Run and Tick.
	Worker WorkerConfig
	// Log gets what operators need to know. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// NewID makes ids that nobody can guess and that sort by time. Default NewID.
	NewID func() string
	// Rand returns a number from 0 to below n; it decides nothing but jitter.
	// Default: math/rand/v2.
	Rand func(n int64) int64
	// Sleep waits for d and returns true, or returns false once ctx has ended.
	// It is used while the store does not take a result. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) bool
}

// WorkerConfig is the numbers of the worker. The zero value of every field is
// its default; see publish.WorkerConfig.
type WorkerConfig struct {
	// Owner names the worker. Default: a new id.
	Owner       string
	Concurrency int
	Lease       time.Duration
	Poll        time.Duration
	Grace       time.Duration
	Providers   []domain.ProviderID
}

// Engine gives access to the use cases. It is safe for concurrent use.
type Engine struct {
	// Accounts registers people and signs them in.
	Accounts *account.Service
	// Channels connects and disconnects accounts of platforms.
	Channels *channel.Service
	// Media keeps the library of files.
	Media *media.Service
	// Posts composes, books, edits and withdraws posts.
	Posts *compose.Service

	cfg     Config
	worker  *publish.Worker
	running *atomic.Int32
}

// New checks cfg, reporting every problem at once, and wires an Engine.
func New(cfg Config) (*Engine, error) {
	var errs []error
	need := func(missing bool, name string) {
		if missing {
			errs = append(errs, fmt.Errorf("core: Config.%s is required", name))
		}
	}
	need(cfg.Store == nil, "Store")
	need(cfg.Blobs == nil, "Blobs")
	need(cfg.Sealer == nil, "Sealer")
	need(len(cfg.Providers) == 0, "Providers")
	switch cfg.Registration {
	case "", RegistrationOpen, RegistrationFirst, RegistrationClosed:
	default:
		errs = append(errs, fmt.Errorf("core: Config.Registration is %q; it must be open, first or closed", cfg.Registration))
	}
	catalog, err := channel.NewCatalog(cfg.Providers)
	if err != nil {
		errs = append(errs, fmt.Errorf("core: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	e := &Engine{cfg: cfg, running: &atomic.Int32{}}
	// The worker is made before the use cases that wake it, from a publisher of
	// its own store: it never runs inside a host's transaction.
	var w *publish.Worker
	wake := func() { w.Wake() }
	pub := e.wire(cfg.Store, catalog, wake)
	w = publish.NewWorker(publish.WorkerConfig{
		Store: cfg.Store, Publisher: pub, Log: cfg.Log, Now: cfg.Now,
		Owner: cfg.Worker.Owner, Concurrency: cfg.Worker.Concurrency, Lease: cfg.Worker.Lease,
		Poll: cfg.Worker.Poll, Grace: cfg.Worker.Grace, Providers: cfg.Worker.Providers,
	})
	e.worker = w
	return e, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() string { return NewID(c.Now()) }
	}
	if c.MaxUpload <= 0 {
		c.MaxUpload = DefaultMaxUpload
	}
	if c.Registration == "" {
		c.Registration = RegistrationOpen
	}
	if c.Worker.Owner == "" {
		c.Worker.Owner = c.NewID()
	}
	return c
}

// wire makes the use cases over st.
func (e *Engine) wire(st store.Store, catalog *channel.Catalog, wake func()) *publish.Publisher {
	c := e.cfg
	j := journal.New(c.NewID)
	e.Accounts = account.New(account.Config{
		Store: st, Hasher: c.Hasher, Registration: c.Registration, Now: c.Now, NewID: c.NewID,
	})
	e.Channels = channel.New(channel.Config{
		Store: st, Sealer: c.Sealer, Catalog: catalog, Tokens: c.Tokens, Journal: j,
		Log: c.Log, Now: c.Now, NewID: c.NewID, LateWindow: c.Policy.LateWindow, Wake: wake,
	})
	e.Media = media.New(media.Config{
		Store: st, Blobs: c.Blobs, Journal: j, Log: c.Log, Now: c.Now, NewID: c.NewID,
		MaxBytes: c.MaxUpload, PublicURL: c.MediaURL,
	})
	e.Posts = compose.New(compose.Config{
		Store: st, Catalog: catalog, Media: e.Media, Journal: j, Now: c.Now, NewID: c.NewID, Wake: wake,
	})
	return publish.NewPublisher(publish.Config{
		Store: st, Catalog: catalog, Credentials: e.Channels.Credentials(), Media: e.Media, Journal: j,
		Log: c.Log, Now: c.Now, NewID: c.NewID, Policy: c.Policy, Rand: c.Rand, Sleep: c.Sleep,
	})
}

// On returns an Engine whose use cases work on st instead, such as a store that
// joined the host's own transaction: what they do is kept or lost with it. Its
// Run and Tick are those of e. Call Wake after the commit to have a worker look
// at once; without it, it looks within its poll.
func (e *Engine) On(st store.Store) *Engine {
	out := &Engine{cfg: e.cfg, worker: e.worker, running: e.running}
	out.wire(st, e.Channels.Catalog(), e.worker.Wake)
	return out
}

// Run publishes what is due until ctx ends; then it lets the calls under way
// finish and returns nil. Any number of processes may run at once on one store.
func (e *Engine) Run(ctx context.Context) error {
	e.running.Add(1)
	defer e.running.Add(-1)
	return e.worker.Run(ctx)
}

// Tick publishes what is due now and returns how many deliveries it took, and
// when to call it again: the zero time if nothing is scheduled. It is for hosts
// that cannot keep a loop running.
func (e *Engine) Tick(ctx context.Context) (int, time.Time, error) { return e.worker.Tick(ctx) }

// Wake has a running worker look at the schedule now.
func (e *Engine) Wake() { e.worker.Wake() }

// Ready returns nil if posts can be taken in and go out: the store answers, the
// worker of this process (if it runs one) can claim, and nothing that is due
// lies around unclaimed.
func (e *Engine) Ready(ctx context.Context) error {
	if err := e.cfg.Store.Ping(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	if e.running.Load() > 0 {
		if err := e.worker.Ready(); err != nil {
			return fmt.Errorf("the worker cannot claim: %w", err)
		}
	}
	next, err := e.cfg.Store.Deliveries().NextWake(ctx)
	if err != nil {
		return fmt.Errorf("the schedule cannot be read: %w", err)
	}
	if late := e.cfg.Now().Sub(next); !next.IsZero() && late > overdue {
		return fault.New(fault.Unavailable, "no_worker",
			"Something has been due for %s and no worker has taken it.", late.Round(time.Second))
	}
	return nil
}

// NewVault returns what the provider with id may keep secrets in, for the
// social.Deps that it is built with.
func NewVault(st store.Store, sealer seal.Sealer, id domain.ProviderID) social.Vault {
	return vault.New(st.Secrets(), sealer, id)
}
