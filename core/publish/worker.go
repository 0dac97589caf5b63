package publish

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/delay"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// WorkerConfig is what a Worker needs. Store, Publisher, Log, Now and Owner are
// required; the zero value of the others is their default.
type WorkerConfig struct {
	Store     store.Store
	Publisher *Publisher
	Log       *slog.Logger
	Now       func() time.Time
	// Owner names this worker; no two living workers share a name.
	Owner string
	// Concurrency is how many deliveries are worked on at once. Default 512: they
	// mostly wait for platforms.
	Concurrency int
	// Share bounds how many of them may be of one organization, so that one with
	// much to do leaves room for others. Default three quarters of Concurrency,
	// and at least one.
	Share int
	// Lease is for how long a claim is good unless it is renewed, and so how
	// long a delivery waits after its worker died. Default 60 s.
	Lease time.Duration
	// Poll is the longest sleep between two looks at the schedule, which finds
	// what other processes wrote. Default 1 s.
	Poll time.Duration
	// PollNow says how long the Poll is just now, such as longer while other
	// processes call Wake here when they wrote something. Nil: always Poll.
	PollNow func() time.Duration
	// Grace is how long calls under way may go on after Run was told to stop.
	// Default 20 s.
	Grace time.Duration
	// Providers narrows the work to these platforms. Empty: all.
	Providers []domain.ProviderID
}

func (c WorkerConfig) withDefaults() WorkerConfig {
	if c.Concurrency <= 0 {
		c.Concurrency = 512
	}
	if c.Share <= 0 {
		c.Share = max(c.Concurrency*3/4, 1)
	}
	if c.Lease <= 0 {
		c.Lease = time.Minute
	}
	if c.Poll <= 0 {
		c.Poll = time.Second
	}
	if c.PollNow == nil {
		c.PollNow = func() time.Duration { return c.Poll }
	}
	if c.Grace <= 0 {
		c.Grace = 20 * time.Second
	}
	return c
}

// maxClaim bounds how many deliveries one claim takes.
const maxClaim = 256

// nudge is how long after a delivery is done its channel is looked at again.
const nudge = 20 * time.Millisecond

// maxRest is the longest wait after the store could not be asked.
const maxRest = 5 * time.Second

// vainRest is the pause after a claim that took nothing although something is
// due: its organization has its share, or another worker is just claiming it.
const vainRest = 100 * time.Millisecond

// Worker claims due deliveries and has them published.
type Worker struct {
	cfg  WorkerConfig
	bell chan struct{}
	// nudged says that a look at the schedule is about to come.
	nudged atomic.Bool

	mu   sync.Mutex
	held map[domain.DeliveryID]inHand
	err  error // of the last claim
}

// inHand is a delivery that is being worked on.
type inHand struct {
	org    domain.OrganizationID
	cancel context.CancelFunc
}

// NewWorker returns a Worker.
func NewWorker(cfg WorkerConfig) *Worker {
	return &Worker{
		cfg: cfg.withDefaults(), bell: make(chan struct{}, 1),
		held: map[domain.DeliveryID]inHand{},
	}
}

// Wake tells the worker that there may be something to do. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// Ready returns nil if the last claim worked, and its error otherwise. A worker
// that has not claimed yet is not ready.
func (w *Worker) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Worker) setReady(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
}

// Run works until ctx ends. Then it claims nothing more, lets the calls under
// way finish within the grace, and returns nil. A store that cannot be reached
// is waited for.
func (w *Worker) Run(ctx context.Context) error {
	w.setReady(fault.New(fault.Unavailable, "starting", "The worker has not looked at the schedule yet."))
	// Calls under way outlive ctx: a publication that is cut off leaves its
	// outcome in doubt.
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var leases, jobs sync.WaitGroup
	leases.Go(func() { w.keepLeases(work) })
	slots := make(chan struct{}, w.cfg.Concurrency)
	failures := 0
	for ctx.Err() == nil {
		n, err := w.claim(ctx, work, slots, &jobs)
		if err != nil && ctx.Err() == nil {
			failures++
			w.setReady(err)
			w.cfg.Log.ErrorContext(ctx, "the schedule cannot be read", "error", err)
			delay.For(ctx, min(w.cfg.Poll<<min(failures, 4), maxRest), nil)
			continue
		}
		failures = 0
		w.setReady(nil)
		if n > 0 && len(slots) < cap(slots) {
			continue // there may be more
		}
		w.wait(ctx, slots, n == 0)
	}
	w.setReady(fault.New(fault.Unavailable, "stopped", "The worker has stopped."))
	w.drain(&jobs, stop)
	leases.Wait()
	return nil
}

// drain waits for the calls under way, and ends them when the grace is over.
func (w *Worker) drain(jobs *sync.WaitGroup, stop context.CancelFunc) {
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		jobs.Wait()
	}()
	t := time.NewTimer(w.cfg.Grace)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
	stop()
	<-idle
}

// claim takes as many due deliveries as there are free slots and has each
// worked on. It returns how many it took.
func (w *Worker) claim(ctx, work context.Context, slots chan struct{}, wg *sync.WaitGroup) (int, error) {
	free := cap(slots) - len(slots)
	if free == 0 {
		return 0, nil
	}
	ds, err := w.take(ctx, min(free, maxClaim))
	if err != nil {
		return 0, err
	}
	for i, advance := range w.cfg.Publisher.Tasks(ctx, ds) {
		slots <- struct{}{}
		dctx, cancel := context.WithCancel(work)
		w.hold(ds[i], cancel)
		wg.Go(func() {
			defer w.vacate(slots)
			defer w.release(ds[i].ID, cancel)
			w.advance(dctx, ds[i], advance)
		})
	}
	return len(ds), nil
}

// vacate frees a slot and has the loop look soon: it may have been waiting for a
// slot, and the channel may have more to do.
func (w *Worker) vacate(slots chan struct{}) {
	full := len(slots) == cap(slots)
	<-slots
	switch {
	case full:
		w.Wake()
	case w.nudged.CompareAndSwap(false, true):
		// Many end at the same time; one look does for all of them.
		time.AfterFunc(nudge, func() {
			w.nudged.Store(false)
			w.Wake()
		})
	}
}

func (w *Worker) take(ctx context.Context, limit int) ([]domain.Delivery, error) {
	now := domain.Instant(w.cfg.Now())
	return w.cfg.Store.Deliveries().Claim(ctx, store.Claim{
		Owner: w.cfg.Owner, Now: now, Until: now.Add(w.cfg.Lease), Limit: limit, Providers: w.cfg.Providers,
		Held: w.perOrganization(), Share: w.cfg.Share,
	})
}

// perOrganization counts what is being worked on.
func (w *Worker) perOrganization() map[domain.OrganizationID]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := map[domain.OrganizationID]int{}
	for _, h := range w.held {
		n[h.org]++
	}
	return n
}

func (w *Worker) advance(ctx context.Context, d domain.Delivery, advance func(context.Context) error) {
	if err := advance(ctx); err != nil {
		w.cfg.Log.ErrorContext(ctx, "a delivery could not be worked on", "delivery", d.ID, "provider", d.Provider, "error", err)
	}
}

func (w *Worker) hold(d domain.Delivery, cancel context.CancelFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[d.ID] = inHand{d.Organization, cancel}
}

func (w *Worker) release(id domain.DeliveryID, cancel context.CancelFunc) {
	cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, id)
}

// wait sleeps until something is due and there is a slot for it. While there is
// nothing to do, a poll is one look-up in an index.
func (w *Worker) wait(ctx context.Context, slots chan struct{}, vain bool) {
	for ; ctx.Err() == nil; vain = false {
		d := w.cfg.PollNow()
		if len(slots) < cap(slots) {
			next, err := w.cfg.Store.Deliveries().NextWake(ctx, w.cfg.Providers...)
			if err != nil {
				return // the claim that follows says so
			}
			if !next.IsZero() {
				d = min(d, next.Sub(w.cfg.Now()))
			}
		}
		switch {
		case d > 0:
		case vain:
			d = vainRest
		default:
			return
		}
		delay.For(ctx, d, w.bell)
	}
}

// keepLeases renews the leases of what is being worked on, and stops the work
// on what is in other hands.
func (w *Worker) keepLeases(ctx context.Context) {
	t := time.NewTicker(w.cfg.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		w.renew(ctx)
	}
}

func (w *Worker) renew(ctx context.Context) {
	w.mu.Lock()
	ids := make([]domain.DeliveryID, 0, len(w.held))
	for id := range w.held {
		ids = append(ids, id)
	}
	w.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	kept, err := w.cfg.Store.Deliveries().Renew(ctx, w.cfg.Owner, ids, domain.Instant(w.cfg.Now()).Add(w.cfg.Lease))
	if err != nil {
		w.cfg.Log.WarnContext(ctx, "leases could not be renewed", "error", err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if h, ok := w.held[id]; ok && !slices.Contains(kept, id) {
			h.cancel()
		}
	}
}

// Tick claims what is due now, works on all of it until each has to wait, and
// returns how many deliveries it took and when to call it again: the zero time
// if nothing is scheduled. It is for hosts that cannot keep a loop running.
func (w *Worker) Tick(ctx context.Context) (int, time.Time, error) {
	total := 0
	for {
		ds, err := w.take(ctx, w.cfg.Concurrency)
		w.setReady(err)
		if err != nil {
			return total, time.Time{}, err
		}
		if len(ds) == 0 {
			break
		}
		total += len(ds)
		var wg sync.WaitGroup
		for i, advance := range w.cfg.Publisher.Tasks(ctx, ds) {
			wg.Go(func() { w.advance(ctx, ds[i], advance) })
		}
		wg.Wait()
	}
	next, err := w.cfg.Store.Deliveries().NextWake(ctx, w.cfg.Providers...)
	return total, next, err
}
