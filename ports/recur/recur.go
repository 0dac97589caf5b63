// Package recur is the port that works out recurrence rules.
package recur

import (
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Expander works out when a rule fires, on a calendar and a wall clock. It
// knows no zone: what a wall time is as an instant is decided by
// domain.FromWall, so that it is decided once. Implementations are pure, and
// safe for concurrent use.
type Expander interface {
	// Expand returns the first n wall times at which rule fires that are
	// strictly after the wall time after, in order and each once; fewer, and no
	// error, when the rule ends. With n below 1 there are none.
	//
	// The rule begins at the wall time anchor: nothing is earlier, COUNT counts
	// from there, INTERVAL counts periods from the one it lies in, and what the
	// rule does not say, such as the hour, is the anchor's. The anchor itself is
	// one of the times only if the rule names it. A date that does not exist,
	// such as 31 April, is left out, never replaced. A BYSETPOS counts through
	// whole periods, also in the first.
	//
	// Nothing is later than rule.Last(anchor), which is itself included. The
	// work is bounded by the days until then, also for a rule that never fires.
	//
	// Of anchor and after only what their clocks show matters, not their zones,
	// and anchor is cut to whole seconds. The times returned show the wall clock
	// in UTC. A rule whose Normal finds a problem is a fault.Invalid error with
	// all of its problems; other rules give the same times as their Normal.
	Expand(rule domain.Rule, anchor, after time.Time, n int) ([]time.Time, error)
}
