// Package mail is the port that hands mails to whatever delivers them.
//
// The host guarantees that Send is called outside of any transaction, and that
// it calls again, with the same Message, where the error does not say that this
// is no use. So a mail may go out twice, where the answer to it was lost; its
// Message-ID is the same then, by which receivers know it again.
package mail

import (
	"context"
	"errors"
	"time"
)

// Sender sends mails. Implementations are safe for concurrent use.
type Sender interface {
	// Send returns nil once somebody else has taken the mail and answers for
	// it: a mail server, or a service. That it arrives is not promised.
	//
	// A message that Check refuses is refused with that very error, and nothing
	// of it is sent. An error for which IsPermanent is true says that this mail
	// will never be taken as it is; every other one that it may be later, so the
	// caller sends it again: the network, a server that is busy or away, and
	// credentials that are wrong, since their owner can mend them. RetryAfter
	// says when the other side wants to be asked again.
	//
	// Send returns soon after ctx ended. It keeps bounds of its own on how long
	// it waits for the other side. Errors quote no password, key or body.
	Send(ctx context.Context, m Message) error
}

// permanentError says that trying again is no use.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent marks err: this mail will never be taken as it is.
func Permanent(err error) error { return &permanentError{err} }

// IsPermanent reports whether err was marked by Permanent.
func IsPermanent(err error) bool {
	_, ok := errors.AsType[*permanentError](err)
	return ok
}

// laterError says when to try again.
type laterError struct {
	err   error
	after time.Duration
}

func (e *laterError) Error() string { return e.err.Error() }
func (e *laterError) Unwrap() error { return e.err }

// Later marks err: the mail should be sent again after the given time, and not
// before it.
func Later(err error, after time.Duration) error { return &laterError{err, after} }

// RetryAfter is the time that Later was given, or zero.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*laterError](err); ok {
		return e.after
	}
	return 0
}
