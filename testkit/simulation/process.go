package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
)

// errDead is what a killed process sees of the world: nothing it does has an
// effect any more.
var errDead = errors.New("this process was killed")

// process is one process with an engine. It can be killed and started again.
type process struct {
	actor
	w    *world
	eng  *core.Engine
	life int
	dead bool
	// down is for how long it stays away after it was killed.
	down time.Duration
	// slept is for how long the wait for one result has gone on.
	slept    time.Duration
	sleptFor context.Context //nolint:containedctx // it is only compared
}

func newProcess(w *world, name string) *process { return &process{actor: newActor(name), w: w} }

func (p *process) owner() string { return fmt.Sprintf("%s.%d", p.name, p.life) }

// boot starts a new life on the same data.
func (p *process) boot() error {
	p.life++
	p.dead = false
	eng, err := p.w.engine(p)
	p.eng = eng
	return err
}

// kill ends this life. The process notices at its next step.
func (p *process) kill(down time.Duration, where string) {
	p.dead, p.down = true, down
	p.w.happen("crash", "%s is killed at %s, for %s", p.name, where, down)
}

// at is a moment between two steps. It returns errDead if the process is dead
// by then.
func (p *process) at(where string) error {
	w := p.w
	if w.report.Steps++; w.report.Steps >= maxSteps {
		w.stop = true
	}
	if p.dead || w.stop {
		return errDead
	}
	if w.calm {
		return nil
	}
	switch r := w.rng.Float64(); {
	case r < w.odds.crash:
		p.kill(w.downtime(), where)
		return errDead
	case r < w.odds.crash+w.odds.stall:
		d := w.stallTime()
		w.happen("stall", "%s stalls for %s at %s", p.name, d, where)
		w.sleep(&p.actor, d)
	case r < w.odds.crash+w.odds.stall+w.odds.swap:
		w.sleep(&p.actor, 0)
	}
	if p.dead || w.stop {
		return errDead
	}
	return nil
}

// pass lets d pass for this process.
func (p *process) pass(d time.Duration) error {
	p.w.sleep(&p.actor, d)
	if p.dead || p.w.stop {
		return errDead
	}
	return nil
}

// pause is the engine's Sleep. The context knows real time only, so its end is
// counted here.
func (p *process) pause(ctx context.Context, d time.Duration) bool {
	if p.sleptFor != ctx {
		p.sleptFor, p.slept = ctx, 0
	}
	if p.slept += d; p.slept > within(ctx) || p.pass(d) != nil {
		return false
	}
	return true
}

// within is how much time a context leaves, in whole seconds: in the real time
// that contexts know, a run takes next to none.
func within(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return 24 * time.Hour
	}
	return time.Until(end).Round(time.Second)
}

// work is the life of a worker: it ticks, and sleeps until the engine wants to
// be called again.
func (p *process) work() {
	<-p.baton
	w := p.w
	for !w.stop {
		if p.dead {
			p.revive()
			continue
		}
		_, next, err := p.eng.Tick(context.Background())
		switch {
		case p.dead || w.stop:
		case err != nil:
			w.sleep(&p.actor, 2*time.Second)
		default:
			p.rest(next)
		}
	}
	w.yield(nil)
}

func (p *process) revive() {
	if p.w.calm {
		p.down = min(p.down, time.Minute)
	}
	p.w.sleep(&p.actor, p.down)
	if p.w.stop {
		return
	}
	p.w.tracef("%s is started", p.name)
	if err := p.boot(); err != nil {
		p.w.violate(RuleEnds, "%s does not start: %v", p.name, err)
	}
}

// rest sleeps until next, or until something new is in the schedule.
func (p *process) rest(next time.Time) {
	w := p.w
	if next.IsZero() || next.After(w.now.Add(maxRest)) {
		next = w.now.Add(maxRest)
	}
	p.idle = true
	w.schedule(&p.actor, next)
	w.yield(&p.actor)
	p.idle = false
	if w.stop || w.calm {
		return
	}
	if w.roll(w.odds.crash) {
		p.kill(w.downtime(), "rest")
	}
}

// maxRest bounds the sleep of a worker that has nothing to do.
const maxRest = 12 * time.Hour

var errDatabase = fault.New(fault.Unavailable, "database", "The database does not answer.")
