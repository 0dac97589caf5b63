package queue

import (
	"errors"
	"fmt"
	"time"
)

// SnoozeError is what Snooze returns.
type SnoozeError struct {
	// For is how long to wait.
	For time.Duration
}

// Error implements error.
func (e *SnoozeError) Error() string { return fmt.Sprintf("snoozed for %v", e.For) }

// Snooze returns an error with which a handler says: not now, run the job again
// after d. It does not count as an attempt, so a handler must itself end what
// it would snooze for ever; domain.Job.CreatedAt helps. A d that is not positive
// means the first back-off of the kind.
func Snooze(d time.Duration) error { return &SnoozeError{For: d} }

// DiscardError is what Discard returns.
type DiscardError struct {
	// Err says why.
	Err error
}

// Error implements error.
func (e *DiscardError) Error() string { return "discarded: " + e.Err.Error() }

// Unwrap gives the cause to errors.Is and errors.As.
func (e *DiscardError) Unwrap() error { return e.Err }

// Discard returns an error with which a handler says: trying again is no use.
// The job becomes a dead letter at once, with err as its reason.
func Discard(err error) error {
	if err == nil {
		err = errors.New("no reason given")
	}
	return &DiscardError{Err: err}
}
