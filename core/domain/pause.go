package domain

import (
	"time"

	"github.com/crierhq/crier/core/fault"
)

// Pause holds back what is to be published. The zero Pause holds nothing back.
// What is on its way to a platform when a pause begins is finished; nothing
// new is begun.
type Pause struct {
	// By is who began it; empty for a program.
	By UserID
	// At is since when it holds.
	At time.Time
	// Reason is what the person said. It may be empty.
	Reason string
}

// Active reports whether it holds anything back.
func (p Pause) Active() bool { return !p.At.IsZero() }

// Begin starts the pause, or is a Conflict fault "paused" if it has begun.
func (p *Pause) Begin(by UserID, reason string, now time.Time) error {
	if p.Active() {
		return fault.New(fault.Conflict, "paused", "It is paused already.")
	}
	*p = Pause{By: by, At: Instant(now), Reason: reason}
	return nil
}

// End lifts the pause, or is a Conflict fault "not_paused" if there is none.
func (p *Pause) End() error {
	if !p.Active() {
		return fault.New(fault.Conflict, "not_paused", "It is not paused.")
	}
	*p = Pause{}
	return nil
}
