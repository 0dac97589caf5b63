package social_test

import (
	"context"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
)

func TestRatesReachTheHostThatAsked(t *testing.T) {
	t.Parallel()
	want := social.Rate{Scope: social.ScopeApp, Limit: 10, Remaining: 3, ResetAfter: time.Minute}
	var outer, inner []social.Rate
	ctx := social.WithRates(t.Context(), func(r social.Rate) { outer = append(outer, r) })
	social.ReportRate(context.WithoutCancel(ctx), want)
	social.ReportRate(social.WithRates(ctx, func(r social.Rate) { inner = append(inner, r) }), want)
	social.ReportRate(t.Context(), want) // nobody listens
	if len(outer) != 1 || outer[0] != want || len(inner) != 1 || inner[0] != want {
		t.Errorf("got %+v and %+v, want %+v in both", outer, inner, want)
	}
}
