package domain

import "time"

// Strikes counts the guesses at one secret, or from one address, that were
// not proven right.
type Strikes struct {
	// Key names what is counted. It holds nothing that can be read.
	Key   string
	Count int
	// LastAt is when the last guess was made.
	LastAt time.Time
	// Until is the first moment at which the next guess is looked at.
	Until time.Time
}
