package httpapi_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/memlimit"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/limit"
)

// newLimited is a world with these quotas.
func newLimited(t *testing.T, q httpapi.Quotas, change ...func(*httpapi.RateLimits)) *world {
	t.Helper()
	return newWorldWith(t, onServeMux, func(c *httpapi.Config, m *httpapi.MiddlewareConfig) {
		l, err := memlimit.New(memlimit.Config{Now: c.Now})
		must(t, err)
		c.RateLimits = httpapi.RateLimits{Limiter: l, Quotas: q}
		for _, f := range change {
			f(&c.RateLimits)
		}
		m.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
}

// login tries a wrong password from an address.
func (w *world) login(remote, forwarded string) answer {
	w.t.Helper()
	req := httptest.NewRequestWithContext(w.t.Context(), "POST", "/auth/login", strings.NewReader(`{"email":"ann@example.org","password":"wrong one"}`))
	req.Header.Set("Content-Type", "application/json")
	req.RemoteAddr = remote
	if forwarded != "" {
		req.Header.Set("X-Forwarded-For", forwarded)
	}
	return w.send(req)
}

func TestSigningInIsLimitedByAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second string // who asks
		via           [2]string
		same          bool
	}{
		"one address, two ports":                {first: "192.0.2.1:1", second: "192.0.2.1:2", same: true},
		"two addresses":                         {first: "192.0.2.1:1", second: "192.0.2.2:1"},
		"one network of IPv6":                   {first: "[2001:db8::1]:1", second: "[2001:db8::ffff:2]:1", same: true},
		"two networks of IPv6":                  {first: "[2001:db8:0:1::1]:1", second: "[2001:db8:0:2::1]:1"},
		"IPv4 written as IPv6":                  {first: "192.0.2.1:1", second: "[::ffff:192.0.2.1]:1", same: true},
		"two behind a trusted proxy":            {first: "10.0.0.1:1", second: "10.0.0.1:1", via: [2]string{"192.0.2.1", "192.0.2.2"}},
		"one behind two trusted proxies":        {first: "10.0.0.1:1", second: "10.0.0.2:1", via: [2]string{"192.0.2.1, 10.9.9.9", "192.0.2.1"}, same: true},
		"an address that the client made up":    {first: "10.0.0.1:1", second: "10.0.0.1:1", via: [2]string{"198.51.100.1, 192.0.2.1", "198.51.100.2, 192.0.2.1"}, same: true},
		"nonsense that the client made up":      {first: "10.0.0.1:1", second: "10.0.0.1:1", via: [2]string{"x, 192.0.2.1", "192.0.2.1:4711"}, same: true},
		"a proxy that is not trusted":           {first: "192.0.2.9:1", second: "192.0.2.9:1", via: [2]string{"192.0.2.1", "192.0.2.2"}, same: true},
		"nothing but trusted proxies in a list": {first: "10.0.0.1:1", second: "10.0.0.1:1", via: [2]string{"10.0.0.7", "10.0.0.8"}},
		"a proxy that says nothing of use":      {first: "10.0.0.1:1", second: "10.0.0.1:1", via: [2]string{"unknown", "hidden"}, same: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newLimited(t, httpapi.Quotas{SignIn: 1})
			if a := w.login(c.first, c.via[0]); a.status != 401 {
				t.Fatalf("got %d %s, want 401", a.status, a.body)
			}
			want := map[bool]int{true: 429, false: 401}[c.same]
			if a := w.login(c.second, c.via[1]); a.status != want {
				t.Errorf("got %d %s, want %d", a.status, a.body, want)
			}
		})
	}
}

func TestQuotasAreToldAndKept(t *testing.T) {
	t.Parallel()
	w := newLimited(t, httpapi.Quotas{Address: 100, User: 2, Organization: 50})
	ann, bob := w.register("ann@example.org"), w.register("bob@example.org")
	a := w.ok(200, ann, "GET", "/posts", nil)
	if got, want := a.header.Get("RateLimit-Policy"), `"address";q=100;w=60, "user";q=2;w=60, "organization";q=50;w=60`; got != want {
		t.Errorf("got RateLimit-Policy %s, want %s", got, want)
	}
	if got, want := a.header.Get("RateLimit"), `"address";r=97;t=2, "user";r=1;t=30, "organization";r=49;t=2`; got != want {
		t.Errorf("got RateLimit %s, want %s", got, want)
	}
	w.ok(200, ann, "GET", "/posts", nil)
	a = w.call(ann, "GET", "/posts", nil)
	checkError(t, "the third request", a)
	if a.status != 429 || a.text("code") != "rate_limited" || a.header.Get("Retry-After") != "30" {
		t.Errorf("got %d %v %s, want 429 and to come back in 30 s", a.status, a.header, a.body)
	}
	if got, want := a.header.Get("RateLimit"), `"address";r=95;t=3, "user";r=0;t=60`; got != want {
		t.Errorf("got RateLimit %s, want %s", got, want)
	}
	w.ok(200, bob, "GET", "/posts", nil)
	for range 200 {
		w.ok(200, "", "GET", "/livez", nil)
	}
	w.clock.Add(30 * time.Second)
	w.ok(200, ann, "GET", "/posts", nil)
}

// TestAKeyHasAQuotaOfItsOwn: neither its maker nor another key is kept from
// anything by a program that asks too much, and the tier of an organization
// decides how much that is.
func TestAKeyHasAQuotaOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newLimited(t, httpapi.Quotas{Key: 9, Organization: 9}, func(r *httpapi.RateLimits) {
		r.Tier = func(context.Context, domain.OrganizationID) httpapi.Quotas {
			return httpapi.Quotas{User: 50, Key: 2, Costly: 1, Organization: 40}
		}
	})
	ann := w.register("ann@example.org")
	key := func() string {
		return w.ok(201, ann, "POST", "/settings/api-keys", map[string]any{"name": "Shop", "scope": "admin"}).text("key")
	}
	one, two := key(), key()
	a := w.ok(200, one, "GET", "/posts", nil)
	if got, want := a.header.Get("RateLimit-Policy"), `"key";q=2;w=60, "organization";q=40;w=60`; got != want {
		t.Errorf("got RateLimit-Policy %s, want %s", got, want)
	}
	w.ok(200, one, "GET", "/posts", nil)
	a = w.call(one, "GET", "/posts", nil)
	checkError(t, "the third request of a key", a)
	if a.status != 429 || a.text("code") != "rate_limited" {
		t.Errorf("got %d %s, want 429", a.status, a.body)
	}
	w.ok(200, ann, "GET", "/posts", nil)
	// What is costly has a quota beside that of the key.
	w.ok(200, two, "GET", "/settings/audit/export", nil)
	if a = w.call(two, "GET", "/settings/audit/export", nil); a.status != 429 || !strings.Contains(a.header.Get("RateLimit"), `"costly";r=0`) {
		t.Errorf("got %d %v, want 429 by the quota of what is costly", a.status, a.header)
	}
	w.ok(200, ann, "GET", "/settings/audit/export", nil)
	w.clock.Add(time.Minute)
	w.ok(200, one, "GET", "/posts", nil)
}

// TestGuessingTokensIsLimited: an address is counted before anybody looks at
// what it shows.
func TestGuessingTokensIsLimited(t *testing.T) {
	t.Parallel()
	w := newLimited(t, httpapi.Quotas{Address: 3})
	for range 3 {
		if a := w.call("guess", "GET", "/posts", nil); a.status != 401 {
			t.Fatalf("got %d, want 401", a.status)
		}
	}
	for path, want := range map[string]int{"/posts": 429, "/media/%00/file": 429, "/api/openapi.json": 429, "/livez": 200} {
		if a := w.call("guess", "GET", path, nil); a.status != want {
			t.Errorf("%s: got %d, want %d", path, a.status, want)
		}
	}
}

func TestOrganizationsHaveTiers(t *testing.T) {
	t.Parallel()
	var large domain.OrganizationID
	w := newLimited(t, httpapi.Quotas{Organization: 1}, func(r *httpapi.RateLimits) {
		r.Tier = func(_ context.Context, org domain.OrganizationID) httpapi.Quotas {
			if org == large {
				return httpapi.Quotas{Organization: 1000}
			}
			return r.Quotas
		}
	})
	ann, bob := w.register("ann@example.org"), w.register("bob@example.org")
	large = domain.OrganizationID(claimsOf(t, ann)["orgId"].(string)) //nolint:forcetypeassert // tokens say it
	for range 5 {
		w.ok(200, ann, "GET", "/posts", nil)
	}
	w.ok(200, bob, "GET", "/posts", nil)
	if a := w.call(bob, "GET", "/posts", nil); a.status != 429 || !strings.Contains(a.header.Get("RateLimit"), `"organization";r=0`) {
		t.Errorf("got %d %v, want the quota of all others", a.status, a.header)
	}
}

type lost struct{}

func (lost) Take(context.Context, string, limit.Policy, int) (limit.Result, error) {
	return limit.Result{}, errors.New("no counts today")
}

func TestALimiterThatFailsStopsNobody(t *testing.T) {
	t.Parallel()
	w := newLimited(t, httpapi.Quotas{Address: 1, SignIn: 1, User: 1, Organization: 1}, func(r *httpapi.RateLimits) { r.Limiter = lost{} })
	token := w.register("ann@example.org")
	for range 3 {
		w.ok(200, token, "GET", "/posts", nil)
	}
	if !strings.Contains(w.log.String(), "no counts today") {
		t.Errorf("got the log %s, want it to say that requests are not counted", w.log)
	}
}

func TestQuotasThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, q := range []httpapi.Quotas{{User: -1}, {Address: 1_000_001}} {
		err := httpapi.Register(w.api, &core.Engine{}, httpapi.Config{
			Secret: []byte(secret), PublicURL: publicURL, RateLimits: httpapi.RateLimits{Quotas: q},
		})
		if err == nil || !strings.Contains(err.Error(), "quota") {
			t.Errorf("%+v: got %v, want an error that names the quota", q, err)
		}
	}
}

// TestAProxyThatIsNotTrustedIsNamedOnce, for then all of its users share the
// quotas of one address.
func TestAProxyThatIsNotTrustedIsNamedOnce(t *testing.T) {
	t.Parallel()
	w := newLimited(t, httpapi.Quotas{})
	for _, remote := range []string{"192.0.2.1:1", "10.0.0.1:1"} {
		w.login(remote, "192.0.2.2")
	}
	if strings.Contains(w.log.String(), "TRUSTED_PROXIES") {
		t.Errorf("got the log %s, want nothing of strangers and trusted ones", w.log)
	}
	for range 3 {
		w.login("172.18.0.2:1", "192.0.2.2")
	}
	if n := strings.Count(w.log.String(), "TRUSTED_PROXIES"); n != 1 || !strings.Contains(w.log.String(), "172.18.0.2") {
		t.Errorf("got %d warnings in %s, want one that names the proxy", n, w.log)
	}
}
