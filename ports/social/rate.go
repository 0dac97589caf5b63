package social

import (
	"context"
	"time"
)

// RateScope says whose limit is meant.
type RateScope string

// The scopes of a limit.
const (
	ScopeAccount RateScope = "account" // of the account that the call is for
	ScopeApp     RateScope = "app"     // of the platform app, shared by all its accounts
)

// Rate is what a platform says of one of its limits in an answer.
type Rate struct {
	Scope RateScope
	// Limit is how many calls a window has; zero: it does not say.
	Limit int
	// Remaining is how many of them are left. Zero: none before ResetAfter.
	Remaining int
	// ResetAfter is how long after the answer the window starts anew; zero: it
	// does not say.
	ResetAfter time.Duration
}

// ratesKey is where WithRates keeps its function.
type ratesKey struct{}

// WithRates lets a host hear what the platform says of its limits during the
// calls made under the context, whether they succeed or fail. report may be
// called several times and from several goroutines; it must not block. It works
// like httptrace: nobody has to pass reports through what a call returns.
func WithRates(ctx context.Context, report func(Rate)) context.Context {
	return context.WithValue(ctx, ratesKey{}, report)
}

// ReportRate hands r to the host of the call that ctx belongs to, if it wants
// to know. Providers that use providers/kit/rest need not call it: they say in
// Client.Rates whose limits the headers tell of.
func ReportRate(ctx context.Context, r Rate) {
	if report, ok := ctx.Value(ratesKey{}).(func(Rate)); ok {
		report(r)
	}
}
