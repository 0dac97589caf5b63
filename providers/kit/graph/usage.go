package graph

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/crierhq/crier/ports/social"
)

// usage is how much of a limit is used up, in percent.
type usage struct {
	Calls float64 `json:"call_count"`
	Time  float64 `json:"total_time"`
	CPU   float64 `json:"total_cputime"`
	// Regain is in minutes.
	Regain float64 `json:"estimated_time_to_regain_access"`
}

// report tells the host what the headers say of limits, and returns for how
// long the account is shut out.
// https://developers.facebook.com/docs/graph-api/overview/rate-limiting
func report(ctx context.Context, h http.Header) time.Duration {
	var app usage
	if v := h.Get("X-App-Usage"); v != "" && json.Unmarshal([]byte(v), &app) == nil {
		social.ReportRate(ctx, app.rate(social.ScopeApp))
	}
	var business map[string][]usage
	v := h.Get("X-Business-Use-Case-Usage")
	if v == "" || json.Unmarshal([]byte(v), &business) != nil {
		return 0
	}
	var worst usage
	found := false
	for _, list := range business {
		for _, u := range list {
			found = true
			worst = usage{
				Calls: max(worst.Calls, u.Calls), Time: max(worst.Time, u.Time), CPU: max(worst.CPU, u.CPU),
				Regain: max(worst.Regain, u.Regain),
			}
		}
	}
	if !found {
		return 0
	}
	r := worst.rate(social.ScopeAccount)
	social.ReportRate(ctx, r)
	return r.ResetAfter
}

// rate is u as a limit of a hundred.
func (u usage) rate(scope social.RateScope) social.Rate {
	const most = 7 * 24 * 60 // minutes
	r := social.Rate{Scope: scope, Limit: 100, Remaining: 100 - int(min(100, max(u.Calls, u.Time, u.CPU, 0)))}
	if u.Regain > 0 {
		r.Remaining, r.ResetAfter = 0, time.Duration(min(u.Regain, most)*float64(time.Minute))
	}
	return r
}
