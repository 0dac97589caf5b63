package simulation

import (
	"math/rand/v2"
	"time"
)

// odds are the chances of what goes wrong at one step.
type odds struct {
	crash, stall, swap float64
	database           float64 // one call of the store fails
	platform           float64 // one call of a platform goes wrong
	slow               float64 // one call of a platform takes long
	token              float64 // a credential ends or is taken back
	mistake            float64 // a person does something unusual
}

// drawOdds picks the weather of a world: some are quiet, so that most of what
// can be done is done, some are stormy.
func drawOdds(r *rand.Rand) odds {
	scale := []float64{0, 0.2, 0.5, 1, 1, 2, 4}[r.IntN(7)]
	o := odds{
		crash: 0.004, stall: 0.004, swap: 0.05, database: 0.004,
		platform: 0.12, slow: 0.05, token: 0.02, mistake: 0.2,
	}
	for _, f := range []*float64{&o.crash, &o.stall, &o.database, &o.platform, &o.slow, &o.token} {
		*f *= scale
		if r.IntN(5) == 0 {
			*f = 0 // one kind of fault alone is hard to see among others
		}
	}
	return o
}

// downtime is how long a killed process stays away.
func (w *world) downtime() time.Duration {
	switch r := w.rng.Float64(); {
	case r < 0.75:
		return w.between(0, 30*time.Second)
	case r < 0.95:
		return w.between(time.Minute, 2*time.Hour)
	default:
		return w.between(2*time.Hour, 72*time.Hour)
	}
}

// stallTime is how long a process does nothing, without knowing it.
func (w *world) stallTime() time.Duration {
	switch r := w.rng.Float64(); {
	case r < 0.3:
		return w.between(0, 5*time.Second)
	case r < 0.6:
		return w.between(50*time.Second, 3*time.Minute)
	case r < 0.9:
		return w.between(time.Minute, time.Hour)
	default:
		return w.between(time.Hour, 30*time.Hour)
	}
}

// planWeather plans what happens to all at once.
func (w *world) planWeather() {
	if w.odds.crash > 0 && w.roll(0.15) {
		w.after(w.between(0, 12*time.Hour), w.outage)
	}
	if w.odds.stall > 0 && w.roll(0.15) {
		w.after(w.between(0, 12*time.Hour), w.jump)
	}
	for _, p := range w.platforms {
		p.planMoods()
		p.planTokens()
	}
}

// outage kills every worker for hours or days.
func (w *world) outage() {
	if w.calm || w.stop {
		return
	}
	w.happen("outage", "all workers go away")
	down := w.between(time.Hour, 72*time.Hour)
	for _, p := range w.workers {
		if !p.dead {
			p.kill(down, "the outage")
		}
	}
}

// jump sets the clock forward.
func (w *world) jump() {
	if w.calm || w.stop {
		return
	}
	if w.inFlight > 0 {
		// It is our clock that jumps. A request that a platform is about to take
		// does not take longer for that.
		w.after(time.Minute, w.jump)
		return
	}
	d := w.between(time.Second, 10*time.Hour)
	w.happen("jump", "the clock jumps forward by %s", d)
	w.now = w.now.Add(d)
}
