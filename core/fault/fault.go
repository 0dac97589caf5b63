// Package fault holds the errors that every layer above the ports shares: what
// kind of thing went wrong, and what the caller may be told about it.
//
// A fault carries two texts. Message is safe to show to the person who asked;
// Err is the inner cause, for logs only.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what a caller can do about a fault. Driving adapters map it to
// their own words, such as an HTTP status.
type Kind string

// The kinds. Internal is the kind of every error that is not a fault.
const (
	NotFound        Kind = "not_found"       // there is no such thing, or it is not yours
	Conflict        Kind = "conflict"        // the state of things forbids it now
	Stale           Kind = "stale"           // it was changed since you read it
	Invalid         Kind = "invalid"         // the input breaks a rule; see Problems
	TooLarge        Kind = "too_large"       // the input is over a size limit
	Unsupported     Kind = "unsupported"     // the kind of input is not accepted
	Unauthenticated Kind = "unauthenticated" // who you are is not proven
	Denied          Kind = "denied"          // you may not do this
	TooMany         Kind = "too_many"        // slow down; see RetryAfter
	Unavailable     Kind = "unavailable"     // something we need is not there now
	Internal        Kind = "internal"        // our own mistake
)

// Kinds lists every Kind, for exhaustive tables and their tests.
func Kinds() []Kind {
	return []Kind{
		NotFound, Conflict, Stale, Invalid, TooLarge, Unsupported,
		Unauthenticated, Denied, TooMany, Unavailable, Internal,
	}
}

// Problem is one thing about the input that must change.
type Problem struct {
	// Field is the path of the value, such as "items[1].media[0]".
	Field string
	// Rule is a stable word for the rule that is broken, such as "too_long".
	Rule string
	// Message tells a person what is wrong and what would be right.
	Message string
}

// Error is a failure with a meaning for the caller of a use case.
type Error struct {
	Kind Kind
	// Code is a stable word for the reason, such as "email_taken". It may be
	// empty; then the Kind says all there is.
	Code string
	// Message is a plain sentence without secrets, safe to show.
	Message string
	// Problems lists what is wrong with the input, all of it at once.
	Problems []Problem
	// RetryAfter is how long to wait, with TooMany and Unavailable. Zero: unknown.
	RetryAfter time.Duration
	// Err is the cause, for logs. It may be nil.
	Err error
}

// Error implements error. It is meant for logs, not for people.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Kind))
	for _, s := range []string{e.Code, e.Message} {
		if s != "" {
			b.WriteString(": " + s)
		}
	}
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "; %s: %s", p.Field, p.Message)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is a fault of the same Kind and, where target
// names one, the same Code. It makes errors.Is(err, fault.ErrNotFound) work.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && (t.Code == "" || t.Code == e.Code)
}

// The bare faults that stores return and that errors.Is compares with.
var (
	ErrNotFound = &Error{Kind: NotFound, Message: "There is no such thing."}
	ErrConflict = &Error{Kind: Conflict, Message: "That exists already."}
)

// New returns a fault of kind k with a stable code and a message that is safe
// to show.
func New(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Missing returns a NotFound fault that names what is missing, such as "post".
func Missing(what string) *Error {
	return &Error{Kind: NotFound, Code: what + "_not_found", Message: fmt.Sprintf("There is no such %s.", what)}
}

// Check returns an Invalid fault that lists problems, or nil if there are none.
func Check(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "validation_failed", Message: "Validation failed", Problems: problems}
}

// KindOf reads the kind of err: "" for nil, Internal for anything that is not
// a fault.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
