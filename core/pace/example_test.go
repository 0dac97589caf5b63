package pace_test

import (
	"context"
	"fmt"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/pace"
	"github.com/crierhq/crier/ports/social"
)

// The engine asks before the one visible change, listens during it, and hands
// on what the platform said.
func Example() {
	ctx := context.Background()
	budget := pace.New(pace.Config{Store: memstore.New(), Now: time.Now})
	app := pace.AppOf(social.Descriptor{ID: "murmur", AppLimits: []social.RateLimit{{Calls: 200, Per: time.Hour}}})

	if wait, err := budget.Take(ctx, app); err != nil || wait > 0 {
		fmt.Println("later:", wait, err)
		return
	}
	var heard []social.Rate
	err := publish(social.WithRates(ctx, func(r social.Rate) { heard = append(heard, r) }))
	for _, r := range heard {
		_ = budget.Report(ctx, app, r)
	}
	_ = budget.ReportError(ctx, app, err)

	wait, _ := budget.Take(ctx, app)
	fmt.Println("the next one waits", wait.Round(time.Minute))
	// Output: the next one waits 15m0s
}

// publish stands for a provider whose platform has had enough of our app.
func publish(ctx context.Context) error {
	social.ReportRate(ctx, social.Rate{Scope: social.ScopeApp, Limit: 200, Remaining: 0, ResetAfter: 15 * time.Minute})
	return &social.Error{Code: social.CodeRateLimited, Scope: social.ScopeApp, RetryAfter: 15 * time.Minute}
}
