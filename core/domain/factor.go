package domain

import "time"

// SecondFactor is what a person shows beside the password: the codes of a
// program that shares a secret with us (RFC 6238).
type SecondFactor struct {
	User UserID
	// Sealed is the shared secret, sealed for the user.
	Sealed string
	// ConfirmedAt is when the person proved that their program makes the right
	// codes; until then, it is zero and nothing is asked for.
	ConfirmedAt time.Time
	// LastStep is the newest time step whose code was taken; codes up to it are
	// refused.
	LastStep int64
	// Recovery is the SHA-256, in hex, of the codes that are good once each
	// where the program is lost.
	Recovery  []string
	CreatedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Active reports whether the codes are asked for.
func (f SecondFactor) Active() bool { return !f.ConfirmedAt.IsZero() }
