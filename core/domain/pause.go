package domain

import "time"

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

// Begin starts the pause and reports whether that changed anything: one that
// holds already keeps who began it and why.
func (p *Pause) Begin(by UserID, reason string, now time.Time) bool {
	if p.Active() {
		return false
	}
	*p = Pause{By: by, At: Instant(now), Reason: reason}
	return true
}

// End lifts the pause and reports whether there was one.
func (p *Pause) End() bool {
	was := p.Active()
	*p = Pause{}
	return was
}
