package social

import (
	"errors"
	"fmt"
	"time"
)

// Code says what an error means for the publication, not what caused it.
type Code string

// The codes. Each asks the engine for a different action; see core/publish.
const (
	CodeRejected       Code = "rejected"        // content refused: the author must edit
	CodeUnsupported    Code = "unsupported"     // the platform, or our adapter, cannot do this
	CodeDuplicate      Code = "duplicate"       // the platform already has it; see Existing
	CodeAuthExpired    Code = "auth_expired"    // nothing happened: refresh, then try again
	CodeAuthRevoked    Code = "auth_revoked"    // nothing happened: a person must reconnect
	CodeScopeMissing   Code = "scope_missing"   // nothing happened: reconnect with more permission
	CodeAccountBlocked Code = "account_blocked" // nothing happened: suspended, or capped for our app
	CodeRateLimited    Code = "rate_limited"    // nothing happened: wait RetryAfter
	CodeQuota          Code = "quota"           // nothing happened: the next window is hours away
	CodeUnavailable    Code = "unavailable"     // nothing happened: try again
	CodeOutcomeUnknown Code = "outcome_unknown" // it may have happened: never blindly again
)

// Codes lists every Code, for exhaustive tables and their tests.
func Codes() []Code {
	return []Code{
		CodeRejected, CodeUnsupported, CodeDuplicate, CodeAuthExpired, CodeAuthRevoked, CodeScopeMissing,
		CodeAccountBlocked, CodeRateLimited, CodeQuota, CodeUnavailable, CodeOutcomeUnknown,
	}
}

// Error is the only error type that crosses this port with a meaning.
type Error struct {
	Code Code
	// Message is for the author: a plain, short sentence without secrets.
	Message string
	// RetryAfter is how long to wait, with CodeRateLimited, CodeQuota and
	// CodeUnavailable. Zero: the platform did not say.
	RetryAfter time.Duration
	// Scope says whose limit it is, with CodeRateLimited and CodeQuota; empty:
	// the account's. A limit of the app holds for every account.
	Scope RateScope
	// Existing is where the platform has it, with CodeDuplicate, if it says so.
	Existing *Ref
	// Restart says that the cursor is worthless, such as after an upload that
	// expired: the engine prepares the item again from the start. Only with a
	// code that says that nothing happened.
	Restart bool
	// Status is the HTTP status, 0 if there was none.
	Status int
	// Evidence is for the operator: the answer, clipped and redacted.
	Evidence string
	// Err is the cause. It may be nil.
	Err error
}

// Error implements error. Evidence is left out on purpose.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error with a message for the author.
func Errorf(c Code, format string, args ...any) *Error {
	return &Error{Code: c, Message: fmt.Sprintf(format, args...)}
}

// AsError reads err as an *Error. An error that is none, including an ended
// context, becomes one of CodeOutcomeUnknown; nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeOutcomeUnknown, Message: "The platform's answer was lost.", Err: err}
}

// CodeOf reads the code of err: "" for nil, CodeOutcomeUnknown for an error
// that is no *Error. Callers that only read may treat that as CodeUnavailable,
// callers that publish may not.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}
