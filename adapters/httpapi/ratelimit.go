package httpapi

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/limit"
)

// Quotas are numbers of requests in a minute. They come back evenly, and all of
// them may be used at once. Zero: any number.
type Quotas struct {
	// Address is for all requests from one address, whoever asks. Of IPv6, a
	// network of 64 bits counts as one address.
	Address int
	// SignIn is for what somebody who is not signed in may change from one
	// address: registering, signing in, and the like.
	SignIn int
	// User is for what one person asks who is signed in.
	User int
	// Key is for what one API key asks. It does not count against User: a program
	// that asks too much must not lock its maker out.
	Key int
	// Costly is for what takes much work, such as uploads and exports, of one
	// person or API key. It counts against the other quotas, too.
	Costly int
	// Organization is for what all members and programs of an organization ask
	// together.
	Organization int
}

// RateLimits bounds how often requests are answered. The zero RateLimits bounds
// nothing.
type RateLimits struct {
	// Limiter counts. Nil: nothing is bounded. While it returns errors, nothing
	// is bounded either, and the log says so; see limit.Failover.
	Limiter limit.Limiter
	Quotas  Quotas
	// Tier returns other quotas for an organization, such as those of its plan.
	// Their Address and SignIn are not used. It is called with every request.
	// Nil: Quotas are for all.
	Tier func(ctx context.Context, org domain.OrganizationID) Quotas
}

// check reports what is wrong with the quotas.
func (r RateLimits) check() error {
	q := r.Quotas
	for name, n := range map[string]int{"Address": q.Address, "SignIn": q.SignIn, "User": q.User, "Key": q.Key, "Costly": q.Costly, "Organization": q.Organization} {
		if n < 0 || n > maxQuota {
			return fmt.Errorf("httpapi: the quota %s of Config.RateLimits is %d; it must be from 0 to %d", name, n, maxQuota)
		}
	}
	return nil
}

// maxQuota bounds a quota to what limit.Policy can count.
const maxQuota = 1_000_000

// charge is one quota that a request counts against.
type charge struct {
	name, key string
	perMinute int
}

// chargeAddress counts a request before it is known who asks.
func (a *api) chargeAddress(req *request, s spec) error {
	if s.unlimited {
		return nil
	}
	key := addressKey(clientOf(req))
	charges := []charge{{"address", key, a.cfg.RateLimits.Quotas.Address}}
	if s.public && s.method != "GET" && s.method != "HEAD" {
		charges = append(charges, charge{"sign-in", key, a.cfg.RateLimits.Quotas.SignIn})
	}
	return a.charge(req, charges)
}

// costly are the operations that count against Quotas.Costly.
func costly() []string {
	return []string{"examine-provider", "upload-media", "public-upload-media", "export-audit", "retry-failures", "refresh-integration"}
}

func (s spec) costly() bool { return slices.Contains(costly(), s.id) }

// chargeActor counts a request of somebody who is known.
func (a *api) chargeActor(req *request, s spec) error {
	limits := a.cfg.RateLimits
	if limits.Limiter == nil {
		return nil
	}
	q := limits.Quotas
	if limits.Tier != nil {
		q = limits.Tier(req.Context(), req.actor.Organization)
	}
	who := charge{"user", string(req.actor.User), q.User}
	if req.actor.Key != "" {
		who = charge{"key", string(req.actor.Key), q.Key}
	}
	charges := []charge{who, {"organization", string(req.actor.Organization), q.Organization}}
	if s.costly() {
		charges = append(charges, charge{"costly", who.key, q.Costly})
	}
	return a.charge(req, charges)
}

// charge takes one request of each quota. It says in the headers of the answer
// what is left of them, in the words of
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
func (a *api) charge(req *request, charges []charge) error {
	if a.cfg.RateLimits.Limiter == nil {
		return nil
	}
	ctx := req.Context()
	for _, c := range charges {
		if c.perMinute <= 0 || c.key == "" {
			continue
		}
		p := limit.Policy{Name: c.name, Limit: min(c.perMinute, maxQuota), Window: time.Minute}
		res, err := a.cfg.RateLimits.Limiter.Take(ctx, c.key, p, 1)
		if err != nil {
			a.cfg.Log.WarnContext(ctx, "a request was not counted", "id", traceOf(ctx).id, "policy", c.name, "error", err)
			continue
		}
		req.quotas = append(req.quotas, quota{p, res})
		if !res.Allowed {
			req.writeQuotas()
			return &fault.Error{
				Kind: fault.TooMany, Code: "rate_limited", RetryAfter: res.RetryAfter,
				Message: fmt.Sprintf("These are too many requests: %d a minute are answered here. Wait as long as the header Retry-After says.", p.Limit),
			}
		}
	}
	req.writeQuotas()
	return nil
}

// quota is a policy, and what became of a request under it.
type quota struct {
	policy limit.Policy
	result limit.Result
}

func (r *request) writeQuotas() {
	if len(r.quotas) == 0 {
		return
	}
	var policies, left []string
	for _, q := range r.quotas {
		policies = append(policies, fmt.Sprintf(`"%s";q=%d;w=%d`, q.policy.Name, q.policy.Limit, int(q.policy.Window.Seconds())))
		left = append(left, fmt.Sprintf(`"%s";r=%d;t=%d`, q.policy.Name, q.result.Remaining, int(math.Ceil(q.result.Reset.Seconds()))))
	}
	r.SetHeader("RateLimit-Policy", strings.Join(policies, ", "))
	r.SetHeader("RateLimit", strings.Join(left, ", "))
}

// clientOf is the address that a request comes from. Middleware knows it; without
// it, it is that of the connection.
func clientOf(ctx huma.Context) netip.Addr {
	if t := traceOf(ctx.Context()); t.client.IsValid() {
		return t.client
	}
	return peer(ctx.RemoteAddr())
}

// addressKey names an address for counting; "" if it is not known, as with
// requests over a local socket. Who has one address of IPv6 has 2^64.
func addressKey(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	if a.Is6() {
		network, err := a.Prefix(64)
		if err == nil {
			return network.String()
		}
	}
	return a.String()
}
