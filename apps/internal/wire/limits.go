package wire

import (
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memlimit"
	"github.com/crierhq/crier/adapters/redislimit"
	"github.com/crierhq/crier/ports/limit"
)

// rateLimits counts in Redis where there is one, and here while it is away.
func (a *App) rateLimits() (httpapi.RateLimits, error) {
	out := httpapi.RateLimits{Quotas: httpapi.Quotas(a.cfg.RateLimits)}
	own, err := memlimit.New(memlimit.Config{})
	out.Limiter = own
	if err != nil || a.signals.redis == nil {
		return out, err
	}
	shared, err := redislimit.New(redislimit.Config{Client: a.signals.redis})
	if err != nil {
		return out, err
	}
	out.Limiter, err = limit.NewFailover(limit.FailoverConfig{
		Shared: shared, Own: own, Log: a.env.Log.With("component", "http"), Now: time.Now,
	})
	return out, err
}
