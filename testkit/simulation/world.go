package simulation

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	jobs "github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

const (
	// maxTurns bounds a run that never comes to rest.
	maxTurns = 100_000
	// maxSteps bounds one that goes round in a circle while no time passes.
	maxSteps = 200_000
	// lateWindow is the late window of the installation.
	lateWindow = 6 * time.Hour
	// lease is for how long a claim is good.
	lease = time.Minute
	// maxViolations is enough to see what is wrong.
	maxViolations = 20
)

// world is one run.
type world struct {
	clock
	seed   uint64
	opt    Options
	rng    *rand.Rand
	odds   odds
	calm   bool // nothing goes wrong any more
	watch  *watch
	sealer *memseal.Sealer
	blobs  *memblob.Bucket

	main      actor
	workers   []*process
	api       *process
	platforms []*platform
	people    *people
	gap       time.Duration
	inFlight  int // requests that a platform has yet to accept
	ids       int
	wg        sync.WaitGroup

	tracing bool
	report  Report
}

// run simulates the world of one seed.
func run(seed uint64, o Options, tracing bool) Report {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w := &world{
		clock: clock{now: start, start: start},
		seed:  seed, opt: o, rng: rand.New(rand.NewPCG(seed, 0x63726965)), tracing: tracing, main: newActor("world"),
		report: Report{Seed: seed, Ends: map[domain.DeliveryState]int{}, Happened: map[string]int{}},
	}
	if err := w.build(); err != nil {
		w.violate(RuleEnds, "the world could not be made: %v", err)
		return w.report
	}
	w.live()
	w.settle()
	w.end()
	w.check()
	w.report.Lives = w.people.written
	return w.report
}

// build makes everything that stands before the first post.
func (w *world) build() error {
	var err error
	if w.sealer, err = memseal.New(); err != nil {
		return err
	}
	if w.blobs, err = memblob.New(func() time.Time { return w.now }); err != nil {
		return err
	}
	w.watch = newWatch(w, w.opt.store())
	w.odds = drawOdds(w.rng)
	w.gap = []time.Duration{-1, time.Second, 10 * time.Second, 5 * time.Minute}[w.rng.IntN(4)]
	w.platforms = w.drawPlatforms()
	w.calm = true // until everything stands
	w.api = newProcess(w, "people")
	if err := w.api.boot(); err != nil {
		return err
	}
	for i := range 1 + w.rng.IntN(3) {
		p := newProcess(w, "worker"+strconv.Itoa(i+1))
		if err := p.boot(); err != nil {
			return err
		}
		w.workers = append(w.workers, p)
	}
	w.people, err = newPeople(w)
	return err
}

// live lets people and faults do what they like.
func (w *world) live() {
	w.calm = false
	w.people.plan()
	for _, p := range w.workers {
		w.schedule(&p.actor, w.now)
		w.wg.Go(p.work)
	}
	w.schedule(&w.api.actor, w.now)
	w.wg.Go(w.people.act)
	w.planWeather()
	for !w.people.done && !w.endless() {
		w.sleep(&w.main, 10*time.Minute)
	}
}

// settle has everything work again, and waits until nothing is left to do.
func (w *world) settle() {
	w.calm = true
	w.happen("calm", "everything works from now on")
	w.people.resumeAll()
	for _, p := range w.workers {
		if p.dead {
			w.schedule(&p.actor, w.now.Add(time.Minute))
		}
	}
	limit := w.watch.lastDue(w.now).Add(96 * time.Hour)
	for !w.atRest() && w.now.Before(limit) && !w.endless() {
		w.sleep(&w.main, 10*time.Minute)
	}
}

// endless reports whether the run will not come to an end by itself.
func (w *world) endless() bool { return w.stop || w.turns >= maxTurns }

// atRest reports whether nothing will happen any more.
func (w *world) atRest() bool {
	if w.inFlight > 0 {
		return false
	}
	for _, p := range w.workers {
		if !p.idle {
			return false
		}
	}
	return !w.watch.waits() && !w.watching()
}

// end has every goroutine of the run come to its end.
func (w *world) end() {
	if w.endless() {
		w.violate(RuleEnds, "it never comes to rest")
	}
	w.stop = true
	for _, p := range append(w.workers, w.api) {
		if p.queued {
			w.schedule(&p.actor, w.now)
		}
	}
	w.schedule(&w.main, w.now.Add(time.Second))
	w.yield(&w.main)
	w.wg.Wait()
}

func (w *world) newID() string {
	w.ids++
	return fmt.Sprintf("%x-%05d", w.seed, w.ids)
}

// roll reports whether something that happens with this chance happens now.
func (w *world) roll(chance float64) bool { return w.rng.Float64() < chance }

// between draws a duration, in milliseconds.
func (w *world) between(low, high time.Duration) time.Duration {
	return low + time.Duration(w.rng.Int64N(int64((high-low)/time.Millisecond)+1))*time.Millisecond
}

// happen counts what was done, and writes it down.
func (w *world) happen(name, format string, args ...any) {
	w.report.Happened[name]++
	if w.tracing {
		w.tracef(format, args...)
	}
}

func (w *world) tracef(format string, args ...any) {
	if w.tracing {
		w.report.Trace = append(w.report.Trace, w.stamp()+"  "+fmt.Sprintf(format, args...))
	}
}

// violate records a broken promise.
func (w *world) violate(r Rule, format string, args ...any) {
	v := Violation{Rule: r, At: w.now, What: fmt.Sprintf(format, args...)}
	w.tracef("BROKEN %s", v)
	if len(w.report.Violations) < maxViolations {
		w.report.Violations = append(w.report.Violations, v)
	}
}

// wakeWorkers has idle workers look at the schedule within their poll.
func (w *world) wakeWorkers() {
	for _, p := range w.workers {
		if p.idle {
			w.schedule(&p.actor, w.now.Add(w.between(0, time.Second)))
		}
	}
}

// engine makes the engine of a process.
func (w *world) engine(p *process) (*core.Engine, error) {
	providers := make([]social.Provider, 0, len(w.platforms))
	for _, pl := range w.platforms {
		pr := pl.provider(p)
		if w.opt.WrapProvider != nil {
			pr = w.opt.WrapProvider(pr)
		}
		providers = append(providers, pr)
	}
	var st store.Store = &shaky{Store: w.watch, p: p}
	return core.New(core.Config{
		Store: st, Blobs: w.blobs, Sealer: w.sealer, Providers: providers,
		Now: func() time.Time { return w.now }, NewID: w.newID, Rand: w.rng.Int64N, Sleep: p.pause,
		Policy: core.Policy{LateWindow: lateWindow, Gap: w.gap},
		Worker: core.WorkerConfig{Owner: p.owner(), Concurrency: 1, Lease: lease},
		Queue: func(c jobs.Config) (core.JobRunner, error) {
			c.Concurrency = 1 // a process does one thing at a time here
			c.Random = w.rng.Float64
			return jobs.New(c)
		},
	})
}
